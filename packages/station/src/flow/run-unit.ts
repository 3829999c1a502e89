import { throwIfInterrupted, withDeadline } from '@keyline/bytes'
import type { VerdictRecord } from '@keyline/ledger/records'
import { decideVerdict } from '../evidence/verdict.ts'
import { StationError } from '../errors.ts'
import { isTakenElsewhere } from '../port/unit-store.ts'
import type { EventSink } from './events.ts'
import type { Flow } from './flows.ts'
import { askBoard } from './ask-board.ts'
import type { Step } from './step.ts'
import type { UnitWork } from './unit-work.ts'
import { voidLostCertificate } from './exchange-step.ts'

export interface RunUnitOptions {
  readonly work: UnitWork
  readonly flow: Flow
  readonly signal: AbortSignal
  readonly onEvent: EventSink
  /** True when an earlier run may have touched the board of this unit. */
  readonly isResumed: boolean
}

/**
 * Takes one unit through its flow and records its verdict, in journal and ledger.
 * A failed step ends the flow; nothing here is repeated without asking the board.
 * @returns the verdict, or nothing when another station has taken the unit before it was bound here
 */
export async function runUnit(options: RunUnitOptions): Promise<VerdictRecord | undefined> {
  const { work, flow } = options
  let error: unknown
  try {
    const first = options.isResumed ? await resumePoint(options) : 0
    await runSteps(options, first)
  } catch (cause) {
    if (await isMadeElsewhere(work, cause)) {
      await work.note('outcome', 'bind', { taken: 'by another station' })
      return undefined
    }
    error = cause
  }
  const verdict = decideVerdict({
    rules: flow.evidence,
    evidence: work.evidence,
    identityMayBeOnBoard: work.identityMayBeOnBoard,
    credentialsMayBeOnBoard: work.credentialsMayBeOnBoard,
    ...(error === undefined ? {} : { error }),
  })
  await recordVerdict(work, verdict)
  return verdict
}

/**
 * Stations that share an order may draw the same open unit, and the first to bind it makes it. Whatever happens
 * before that says nothing about a unit that another station has bound meanwhile.
 */
async function isMadeElsewhere(work: UnitWork, cause: unknown): Promise<boolean> {
  if (work.identityMayBeOnBoard) return false
  if (isTakenElsewhere(cause)) return true
  const { clock, units } = work.parts
  const open = await clock.during(() => units.undecided(work.prepared.order.id))
  const found = open.find(({ unit }) => unit.id === work.unitId)
  if (found === undefined) return true
  const { boardUid } = found.unit
  return boardUid !== undefined && boardUid !== work.boardUid
}

async function runSteps(options: RunUnitOptions, first: number): Promise<void> {
  const { steps } = options.flow
  for (let index = first; index < steps.length; index++) {
    const step = steps[index]
    if (step !== undefined) await runStep(options, step, index)
  }
}

async function runStep(options: RunUnitOptions, step: Step, index: number): Promise<void> {
  const { work, onEvent, signal } = options
  const { clock } = work.parts
  throwIfInterrupted(signal)
  const place = { slot: work.slot, serialNumber: work.reserved.unit.serialNumber, step: step.name }
  onEvent({
    type: 'step-started',
    ...place,
    title: step.title,
    index: index + 1,
    total: options.flow.steps.length,
  })
  const start = clock.monotonicMs()
  if (step.touchesIdentity === true) {
    await work.record('intent', step.name)
    work.identityMayBeOnBoard = true
  } else await work.note('intent', step.name)
  const deadline = { clock, ms: step.deadlineMs, what: `step ${step.name}`, signal }
  const evidence = await withDeadline(deadline, (inner) => step.act(work, inner))
  work.evidence.push(...evidence)
  const ms = Math.round(clock.monotonicMs() - start)
  const kinds = evidence.map((piece) => `${piece.kind}:${piece.ok ? 'ok' : 'wrong'}`).join(' ')
  await work.note('outcome', step.name, { ms, ...(kinds === '' ? {} : { evidence: kinds }) })
  onEvent({ type: 'step-done', ...place, ms })
}

/** Asks the board what it holds, and gives the step to go on with. Until it has answered, it may hold anything. */
async function resumePoint(options: RunUnitOptions): Promise<number> {
  const { work, flow, signal } = options
  const { steps, afterExchange } = flow
  const [first] = steps
  if (first === undefined) return 0
  work.identityMayBeOnBoard = true
  work.credentialsMayBeOnBoard = true
  await runStep(options, first, 0)
  const deadline = { clock: work.parts.clock, ms: 60_000, what: 'asking the board', signal }
  const answer = await withDeadline(deadline, (inner) => askBoard(work, inner))
  await work.note('outcome', 'ask', { holds: answer.holds })
  switch (answer.holds) {
    case 'issued-credentials':
      work.credentials = answer.credentials
      work.evidence.push(...answer.evidence)
      return steps.indexOf(afterExchange)
    case 'no-credentials':
      work.credentialsMayBeOnBoard = false
      await voidLostCertificate(work, 'the run ended before COMMIT took effect; the key is lost')
      return 1
    case 'foreign-credentials':
      throw new StationError(
        'STATION_QUARANTINED',
        `the board of unit ${work.reserved.unit.serialNumber} holds credentials that were not issued for it`,
      )
    default:
      return answer satisfies never
  }
}

/** Journal, ledger, journal: a crash between them is mended by the next resume. */
async function recordVerdict(work: UnitWork, verdict: VerdictRecord): Promise<void> {
  const { clock, units } = work.parts
  const data = { verdict: verdict.verdict, reason: verdict.reason }
  await work.record('intent', 'decide', data)
  await clock.during(() => units.decide(work.unitId, verdict))
  await work.note('decided', 'decide', data)
}
