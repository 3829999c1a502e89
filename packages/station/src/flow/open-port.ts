import { StationError } from '../errors.ts'
import type { SerialPort } from '../port/serial-port.ts'
import type { UnitWork } from './unit-work.ts'

/**
 * Opens the serial port of a unit's slot. Ports may change their names after a reset: the probe decides.
 * @throws StationError `STATION_PORT`
 */
export async function openPort(work: UnitWork, signal: AbortSignal): Promise<SerialPort> {
  const { ports, programmer } = work.parts
  const { serialNumber } = work.probe
  const probes = await programmer.list({ signal })
  const name = probes.find((probe) => probe.serialNumber === serialNumber)?.port
  if (name === undefined) {
    throw new StationError('STATION_PORT', `probe ${serialNumber} has no serial port`)
  }
  try {
    return await ports.open(name)
  } catch (cause) {
    throw new StationError('STATION_PORT', `the port of slot ${work.slot} does not open`, { cause })
  }
}
