import { seededRandom, VirtualClock } from '@keyline/bytes'
import { inProcessTransport, type BusResponder } from '../bus/in-process.ts'
import type { StsafeEvent } from '../chip/context.ts'
import { openStsafe, type Stsafe } from '../stsafe.ts'

/** Opens a chip of this process on a clock whose waits cost nothing, with a repeatable host. For tests. */
export async function openSimulated(
  bus: BusResponder,
  onEvent?: (event: StsafeEvent) => void,
): Promise<Stsafe> {
  const options = { clock: new VirtualClock(), random: seededRandom('host'), onEvent }
  return openStsafe(inProcessTransport(bus), options)
}
