import { throwIfInterrupted, type Clock } from '@keyline/bytes'
import { StationError } from '../errors.ts'
import type { Programmer } from '../port/programmer.ts'

export interface FindPortOptions {
  readonly clock: Clock
  readonly signal: AbortSignal
  /** How long a port may take to come back after a reset of the board. */
  readonly waitMs?: number | undefined
}

const againMs = 500

/**
 * The serial port of a probe, as the programmer lists it now: names change when the system counts its ports anew, the
 * serial number of the probe does not. A port that is not back yet is waited for.
 * @throws StationError `STATION_PORT_MISSING`, or `STATION_PORT` when two probes claim one port or one number
 */
export async function findPort(
  programmer: Pick<Programmer, 'list'>,
  probe: string,
  options: FindPortOptions,
): Promise<string> {
  const { clock, signal, waitMs = 10_000 } = options
  const end = clock.monotonicMs() + waitMs
  for (;;) {
    throwIfInterrupted(signal)
    const probes = await programmer.list({ signal })
    const own = probes.filter(({ serialNumber }) => serialNumber === probe)
    if (own.length > 1) throw new StationError('STATION_PORT', `two probes answer as ${probe}`)
    const port = own[0]?.port
    if (port !== undefined) {
      if (probes.filter((other) => other.port === port).length === 1) return port
      throw new StationError('STATION_PORT', `two probes are listed with the port ${port}`)
    }
    if (clock.monotonicMs() >= end) {
      throw new StationError('STATION_PORT_MISSING', `probe ${probe} has no serial port`)
    }
    await clock.sleep(againMs, signal)
  }
}
