import { StationError } from '../errors.ts'
import type { SerialPort } from '../port/serial-port.ts'
import type { UnitWork } from './unit-work.ts'

/**
 * Name of the serial port of a unit's slot, as the programmer lists it now. Ports may change their names after a reset:
 * the probe decides.
 * @throws StationError `STATION_PORT`
 */
export async function portName(work: UnitWork, signal: AbortSignal): Promise<string> {
  const { serialNumber } = work.probe
  const probes = await work.parts.programmer.list({ signal })
  const name = probes.find((probe) => probe.serialNumber === serialNumber)?.port
  if (name !== undefined) return name
  throw new StationError('STATION_PORT', `probe ${serialNumber} has no serial port`)
}

/**
 * Opens the serial port of a unit's slot.
 * @throws StationError `STATION_PORT`
 */
export async function openPort(work: UnitWork, signal: AbortSignal): Promise<SerialPort> {
  const name = await portName(work, signal)
  try {
    return await work.parts.ports.open(name)
  } catch (cause) {
    throw new StationError('STATION_PORT', `the port of slot ${work.slot} does not open`, { cause })
  }
}
