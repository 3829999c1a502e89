import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { z } from 'zod'
import { addTally, type Tally } from './tally.ts'

/** What a long run has finished: it holds for one seed and one state of the sources. */
const Progress = z.object({
  seed: z.number().int().min(1).max(0x7fff_ffff),
  sources: z.string(),
  finished: z.record(z.string(), z.object({ passed: z.number(), failed: z.number() })),
})
type Progress = z.infer<typeof Progress>

export interface LongRun {
  /** Where the progress rests, so that a run that was killed goes on. */
  readonly progressFile: string
  /** Hash of the sources: a result holds for these alone. */
  readonly sources: string
  /** The seed that was asked for; without one, that of the run to go on with, or a drawn one. */
  readonly seed?: number | undefined
  readonly drawSeed: () => number
  readonly isFresh: boolean
  readonly suites: readonly string[]
  readonly runSuite: (suite: string, seed: number) => Promise<Tally>
  readonly say: (line: string) => void
}

/** Runs the suites one by one; what passed with this seed on these sources is not run again. No suite is one failure. */
export async function runLong(run: LongRun): Promise<Tally> {
  const { suites, say } = run
  const progress = openProgress(run)
  say(`seed ${progress.seed}, ${suites.length} suites`)
  if (suites.length === 0) return { passed: 0, failed: 1 }
  let tally: Tally = { passed: 0, failed: 0 }
  for (const [place, suite] of suites.entries()) {
    const earlier = progress.finished[suite]
    say(
      `[${place + 1}/${suites.length}] ${suite}${earlier === undefined ? '' : ': passed earlier'}`,
    )
    const result = earlier ?? (await run.runSuite(suite, progress.seed))
    tally = addTally(tally, result)
    if (result.failed > 0) continue
    progress.finished[suite] = result
    saveProgress(run.progressFile, progress)
  }
  return tally
}

function openProgress({ progressFile, sources, seed, drawSeed, isFresh }: LongRun): Progress {
  const earlier = isFresh ? undefined : readProgress(progressFile)
  if (earlier?.sources === sources && (seed ?? earlier.seed) === earlier.seed) return earlier
  return Progress.parse({ seed: seed ?? drawSeed(), sources, finished: {} })
}

function readProgress(file: string): Progress | undefined {
  try {
    return Progress.parse(JSON.parse(readFileSync(file, 'utf8')))
  } catch {
    return undefined
  }
}

/** Written beside and renamed: a kill leaves the progress of before or of after. */
function saveProgress(file: string, progress: Progress): void {
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(`${file}.new`, JSON.stringify(progress))
  renameSync(`${file}.new`, file)
}
