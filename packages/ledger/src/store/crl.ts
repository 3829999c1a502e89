import { toHex } from '@keyline/bytes'
import { sha256 } from '@keyline/crypto'
import type { Kysely } from 'kysely'
import type { Tables } from '../database/schema.ts'
import type { Act } from './act.ts'
import type { Acts } from './acts.ts'
import type { Jobs } from './jobs.ts'
import {
  ensureList,
  findRevocation,
  revocationCount,
  revocationPage,
  revokeCertificate,
  revokeSerial,
  type Revocation,
  type RevokeInput,
  type RevokeSerialInput,
} from './revocations.ts'

/** What goes into one revocation list: the first revocations of an issuer, which never change. */
export interface CrlSnapshot {
  readonly issuerKeyId: string
  /** Greater than that of every list of the issuer before. */
  readonly number: number
  /** How many revocations there are. */
  readonly count: number
  /**
   * Pages of the revocations in their order, behind the first `after` of them. They are read page by page outside the
   * transaction that took the number: later revocations do not enter, and nobody waits for the reading.
   */
  readonly pages: (after?: number) => AsyncIterable<readonly Revocation[]>
}

/** A signed list. */
export interface StoredCrl {
  readonly issuerKeyId: string
  readonly number: number
  /** How many revocations stand in it. */
  readonly count: number
  /** Milliseconds since 1970. */
  readonly thisUpdate: number
  readonly nextUpdate: number
  /** CertificateList, DER. */
  readonly der: Uint8Array
}

/** Name of the job that builds the list of an issuer; its payload is `{ issuerKeyId }`. */
export const crlBuildJob = 'crl.build'

/** A burst of revocations goes into one list. */
const gatherMs = 1000

/** Revocations of the ledger, and the lists that publish them. */
export class RevocationLists {
  readonly #acts: Acts
  readonly #jobs: Jobs

  constructor(acts: Acts, jobs: Jobs) {
    this.#acts = acts
    this.#jobs = jobs
  }

  /**
   * Revokes a certificate of this ledger, marks it void, and asks for a new list of its issuer. Again: the first one stands.
   * @throws LedgerError `LEDGER_CERTIFICATE_UNKNOWN`
   */
  revoke(input: RevokeInput): Promise<Revocation> {
    return this.#revoke((act) => revokeCertificate(act, input))
  }

  /** The same for a certificate that its issuer and serial number name, whether or not the ledger has it. */
  revokeSerial(input: RevokeSerialInput): Promise<Revocation> {
    return this.#revoke((act) => revokeSerial(act, input))
  }

  find(issuerKeyId: string, serialNumber: string): Promise<Revocation | undefined> {
    return this.#acts.read((db) => findRevocation(db, issuerKeyId, serialNumber))
  }

  /** The revocations of an issuer as they are now, in their order. */
  async *list(issuerKeyId: string): AsyncGenerator<Revocation, void> {
    const last = await this.count(issuerKeyId)
    for await (const page of this.#pages(issuerKeyId, 0, last)) yield* page
  }

  count(issuerKeyId: string): Promise<number> {
    return this.#acts.read((db) => revocationCount(db, issuerKeyId))
  }

  /** Key ids of the issuers that have revocations or a list. */
  issuers(): Promise<readonly string[]> {
    return this.#acts.read(async (db) => {
      const rows = await db
        .selectFrom('revocation_list')
        .select('issuer_key_id')
        .orderBy('issuer_key_id')
        .execute()
      return rows.map(({ issuer_key_id: issuerKeyId }) => issuerKeyId)
    })
  }

  /** Takes the next number of the issuer's list and, in the same transaction, what goes into the list. */
  async openCrl(issuerKeyId: string): Promise<CrlSnapshot> {
    const { number, count } = await this.#acts.act((act) => openCrl(act, issuerKeyId))
    return {
      issuerKeyId,
      number,
      count,
      pages: (after = 0) => this.#pages(issuerKeyId, after, count),
    }
  }

  /** Keeps a signed list, unless a newer one is kept. Returns whether it is the newest. */
  putCrl(crl: StoredCrl): Promise<boolean> {
    return this.#acts.act((act) => putCrl(act, crl))
  }

  /** The newest list of the issuer. */
  crl(issuerKeyId: string): Promise<StoredCrl | undefined> {
    return this.#acts.read((db) => findCrl(db, issuerKeyId))
  }

  async #revoke(
    work: (act: Act) => Promise<{ readonly revocation: Revocation; readonly isNew: boolean }>,
  ): Promise<Revocation> {
    await this.#jobs.prepare()
    return this.#acts.act(async (act) => {
      const { revocation, isNew } = await work(act)
      const { issuerKeyId } = revocation
      if (isNew) {
        const options = { key: `${crlBuildJob}:${issuerKeyId}`, runAt: act.now + gatherMs }
        await this.#jobs.addIn(act.tx, crlBuildJob, { issuerKeyId }, options)
      }
      return revocation
    })
  }

  async *#pages(
    issuerKeyId: string,
    first: number,
    last: number,
  ): AsyncGenerator<readonly Revocation[], void> {
    let after = first
    while (after < last) {
      const page = await this.#acts.read((db) => revocationPage(db, { issuerKeyId, after, last }))
      const end = page.at(-1)
      if (end === undefined) break
      yield page
      after = end.place
    }
  }
}

async function openCrl(
  { tx, note }: Act,
  issuerKeyId: string,
): Promise<{ readonly number: number; readonly count: number }> {
  await ensureList(tx, issuerKeyId)
  const { number, revocations: count } = await tx
    .updateTable('revocation_list')
    .set((eb) => ({ number: eb('number', '+', 1) }))
    .where('issuer_key_id', '=', issuerKeyId)
    .returning(['number', 'revocations'])
    .executeTakeFirstOrThrow()
  await note('crl.opened', { issuer: issuerKeyId, number, count })
  return { number, count }
}

async function putCrl({ tx, note }: Act, crl: StoredCrl): Promise<boolean> {
  const { issuerKeyId, number, count } = crl
  const row = {
    number,
    revocations: count,
    this_update: crl.thisUpdate,
    next_update: crl.nextUpdate,
    der: crl.der,
  }
  const kept = await tx
    .insertInto('crl')
    .values({ issuer_key_id: issuerKeyId, ...row })
    .onConflict((conflict) =>
      conflict.column('issuer_key_id').doUpdateSet(row).where('crl.number', '<', number),
    )
    .returning('number')
    .executeTakeFirst()
  if (kept === undefined) return false
  const facts = { issuer: issuerKeyId, number, count, nextUpdate: crl.nextUpdate }
  await note('crl.built', { ...facts, sha256: toHex(sha256(crl.der)) })
  return true
}

async function findCrl(db: Kysely<Tables>, issuerKeyId: string): Promise<StoredCrl | undefined> {
  const row = await db
    .selectFrom('crl')
    .selectAll()
    .where('issuer_key_id', '=', issuerKeyId)
    .executeTakeFirst()
  if (row === undefined) return undefined
  return {
    issuerKeyId,
    number: row.number,
    count: row.revocations,
    thisUpdate: row.this_update,
    nextUpdate: row.next_update,
    der: Uint8Array.from(row.der),
  }
}
