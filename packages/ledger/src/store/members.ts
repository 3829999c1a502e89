import type { Kysely } from 'kysely'
import type { LedgerTransaction } from '../database/database.ts'
import type { MemberKeyRow, MemberRow, Tables } from '../database/schema.ts'
import { LedgerError } from '../errors.ts'
import type { Act } from './act.ts'
import type { Acts } from './acts.ts'

/** What a member may do. */
export const memberRoles = ['owner', 'officer', 'station', 'operator', 'auditor'] as const
export type MemberRole = (typeof memberRoles)[number]

/** A person or a station that authenticates by a client certificate. Hashes are lower-case hexadecimal. */
export interface Member {
  readonly name: string
  readonly role: MemberRole
  readonly state: 'invited' | 'active' | 'blocked'
  /** SHA-256 of the newest key (SPKI, DER). */
  readonly spkiSha256?: string | undefined
  readonly certificateSha256?: string | undefined
  /** End of the newest certificate, milliseconds since 1970. */
  readonly notAfter?: number | undefined
  readonly blockReason?: string | undefined
  readonly createdAt: number
}

export interface Invitation {
  readonly name: string
  readonly role: MemberRole
  /** Of the one-time token, which nobody stores. */
  readonly tokenSha256: string
  readonly expiresAt: number
}

/** The client certificate that a member has got. */
export interface MemberCertificate {
  readonly certificateSha256: string
  readonly spkiSha256: string
  readonly notAfter: number
}

export interface Enrolment extends MemberCertificate {
  readonly name: string
  readonly tokenSha256: string
}

export interface Renewal extends MemberCertificate {
  readonly name: string
  /** The key that the renewal was asked with. */
  readonly previousSpkiSha256: string
}

/** The members of a ledger: who may act through a server. */
export class Members {
  readonly #acts: Acts

  constructor(acts: Acts) {
    this.#acts = acts
  }

  /**
   * Invites a member by a one-time token. Again for one that exists: a new token in place of an unused one, so that it can
   * enrol anew; its present certificate stays good until then.
   * @throws LedgerError `LEDGER_MEMBER_EXISTS` with another role, `LEDGER_MEMBER_BLOCKED`
   */
  invite(invitation: Invitation): Promise<void> {
    return this.#acts.act((act) => invite(act, invitation))
  }

  /**
   * Uses the token up and notes the certificate, both or neither. Whatever is wrong with the token or the name, the answer
   * is the same one. Earlier keys of the member are good no more.
   * @throws LedgerError `LEDGER_TOKEN_INVALID`, `LEDGER_MEMBER_EXISTS` when another member has the key
   */
  enrol(enrolment: Enrolment): Promise<Member> {
    return this.#acts.act((act) => enrol(act, enrolment))
  }

  /**
   * Notes the next certificate. The key it was asked with stays good until its own certificate ends, so that a member that
   * never got the answer can ask again.
   * @throws LedgerError `LEDGER_MEMBER_UNKNOWN`, `LEDGER_MEMBER_BLOCKED`, `LEDGER_MEMBER_EXISTS` when another member has the key
   */
  renew(renewal: Renewal): Promise<Member> {
    return this.#acts.act((act) => renew(act, renewal))
  }

  /** Blocks a member and voids its token. Blocked already: the first reason stands. @throws LedgerError `LEDGER_MEMBER_UNKNOWN` */
  block(name: string, reason: string): Promise<Member> {
    return this.#acts.act((act) => block(act, name, reason))
  }

  /** @throws LedgerError `LEDGER_MEMBER_UNKNOWN` */
  unblock(name: string): Promise<Member> {
    return this.#acts.act((act) => unblock(act, name))
  }

  get(name: string): Promise<Member | undefined> {
    return this.#acts.read((db) => findMember(db, name))
  }

  /** Who holds a key whose certificate has not ended. A blocked member is given too: the caller refuses it. */
  byKey(spkiSha256: string): Promise<Member | undefined> {
    return this.#acts.read((db) => memberByKey(db, spkiSha256, this.#acts.now()))
  }

  /** All members by name. */
  list(): Promise<readonly Member[]> {
    return this.#acts.read(listMembers)
  }
}

async function invite({ tx, now, note }: Act, invitation: Invitation): Promise<void> {
  const { name, role, tokenSha256, expiresAt } = invitation
  const token = { token_sha256: tokenSha256, token_expires_at: expiresAt }
  const known = await memberRow(tx, name)
  if (known === undefined) {
    await tx
      .insertInto('member')
      .values({ name, role, state: 'invited', block_reason: null, created_at: now, ...token })
      .execute()
  } else {
    if (known.role !== role) {
      const message = `member ${name} has role ${known.role}, the invitation says ${role}`
      throw new LedgerError('LEDGER_MEMBER_EXISTS', message)
    }
    requireUnblocked(known)
    const invited = await tx
      .updateTable('member')
      .set(token)
      .where('name', '=', name)
      .where('state', '!=', 'blocked')
      .returning('name')
      .executeTakeFirst()
    if (invited === undefined) throw blocked(name, null)
  }
  await note('member.invited', { member: name, role, expiresAt })
}

async function enrol({ tx, now, note }: Act, enrolment: Enrolment): Promise<Member> {
  const { name, tokenSha256 } = enrolment
  const enrolled = await tx
    .updateTable('member')
    .set({ state: 'active', token_sha256: null, token_expires_at: null })
    .where('name', '=', name)
    .where('token_sha256', '=', tokenSha256)
    .where('token_expires_at', '>', now)
    .where('state', '!=', 'blocked')
    .returning('role')
    .executeTakeFirst()
  if (enrolled === undefined) {
    throw new LedgerError('LEDGER_TOKEN_INVALID', `the token for member ${name} is not valid`)
  }
  await tx.deleteFrom('member_key').where('name', '=', name).execute()
  await putKey(tx, name, enrolment)
  await note('member.enrolled', { member: name, role: enrolled.role, ...factsOf(enrolment) })
  return requireMember(tx, name)
}

async function renew({ tx, now, note }: Act, renewal: Renewal): Promise<Member> {
  const { name, previousSpkiSha256 } = renewal
  // Taking the row of the member lets its renewals happen one after the other.
  const row = await tx
    .updateTable('member')
    .set((eb) => ({ state: eb.ref('state') }))
    .where('name', '=', name)
    .returningAll()
    .executeTakeFirst()
  if (row === undefined) throw unknown(name)
  requireUnblocked(row)
  const previous = await tx
    .selectFrom('member_key')
    .select('spki_sha256')
    .where('name', '=', name)
    .where('spki_sha256', '=', previousSpkiSha256)
    .where('not_after', '>', now)
    .executeTakeFirst()
  if (previous === undefined) {
    throw new LedgerError('LEDGER_MEMBER_UNKNOWN', `member ${name} has no such key any more`)
  }
  await tx
    .deleteFrom('member_key')
    .where('name', '=', name)
    .where('spki_sha256', '!=', previousSpkiSha256)
    .execute()
  await tx.updateTable('member_key').set({ is_newest: 0 }).where('name', '=', name).execute()
  await putKey(tx, name, renewal)
  await note('member.renewed', { member: name, ...factsOf(renewal) })
  return requireMember(tx, name)
}

function factsOf({ certificateSha256, spkiSha256, notAfter }: MemberCertificate) {
  return { certificate: certificateSha256, key: spkiSha256, notAfter }
}

/** A key of the member anew, or under its next certificate. */
async function putKey(
  tx: LedgerTransaction,
  name: string,
  { spkiSha256, certificateSha256, notAfter }: MemberCertificate,
): Promise<void> {
  const row = { certificate_sha256: certificateSha256, not_after: notAfter, is_newest: 1 } as const
  const put = await tx
    .insertInto('member_key')
    .values({ spki_sha256: spkiSha256, name, ...row })
    .onConflict((conflict) =>
      conflict.column('spki_sha256').doUpdateSet(row).where('member_key.name', '=', name),
    )
    .returning('name')
    .executeTakeFirst()
  if (put !== undefined) return
  throw new LedgerError('LEDGER_MEMBER_EXISTS', `the key of ${name} belongs to another member`)
}

async function block({ tx, note }: Act, name: string, reason: string): Promise<Member> {
  const changed = await tx
    .updateTable('member')
    .set({ state: 'blocked', block_reason: reason, token_sha256: null, token_expires_at: null })
    .where('name', '=', name)
    .where('state', '!=', 'blocked')
    .returning('name')
    .executeTakeFirst()
  if (changed !== undefined) await note('member.blocked', { member: name, reason })
  return requireMember(tx, name)
}

async function unblock({ tx, note }: Act, name: string): Promise<Member> {
  const keys = await tx.selectFrom('member_key').select('name').where('name', '=', name).execute()
  const changed = await tx
    .updateTable('member')
    .set({ state: keys.length === 0 ? 'invited' : 'active', block_reason: null })
    .where('name', '=', name)
    .where('state', '=', 'blocked')
    .returning('name')
    .executeTakeFirst()
  if (changed !== undefined) await note('member.unblocked', { member: name })
  return requireMember(tx, name)
}

function memberRow(db: Kysely<Tables>, name: string): Promise<MemberRow | undefined> {
  return db.selectFrom('member').selectAll().where('name', '=', name).executeTakeFirst()
}

async function findMember(db: Kysely<Tables>, name: string): Promise<Member | undefined> {
  const row = await memberRow(db, name)
  if (row === undefined) return undefined
  return memberOf(row, await newestKeys(db).where('name', '=', name).executeTakeFirst())
}

function newestKeys(db: Kysely<Tables>) {
  return db.selectFrom('member_key').selectAll().where('is_newest', '=', 1)
}

async function memberByKey(
  db: Kysely<Tables>,
  spkiSha256: string,
  now: number,
): Promise<Member | undefined> {
  const key = await db
    .selectFrom('member_key')
    .select('name')
    .where('spki_sha256', '=', spkiSha256)
    .where('not_after', '>', now)
    .executeTakeFirst()
  return key && findMember(db, key.name)
}

async function listMembers(db: Kysely<Tables>): Promise<readonly Member[]> {
  const rows = await db.selectFrom('member').selectAll().orderBy('name').execute()
  const keys = await newestKeys(db).execute()
  const newest = new Map(keys.map((key) => [key.name, key]))
  return rows.map((row) => memberOf(row, newest.get(row.name)))
}

async function requireMember(db: Kysely<Tables>, name: string): Promise<Member> {
  const member = await findMember(db, name)
  if (member !== undefined) return member
  throw unknown(name)
}

function memberOf(row: MemberRow, key: MemberKeyRow | undefined): Member {
  return {
    name: row.name,
    role: row.role,
    state: row.state,
    ...(key === undefined
      ? {}
      : {
          spkiSha256: key.spki_sha256,
          certificateSha256: key.certificate_sha256,
          notAfter: key.not_after,
        }),
    ...(row.block_reason === null ? {} : { blockReason: row.block_reason }),
    createdAt: row.created_at,
  }
}

function requireUnblocked(row: MemberRow): void {
  if (row.state === 'blocked') throw blocked(row.name, row.block_reason)
}

function blocked(name: string, reason: string | null): LedgerError {
  return new LedgerError('LEDGER_MEMBER_BLOCKED', `member ${name} is blocked: ${reason ?? ''}`)
}

function unknown(name: string): LedgerError {
  return new LedgerError('LEDGER_MEMBER_UNKNOWN', `member ${name} is not in the ledger`)
}
