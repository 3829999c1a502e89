import type { VectorCheck } from './case.ts'
import { checkHost } from './stsafe-host.ts'

/** The sides that read the exchanges of a vector; each names its results. */
const sides: readonly VectorCheck[] = [checkHost]

export const check: VectorCheck = async (file) => {
  const results = await Promise.all(sides.map((side) => side(file)))
  return results.flat()
}
