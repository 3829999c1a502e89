import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { SlotFault } from '@keyline/board'
import {
  describeError,
  isKeylineError,
  seededRandom,
  uniformBelow,
  type Random,
} from '@keyline/bytes'
import { clockOf, openStation, runOrder } from '@keyline/cli/wiring'
import { loadOrder, type RunSummary, type StationEvent } from '@keyline/station'
import { checkOutputs } from '../../checker/check-outputs.ts'
import { describeViolation } from '../../checker/violation.ts'
import { openFlowBoards } from '../../line/support/flow-boards.ts'
import { flowCases, writeFlowOrder, type FlowCase } from '../../line/support/flow-case.ts'
import { homeOf, temporaryFolder, testPki } from '../../support/line.ts'
import { drawFaults } from './drawn-faults.ts'
import { troubledParts } from './troubled-parts.ts'

/** A line of a campaign: all of it follows from the seed, but for keys and secrets. */
export interface DrawnLine {
  readonly seed: string
  readonly flow: FlowCase
  readonly slots: number
  readonly quantity: number
  readonly faults: readonly SlotFault[]
}

/** What came of a line. */
export interface LineResult {
  readonly violations: readonly string[]
  readonly verdicts: Readonly<Record<string, number>>
  readonly runs: number
}

/** Runs in which boards and surroundings are bad; those after them are undisturbed. */
const troubledRuns = 3
const mostRuns = 6
/** No run of so few boards may take longer, in the time of the line. */
const longestRunMs = 4 * 3_600_000

const flows = Object.values(flowCases)

export function drawLine(seed: string, quantity: number): DrawnLine {
  const random = seededRandom(seed)
  const slots = 1 + uniformBelow(random, 4)
  const flow = flows[uniformBelow(random, flows.length)] ?? flowCases.wba0
  const boards = Math.ceil((2 * quantity) / slots)
  return { seed, flow, slots, quantity, faults: drawFaults(random, { slots, boards }) }
}

/**
 * Runs a line until its order is made: first among faults, then without them. The checker looks at the outputs after
 * each run.
 */
export async function runDrawnLine(line: DrawnLine): Promise<LineResult> {
  await using folder = await temporaryFolder('keyline-campaign')
  const { path } = folder
  const home = homeOf(path)
  const results = join(path, 'results')
  const order = await writeFlowOrder(line.flow, { folder: path, ...line, spare: 200 })
  await mkdir(home, { recursive: true })
  await writeFile(join(home, 'injected.json'), JSON.stringify(line.faults))
  const random = seededRandom(`${line.seed}/surroundings`)
  const violations: string[] = []
  const verdicts: Record<string, number> = {}
  let runs = 0
  let isMade = false
  while (!isMade && runs < mostRuns) {
    const isTroubled = runs < troubledRuns
    const outcome = await runOnce({ line, path, order, isTroubled, random })
    runs += 1
    for (const { verdict } of outcome.decided) verdicts[verdict] = (verdicts[verdict] ?? 0) + 1
    violations.push(...outcome.problems)
    const { summary } = outcome
    isMade = summary !== undefined && summary.remaining === 0 && summary.quarantine === 0
    const found = checkOutputs({ home, results, isFinished: isMade && !isTroubled })
    violations.push(...found.map(describeViolation))
    if (isTroubled) isMade = false
  }
  if (!isMade) {
    const open = checkOutputs({ home, results, isFinished: true })
    violations.push(...open.map(describeViolation))
  }
  const place = `${line.seed} ${line.flow.name}`
  return { violations: [...new Set(violations)].map((text) => `${place}: ${text}`), verdicts, runs }
}

interface RunInput {
  readonly line: DrawnLine
  readonly path: string
  readonly order: string
  readonly isTroubled: boolean
  readonly random: Random
}

interface RunOutcome {
  readonly summary: RunSummary | undefined
  readonly decided: readonly { readonly verdict: string }[]
  readonly problems: readonly string[]
}

const neverDefaults = {
  id: 'unused',
  quantity: 1,
  images: {
    provisioning: { file: '', sha256: '', address: 0 },
    application: { file: '', sha256: '', address: 0 },
  },
}

async function runOnce({ line, path, order, isTroubled, random }: RunInput): Promise<RunOutcome> {
  const { flow, slots, seed } = line
  const clock = clockOf(true)
  const events: StationEvent[] = []
  const problems: string[] = []
  const start = clock.monotonicMs()
  const station = await openStation({ home: homeOf(path), policy: 'test', clock })
  const faults = isTroubled ? line.faults : []
  const folder = station.home.benchFolder
  let summary: RunSummary | undefined
  try {
    summary = await runOrder({
      station,
      loaded: await loadOrder(order, neverDefaults),
      pki: await testPki(),
      slots,
      resume: true,
      results: join(path, 'results', 'order-1'),
      clock,
      signal: new AbortController().signal,
      openBoards: () =>
        Promise.resolve(openFlowBoards(flow, { slots, clock, folder, faults, seed })),
      decorate: (parts) => (isTroubled ? troubledParts(parts, random) : parts),
      onEvent: (event) => events.push(event),
    })
  } catch (error) {
    if (!isKeylineError(error) || error.fault === 'bug') problems.push(describeError(error))
  } finally {
    await station.close()
  }
  const ms = clock.monotonicMs() - start
  if (ms > longestRunMs) problems.push(`P8: a run took ${Math.round(ms / 60_000)} min`)
  const decided = events.flatMap((event) => (event.type === 'unit-decided' ? [event.record] : []))
  for (const { reason, message } of decided) {
    if (reason === 'STATION_BUG') problems.push(`a bug: ${message}`)
  }
  return { summary, decided, problems }
}
