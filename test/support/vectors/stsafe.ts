import type { VectorCheck, VectorFile } from './case.ts'
import { checkHost } from './stsafe-host.ts'
import { resultId, sidesOf } from './stsafe-sides.ts'
import { checkChip } from './stsafe-sim.ts'
import { VectorReader } from './vector-reader.ts'

/** Both sides that read the exchanges of a vector; each names its results. */
export const check: VectorCheck = async (file) => [...(await checkHost(file)), ...checkChip(file)]

/** The results that each side owes for a file. */
export function owedBySide(file: VectorFile): ReadonlyMap<string, readonly string[]> {
  const cases = new VectorReader(file.path, file.json).objects('cases')
  const owed = new Map<string, string[]>()
  for (const json of cases) {
    for (const side of sidesOf(json)) {
      owed.set(side, [...(owed.get(side) ?? []), resultId(side, json)])
    }
  }
  return owed
}
