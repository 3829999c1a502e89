import { seededRandom } from '@keyline/bytes'
import { testSeed } from '../../support/scale.ts'
import type { CrashBench, CrashPlace, Scenario } from './crash-bench.ts'

export interface CrashPoint {
  /** From 1. */
  readonly place: number
  readonly name: string
}

/** Every crash point of an undisturbed run. */
export async function crashPointsOf(
  bench: CrashBench,
  scenario: Scenario,
): Promise<readonly CrashPoint[]> {
  await using place = await bench.place(scenario)
  const { points = [] } = await place.runChild(0)
  return points.map((name, index) => ({ place: index + 1, name }))
}

/** In front of a record of the journal, behind its writing and behind its sync: three for each record. */
export function isJournalPoint({ name }: CrashPoint): boolean {
  return name.startsWith('journal ')
}

/**
 * The points without those at which nothing has happened since the one before: behind one act and in front of the
 * next the station is in the same state. Of such a pair the point of the journal stays.
 */
export function distinctPoints(points: readonly CrashPoint[]): readonly CrashPoint[] {
  return points.filter(({ name }, index) => {
    const previous = points[index - 1]?.name ?? ''
    const next = points[index + 1]?.name ?? ''
    if (name.startsWith('before ')) return !isBehindAct(previous)
    if (name.startsWith('after ')) return !next.startsWith('journal before-write')
    return true
  })
}

function isBehindAct(name: string): boolean {
  return name.startsWith('after ') || name.startsWith('journal after-sync')
}

/** Takes the line up until the order is made: units that failed are replaced by the run after. Returns what is wrong. */
export async function finish(place: CrashPlace): Promise<readonly string[]> {
  for (let run = 0; run < 4; run++) {
    const { remaining, quarantine } = await place.resume()
    if (remaining === 0 && quarantine === 0) break
  }
  return place.violations(true)
}

/** What is wrong after a crash at each of the points, and after the run that follows it. */
export async function crashAtEach(
  bench: CrashBench,
  scenario: Scenario,
  points: readonly CrashPoint[],
): Promise<readonly string[]> {
  const failures: string[] = []
  await inLanes(points, async (point) => {
    const found = await crashAt(bench, scenario, point).catch((error: unknown) => [String(error)])
    failures.push(...found.map((violation) => `${point.place} ${point.name}: ${violation}`))
  })
  return failures
}

async function crashAt(
  bench: CrashBench,
  scenario: Scenario,
  point: CrashPoint,
): Promise<readonly string[]> {
  await using place = await bench.place(scenario)
  const { killedAt } = await place.runChild(point.place)
  if (killedAt !== point.name) return [`the process ended at ${killedAt ?? 'its end'}`]
  const found = [...place.violations(false)]
  if (point.name.startsWith('journal after-write')) {
    await using torn = await bench.copy(place)
    await torn.tearJournal(seededRandom(`${testSeed}/torn/${point.place}`))
    found.push(...(await finish(torn)).map((violation) => `torn: ${violation}`))
  }
  found.push(...(await finish(place)))
  return found
}

/** Does the work for every item, two at a time: one process runs into its end while another line is taken up. */
export async function inLanes<T>(
  items: readonly T[],
  work: (item: T) => Promise<void>,
): Promise<void> {
  const queue = [...items]
  const lane = async (): Promise<void> => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(item)
  }
  await Promise.all([lane(), lane()])
}
