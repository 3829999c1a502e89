import type { VectorCheck } from './case.ts'
import { checkHost } from './stsafe-host.ts'
import { checkChip } from './stsafe-sim.ts'

/** Both sides that read the exchanges of a vector; each names its results. */
export const check: VectorCheck = async (file) => [...(await checkHost(file)), ...checkChip(file)]
