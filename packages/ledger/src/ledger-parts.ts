import type { Clock, Random } from '@keyline/bytes'
import type { Database } from './database/database.ts'
import type { Actor } from './store/act.ts'
import type { CheckpointKeeper } from './store/checkpoint.ts'
import type { Gather } from './store/gather.ts'
import type { JobQueue } from './store/jobs.ts'
import type { IssuanceProspect, IssuanceQuestion } from './store/prospects.ts'
import type { Recorder } from './store/recorder.ts'
import type { Vault } from './store/vault.ts'

/** What a ledger is made of; a view shares all but its actor. */
export interface LedgerParts {
  readonly database: Database
  readonly vault: Vault
  readonly acts: Actor
  readonly queue: () => Promise<JobQueue>
  readonly keeper?: CheckpointKeeper | undefined
  readonly clock: Clock
  readonly random: Random
  readonly recorder: Recorder
  readonly prospects: Gather<IssuanceQuestion, IssuanceProspect>
  /** Ends for a ledger and its views at once. */
  readonly life: { isOver: boolean }
  readonly isView: boolean
}

const partsOfLedgers = new WeakMap<object, LedgerParts>()

export function keepParts(ledger: object, parts: LedgerParts): void {
  partsOfLedgers.set(ledger, parts)
}

/** What other stages of this package build on. @throws TypeError for what is no ledger */
export function partsOf(ledger: object): LedgerParts {
  const parts = partsOfLedgers.get(ledger)
  if (parts === undefined) throw new TypeError('this is no ledger')
  return parts
}
