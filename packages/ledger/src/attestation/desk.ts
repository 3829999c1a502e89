import type { Clock } from '@keyline/bytes'
import type { Kysely } from 'kysely'
import { change, type Database, type Reader } from '../database/database.ts'
import type { Tables } from '../database/schema.ts'
import { LedgerError } from '../errors.ts'
import type { Act, Actor } from '../store/act.ts'

export interface DeskParts {
  readonly database: Database
  readonly reader: Reader
  readonly acts: Actor
  readonly clock: Clock
  /** Ends for a record and its views at once. */
  readonly life: { readonly isOver: boolean }
}

/** How the parts of the record reach the database, while the record is open. */
export class Desk {
  readonly #parts: DeskParts

  constructor(parts: DeskParts) {
    this.#parts = parts
  }

  get clock(): Clock {
    return this.#parts.clock
  }

  get actor(): string {
    return this.#parts.acts.actor
  }

  /** The same for another actor. */
  as(actor: string): Desk {
    return new Desk({ ...this.#parts, acts: this.#parts.acts.as(actor) })
  }

  /** A transaction with its audit record. */
  async act<T>(work: (act: Act) => Promise<T>): Promise<T> {
    this.#requireOpen()
    return this.#parts.acts.act(work)
  }

  /** A transaction of one statement, of which no audit record tells. */
  async change<T>(work: (db: Kysely<Tables>) => Promise<T>): Promise<T> {
    this.#requireOpen()
    const { clock, database } = this.#parts
    return clock.during(() => change(database, work))
  }

  /** A read that waits for no transaction of this process. */
  async read<T>(work: (db: Kysely<Tables>) => Promise<T>): Promise<T> {
    this.#requireOpen()
    const { clock, reader } = this.#parts
    return clock.during(() => reader.read(work))
  }

  #requireOpen(): void {
    const { life, database } = this.#parts
    if (!life.isOver) return
    throw new LedgerError('LEDGER_CLOSED', `the attestation record ${database.place} is closed`)
  }
}
