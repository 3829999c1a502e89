import { throwIfInterrupted, withDeadline } from '@keyline/bytes'
import { marksOf, type VerdictRecord } from '@keyline/ledger/records'
import { reviewEvidence, withoutIssuing, type EvidenceRule } from '../evidence/required.ts'
import { decideVerdict } from '../evidence/verdict.ts'
import { StationError } from '../errors.ts'
import { isKeyTaken, isTakenElsewhere } from '../port/unit-store.ts'
import type { EventSink } from './events.ts'
import type { Flow } from './flows.ts'
import { askBoard } from './ask-board.ts'
import { voidLostCertificate } from './certify.ts'
import { evidenceBeforeProtection } from './chip-steps.ts'
import type { Step } from './step.ts'
import type { UnitWork } from './unit-work.ts'

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
  const { work } = options
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
    rules: rulesOf(options),
    evidence: work.evidence,
    identityMayBeOnBoard: work.identityMayBeOnBoard,
    credentialsMayBeOnBoard: work.credentialsMayBeOnBoard,
    ...(error === undefined ? {} : { error }),
  })
  try {
    await recordVerdict(work, verdict)
    return verdict
  } catch (cause) {
    if (!isKeyTaken(cause)) throw cause
    const { code: reason, message, remedy } = cause
    const copied: VerdictRecord = { ...verdict, verdict: 'FAIL', reason, message, remedy }
    await recordVerdict(work, copied)
    return copied
  }
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

/** Evidence that is wrong ends the flow: nothing behind it could make the board good. */
async function runSteps(options: RunUnitOptions, first: number): Promise<void> {
  const { steps } = options.flow
  for (let index = first; index < steps.length; index++) {
    const step = steps[index]
    if (step === undefined || !isDue(options, step, index)) return
    await runStep(options, step, index)
    if (options.work.evidence.some((piece) => !piece.ok)) return
  }
}

/** What nothing can undo waits for all evidence that does not come from itself or from the steps behind it. */
function isDue(options: RunUnitOptions, step: Step, index: number): boolean {
  if (step.isIrreversible === undefined) return true
  const later = new Set(options.flow.steps.slice(index).map((one) => one.isIrreversible?.proves))
  const rules = rulesOf(options).filter(({ kind }) => !later.has(kind))
  return reviewEvidence(rules, options.work.evidence).complete
}

function rulesOf({ work, flow }: RunUnitOptions): readonly EvidenceRule[] {
  return work.isDemo ? withoutIssuing(flow.evidence) : flow.evidence
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
  await recordIntent(work, step)
  const deadline = { clock, ms: step.deadlineMs, what: `step ${step.name}`, signal }
  const evidence = await withDeadline(deadline, (inner) => step.act(work, inner))
  work.evidence.push(...evidence)
  const ms = Math.round(clock.monotonicMs() - start)
  const kinds = evidence.map((piece) => `${piece.kind}:${piece.ok ? 'ok' : 'wrong'}`).join(' ')
  await work.note('outcome', step.name, { ms, ...(kinds === '' ? {} : { evidence: kinds }) })
  onEvent({ type: 'step-done', ...place, ms })
}

/** On the disk where the act leaves something that the board could not be asked for, or cannot be undone. */
async function recordIntent(work: UnitWork, step: Step): Promise<void> {
  const data = step.intent?.(work) ?? {}
  const { touchesIdentity, clearsBoard, isIrreversible } = step
  if (touchesIdentity === true || clearsBoard === true || isIrreversible !== undefined) {
    await work.record('intent', step.name, data)
  } else await work.note('intent', step.name, data)
  if (step.touchesIdentity === true) work.identityMayBeOnBoard = true
}

/** Asks the board what it holds, and gives the step to go on with. Until it has answered, it may hold anything. */
async function resumePoint(options: RunUnitOptions): Promise<number> {
  const { work, flow, signal } = options
  const { steps, afterExchange } = flow
  work.identityMayBeOnBoard = true
  work.credentialsMayBeOnBoard = afterExchange !== undefined
  const firstChange = steps.findIndex(({ isAsking }) => isAsking !== true)
  for (const [index, step] of steps.slice(0, firstChange).entries()) {
    await runStep(options, step, index)
  }
  if (afterExchange === undefined) {
    await work.note('outcome', 'ask', { holds: 'nothing that was issued' })
    return firstChange
  }
  if (isCleared(work, steps)) {
    work.credentialsMayBeOnBoard = false
    await work.note('outcome', 'ask', { holds: 'nothing' })
    return firstChange
  }
  if (work.target?.rdp !== 0) return protectedPoint(options)
  const deadline = { clock: work.parts.clock, ms: 60_000, what: 'asking the board', signal }
  const answer = await withDeadline(deadline, (inner) => askBoard(work, inner))
  await work.note('outcome', 'ask', { holds: answer.holds })
  switch (answer.holds) {
    case 'issued-credentials':
      work.credentials = answer.credentials
      work.evidence.push(...answer.evidence)
      return steps.indexOf(afterExchange)
    case 'published-credentials':
      work.isDemo = true
      work.evidence.push(...answer.evidence)
      return steps.indexOf(afterExchange)
    case 'no-credentials':
      work.credentialsMayBeOnBoard = false
      await voidLostCertificate(work, 'the run ended before COMMIT took effect; the key is lost')
      return firstChange
    case 'earlier-making':
      work.credentialsMayBeOnBoard = false
      return firstChange
    case 'foreign-credentials':
      throw new StationError(
        'STATION_QUARANTINED',
        `the board of unit ${work.reserved.unit.serialNumber} holds credentials that were not issued for it`,
      )
    default:
      return answer satisfies never
  }
}

/**
 * Whether the journal says that the board was about to be erased, and that nothing of the unit went towards it since.
 * An erase that was cut off may leave a board that nobody can read.
 */
function isCleared({ parts, unitId }: UnitWork, steps: readonly Step[]): boolean {
  const last = parts.history?.findLast(
    ({ type, unit, step }) => type === 'intent' && unit === unitId && changesBoard(steps, step),
  )
  return steps.some(({ name, clearsBoard }) => name === last?.step && clearsBoard === true)
}

function changesBoard(steps: readonly Step[], name: string | undefined): boolean {
  const step = steps.find((one) => one.name === name)
  return step?.touchesIdentity === true || step?.clearsBoard === true
}

/** A board with its final protection gives nothing more to read: what the journal holds of its evidence stands. */
async function protectedPoint({ work, flow }: RunUnitOptions): Promise<number> {
  const evidence = evidenceBeforeProtection(work)
  if (evidence === undefined) {
    throw new StationError(
      'STATION_QUARANTINED',
      `the board of unit ${work.reserved.unit.serialNumber} is protected, and no journal here says what was proven before`,
    )
  }
  work.evidence.push(...evidence)
  work.isDemo = marksOf({ evidence }).includes('demo')
  await work.note('outcome', 'ask', { holds: 'protection' })
  return flow.steps.findIndex(({ name }) => name === 'protect')
}

/** Journal, ledger, journal: a crash between them is mended by the next resume. */
async function recordVerdict(work: UnitWork, verdict: VerdictRecord): Promise<void> {
  const { clock, units } = work.parts
  const marks = marksOf(verdict).join(', ')
  const { reason } = verdict
  const data = { verdict: verdict.verdict, reason, ...(marks === '' ? {} : { marks }) }
  await work.record('intent', 'decide', data)
  await clock.during(() => units.decide(work.unitId, verdict))
  await work.note('decided', 'decide', data)
}
