import { seededRandom, systemClock, systemRandom, type Random } from '@keyline/bytes'
import { CompiledQuery } from 'kysely'
import { afterAll, beforeAll } from 'vitest'
import { openLedger, type Ledger, type LedgerLocation } from '@keyline/ledger'
import {
  attestationOf,
  openAttestationRecord,
  type AttestationRecord,
  type AttestationRecordOptions,
  type AttestationTenant,
} from '@keyline/ledger/attestation'
import { openRaw, type TestDatabases } from '../support/databases.ts'
import { sampleOrder, storeKey } from '../support/sample.ts'

export function openRecord(
  database: LedgerLocation,
  change: Partial<AttestationRecordOptions> = {},
): Promise<AttestationRecord> {
  return openAttestationRecord({
    database,
    storeKey: storeKey(),
    clock: systemClock,
    random: systemRandom,
    actor: 'verifier',
    ...change,
  })
}

/**
 * One database for a suite, with a record in it, a second one as another process would have it, and the ledger of a line.
 * Each test takes a tenant of its own.
 */
export class AttestationBench {
  readonly random: Random
  readonly #databases: TestDatabases
  #open: Open | undefined
  #tenants = 0

  constructor(databases: TestDatabases, seed: string) {
    this.#databases = databases
    this.random = seededRandom(seed)
  }

  get location(): LedgerLocation {
    return this.#opened.location
  }

  get record(): AttestationRecord {
    return this.#opened.record
  }

  /** The record of another process. */
  get other(): AttestationRecord {
    return this.#opened.other
  }

  /**
   * Who may have a transaction open at the same time: two connections to a SQLite file in one process would wait for each
   * other with all of the process.
   */
  get rival(): AttestationRecord {
    return this.location.kind === 'sqlite' ? this.record : this.other
  }

  get ledger(): Ledger {
    return this.#opened.ledger
  }

  get #opened(): Open {
    if (this.#open === undefined) throw new Error('the bench is not open')
    return this.#open
  }

  /** Hooks of the suite that calls it. */
  register(): void {
    beforeAll(async () => {
      await this.#databases.start()
      const location = await this.#databases.fresh()
      const ledger = await openLedger({
        database: location,
        storeKey: storeKey(),
        clock: systemClock,
        random: systemRandom,
        actor: 'line',
      })
      await ledger.createOrder(sampleOrder({ quantity: 1000 }))
      const record = await attestationOf(ledger, { pollMs: 50, symmetricKeys: true })
      const other = await openRecord(location, { pollMs: 50 })
      this.#open = { location, ledger, record, other }
    })
    afterAll(async () => {
      await this.#open?.other.close()
      await this.#open?.record.close()
      await this.#open?.ledger.close()
      await this.#databases.stop()
    })
  }

  /** A tenant that nobody has used, as both processes see it. */
  fresh(): {
    readonly name: string
    readonly here: AttestationTenant
    readonly there: AttestationTenant
  } {
    const name = `tenant-${++this.#tenants}`
    return { name, here: this.record.tenant(name), there: this.other.tenant(name) }
  }

  /** Until every process has read all that was committed before. */
  async heard(): Promise<void> {
    // The first reading may have begun before.
    for (const record of [this.record, this.record, this.other, this.other]) await record.ping()
  }

  /** Audit records of a kind, the oldest first. */
  async audited(type: string): Promise<readonly Record<string, unknown>[]> {
    const found: Record<string, unknown>[] = []
    await this.ledger.exportAudit((line) => {
      const record = JSON.parse(line)
      if (record.type === type) found.push({ actor: record.actor, ...record.data })
    })
    return found
  }

  /** A statement behind the back of the record. */
  async rows(text: string): Promise<readonly Record<string, unknown>[]> {
    await using raw = await openRaw(this.location)
    const query = CompiledQuery.raw(text)
    return (await raw.database.kysely.executeQuery<Record<string, unknown>>(query)).rows
  }
}

interface Open {
  readonly location: LedgerLocation
  readonly ledger: Ledger
  readonly record: AttestationRecord
  readonly other: AttestationRecord
}
