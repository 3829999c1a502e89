import { createHash, randomInt } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { z } from 'zod'
import { filesUnder, isSource, isTest, readText } from './check/source-tree.ts'
import { importsOf } from './check/imports-of.ts'
import { root } from './root.ts'
import { runSuite } from './suite.ts'
import { addTally, tallyLine, type Tally } from './tally.ts'
import { endToolsOnSignal } from './tool.ts'

/** What a long run has finished: it holds for one seed and one state of the sources. */
const Record = z.object({
  seed: z.number().int().min(1).max(0x7fff_ffff),
  sources: z.string(),
  finished: z.record(z.string(), z.object({ passed: z.number(), failed: z.number() })),
})
type Record = z.infer<typeof Record>

const recordFile = join(root, '.cache/test-long.json')
const folders = ['packages', 'scripts', 'test', 'bench']

const { values } = parseArgs({
  options: { seed: { type: 'string' }, fresh: { type: 'boolean', default: false } },
})

endToolsOnSignal()
await main()

/** Runs every suite whose size is scaled, file by file; what passed is not run again after an interruption. */
async function main(): Promise<void> {
  const record = openRecord()
  const files = scaledSuites()
  process.stdout.write(`seed ${record.seed}, ${files.length} files\n`)
  let tally: Tally = { passed: 0, failed: 0 }
  for (const [place, file] of files.entries()) {
    const earlier = record.finished[file]
    process.stdout.write(
      `[${place + 1}/${files.length}] ${file}${earlier ? ': passed earlier' : ''}\n`,
    )
    const result = earlier ?? (await runLong(file, record.seed))
    tally = addTally(tally, result)
    if (result.failed > 0) continue
    record.finished[file] = result
    saveRecord(record)
  }
  if (files.length === 0) tally = { passed: 0, failed: 1 }
  process.stdout.write(`${tallyLine(tally)}\n`)
  process.exitCode = tally.failed === 0 ? 0 : 1
}

function runLong(file: string, seed: number): Promise<Tally> {
  return runSuite({ args: [file], env: { KEYLINE_LONG: '1', KEYLINE_SEED: String(seed) } })
}

/** Test files whose numbers grow: they take them from the scale, or draw properties from its seed. */
function scaledSuites(): readonly string[] {
  return folders
    .flatMap((folder) => filesUnder(root, folder))
    .filter(isTest)
    .filter((file) =>
      importsOf(readText(root, file)).some(
        (specifier) => specifier === 'fast-check' || specifier.endsWith('/support/scale.ts'),
      ),
    )
}

function openRecord(): Record {
  const sources = hashSources()
  const earlier = values.fresh ? undefined : readRecord()
  const seed = values.seed === undefined ? undefined : Number(values.seed)
  if (earlier?.sources === sources && (seed === undefined || seed === earlier.seed)) return earlier
  return Record.parse({ seed: seed ?? randomInt(1, 0x7fff_ffff), sources, finished: {} })
}

function readRecord(): Record | undefined {
  try {
    return Record.parse(JSON.parse(readFileSync(recordFile, 'utf8')))
  } catch {
    return undefined
  }
}

/** Written beside and renamed: a kill leaves the record of before or of after. */
function saveRecord(record: Record): void {
  mkdirSync(dirname(recordFile), { recursive: true })
  writeFileSync(`${recordFile}.new`, JSON.stringify(record))
  renameSync(`${recordFile}.new`, recordFile)
}

function hashSources(): string {
  const hash = createHash('sha256').update(process.version)
  for (const file of folders.flatMap((folder) => filesUnder(root, folder))) {
    if (isSource(file) || file.endsWith('.json'))
      hash.update(`${file}\n`).update(readText(root, file))
  }
  return hash.digest('hex')
}
