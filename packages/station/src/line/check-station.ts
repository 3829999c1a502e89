import { toHex, withDeadline } from '@keyline/bytes'
import type { EvidenceKind, VerdictRecord } from '@keyline/ledger/records'
import { StationError } from '../errors.ts'
import { decideVerdict } from '../evidence/verdict.ts'
import { askBoard } from '../flow/ask-board.ts'
import { connectBound } from '../flow/bind-steps.ts'
import type { EventSink } from '../flow/events.ts'
import type { Flow } from '../flow/flows.ts'
import type { StationParts } from '../flow/station-parts.ts'
import type { StepName } from '../flow/step.ts'
import { UnitWork } from '../flow/unit-work.ts'
import type { PreparedOrder } from '../order/prepared-order.ts'
import type { Probe } from '../port/programmer.ts'
import type { ReservedUnit } from '../port/unit-store.ts'

/** What is asked of a board that was made before: nothing is written to it. */
const checkSteps: ReadonlySet<StepName> = new Set([
  'start-application',
  'read-back',
  'attest',
  'initial-attestation',
])

/** What those steps prove again. The rest of a unit's evidence comes from its making. */
const checkEvidence: ReadonlySet<EvidenceKind> = new Set([
  'data',
  'firmware',
  'key',
  'attestation',
  'payload',
  'attestation-key',
])

export interface CheckStationOptions {
  readonly parts: StationParts
  readonly prepared: PreparedOrder
  readonly flow: Flow
  readonly slot: number
  readonly probe: Probe
  /** The unit on the golden board: it has passed, and its board stands in the slot. */
  readonly golden: ReservedUnit
  readonly signal: AbortSignal
  readonly onEvent: EventSink
}

/**
 * Runs the device check on a board that is known to be good: when it does not pass, the station is at fault.
 * Neither board, ledger nor journal get anything. Source: line, section 2, row 16.
 */
export async function checkStation(options: CheckStationOptions): Promise<VerdictRecord> {
  const { parts, prepared, flow, slot, probe, golden, signal, onEvent } = options
  const { serialNumber } = golden.unit
  const onLog = (text: string): void => onEvent({ type: 'board-log', slot, serialNumber, text })
  const work = new UnitWork({ parts, prepared, run: 'check', slot, probe, reserved: golden, onLog })
  const steps = flow.steps.filter(({ name }) => checkSteps.has(name))
  const rules = flow.evidence.filter(({ kind }) => checkEvidence.has(kind))
  let error: unknown
  try {
    await withDeadline(
      { clock: parts.clock, ms: 80_000, what: 'asking the board', signal },
      (inner) => requireGolden(work, inner),
    )
    for (const [index, step] of steps.entries()) {
      const place = { slot, serialNumber, step: step.name }
      const start = parts.clock.monotonicMs()
      onEvent({
        type: 'step-started',
        ...place,
        title: step.title,
        index: index + 1,
        total: steps.length,
      })
      const deadline = {
        clock: parts.clock,
        ms: step.deadlineMs,
        what: `step ${step.name}`,
        signal,
      }
      work.evidence.push(...(await withDeadline(deadline, (inner) => step.act(work, inner))))
      const ms = Math.round(parts.clock.monotonicMs() - start)
      onEvent({ type: 'step-done', ...place, ms })
    }
  } catch (cause) {
    error = cause
  }
  work.wipe()
  return decideVerdict({
    rules,
    evidence: work.evidence,
    identityMayBeOnBoard: false,
    credentialsMayBeOnBoard: false,
    ...(error === undefined ? {} : { error }),
  })
}

/** @throws StationError `STATION_BOARD_CHANGED`, `STATION_QUARANTINED` when it is not the board that has passed */
async function requireGolden(work: UnitWork, signal: AbortSignal): Promise<void> {
  const target = await connectBound(work, signal)
  work.target = target
  const answer = await askBoard(work, signal)
  if (answer.holds === 'issued-credentials') {
    work.credentials = answer.credentials
    return
  }
  throw new StationError(
    'STATION_QUARANTINED',
    `board ${toHex(target.uid)} does not hold the credentials of unit ${work.reserved.unit.serialNumber}`,
  )
}
