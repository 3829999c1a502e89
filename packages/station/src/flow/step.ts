import type { Evidence } from '@keyline/ledger/records'
import type { UnitWork } from './unit-work.ts'

/** Names of the steps, as they stand in journal, events and summary. */
export type StepName =
  | 'check-port'
  | 'bind'
  | 'erase'
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
  /** True when the act may leave the identity of the unit on the board. */
  readonly touchesIdentity?: true
  /** True when nothing can undo the act: it is begun with complete evidence alone, behind an intent on the disk. */
  readonly isIrreversible?: true
  /** Does it and gives the evidence, which is read back or shown by the board itself. */
  act(work: UnitWork, signal: AbortSignal): Promise<readonly Evidence[]>
}
