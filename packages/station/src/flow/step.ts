import type { Evidence, EvidenceKind, JournalRecord } from '@keyline/ledger/records'
import type { UnitWork } from './unit-work.ts'

/** Names of the steps, as they stand in journal, events and summary. */
export type StepName =
  | 'check-port'
  | 'bind'
  | 'erase'
  | 'open-board'
  | 'export-wrapped-key'
  | 'program-container'
  | 'coprocessor-start'
  | 'coprocessor-upgrade'
  | 'coprocessor-option-bytes'
  | 'run-regression'
  | 'run-provisioning'
  | 'run-sbsfu-update'
  | 'identify-element'
  | 'provision-element'
  | 'program-data'
  | 'program-provisioning'
  | 'read-data'
  | 'start-provisioning'
  | 'exchange'
  | 'program-application'
  | 'program-trailer'
  | 'start-application'
  | 'await-update'
  | 'read-back'
  | 'attest'
  | 'initial-attestation'
  | 'check-element'
  | 'protect'

/**
 * One act on a board. A flow is a list of these, readable next to the specification's own list.
 * The runner writes the intent before `act` and the outcome behind it, and keeps the deadline.
 */
export interface Step {
  readonly name: StepName
  /** What an operator reads while it runs. */
  readonly title: string
  readonly deadlineMs: number
  /** True when the act only asks: it is done again when a unit is resumed. */
  readonly isAsking?: true
  /** True when the act may leave the identity of the unit on the board. */
  readonly touchesIdentity?: true
  /** True when the act erases what the board holds, and a board that it was begun on may not answer before it is done. */
  readonly clearsBoard?: true
  /**
   * Set where nothing can undo the act: it is begun only when all other evidence is complete, behind an intent on the
   * disk. The kind is the evidence that the act itself brings.
   */
  readonly isIrreversible?: { readonly proves: EvidenceKind } | undefined
  /** What the journal gets with the intent. Never a secret. */
  intent?(work: UnitWork): JournalRecord['data']
  /** Does it and gives the evidence, which is read back or shown by the board itself. */
  act(work: UnitWork, signal: AbortSignal): Promise<readonly Evidence[]>
}
