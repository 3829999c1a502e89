import { readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { z } from 'zod'

const CaseIndex = z.object({
  count: z.number(),
  cases: z.array(z.object({ id: z.string() })),
})

const FileIndex = z.object({
  totalCases: z.number(),
  files: z.array(z.object({ file: z.string(), cases: z.number() })),
})

const CaseList = z.object({ cases: z.array(z.unknown()) })

/** What an `index.json` promises and its folder does not hold; nothing when all is there. */
export function missingFromIndex(path: string): readonly string[] {
  const json: unknown = JSON.parse(readFileSync(path, 'utf8'))
  const byCase = CaseIndex.safeParse(json)
  if (byCase.success) return missingCases(path, byCase.data)
  const byFile = FileIndex.safeParse(json)
  if (byFile.success) return missingFiles(path, byFile.data)
  return ['has no list of cases or files']
}

function missingCases(
  path: string,
  { count, cases }: z.infer<typeof CaseIndex>,
): readonly string[] {
  const present = new Set(readdirSync(dirname(path)).filter((name) => name.endsWith('.json')))
  present.delete(basename(path))
  const missing = cases
    .filter(({ id }) => !present.has(`${id}.json`))
    .map(({ id }) => `names the case ${id}, which is not there`)
  if (count !== cases.length) missing.push(`counts ${count} cases and lists ${cases.length}`)
  if (present.size > cases.length) missing.push(`lists ${cases.length} of ${present.size} cases`)
  return missing
}

function missingFiles(
  path: string,
  { totalCases, files }: z.infer<typeof FileIndex>,
): readonly string[] {
  const missing: string[] = []
  let total = 0
  for (const { file, cases } of files) {
    const found = countCases(join(dirname(path), file))
    total += cases
    if (found !== cases) missing.push(`counts ${cases} cases in ${file}, which has ${found}`)
  }
  if (total !== totalCases) missing.push(`counts ${totalCases} cases and lists ${total}`)
  return missing
}

function countCases(path: string): number {
  try {
    return CaseList.parse(JSON.parse(readFileSync(path, 'utf8'))).cases.length
  } catch {
    return 0
  }
}
