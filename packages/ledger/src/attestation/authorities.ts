import { canonicalJson, parseJson, toHex } from '@keyline/bytes'
import { sha256 } from '@keyline/crypto'
import {
  certificateAnchor,
  authorityName,
  type CertificateAnchorInput,
  type CertificateTrust,
} from '@keyline/verifier'
import type { Kysely } from 'kysely'
import { z } from 'zod'
import type { X509AnchorRow, X509DeniedRow } from '../database/attestation-schema.ts'
import type { Tables } from '../database/schema.ts'
import type { Act } from '../store/act.ts'
import { announceChanges, type TrustChange } from '../store/trust-changes.ts'
import type { Desk } from './desk.ts'

/** An authority as it is trusted. */
export interface Authority extends CertificateAnchorInput {
  /** SHA-256 of the certificate, hexadecimal: its name. */
  readonly sha256: string
  readonly subject: string
  /** Milliseconds since 1970. */
  readonly addedAt: number
}

/** Certificates that are refused whoever signed them: serial numbers and SHA-256 of keys are lower-case hexadecimal. */
export interface Denial {
  readonly kind: X509DeniedRow['kind']
  readonly value: string
  readonly reason: string
}

export interface AuthorityParts {
  readonly desk: Desk
  readonly tenant: string
  readonly forget: (changes: readonly TrustChange[]) => void
}

/** Authorities of device certificates that a tenant trusts, and certificates that it does not (attestation-verifier 5.3). */
export class Authorities {
  readonly #parts: AuthorityParts

  constructor(parts: AuthorityParts) {
    this.#parts = parts
  }

  /**
   * Trusts an authority; again: with these settings.
   * @returns SHA-256 of its certificate
   * @throws X509Error for what is no certificate
   */
  async trust(input: CertificateAnchorInput): Promise<string> {
    const { tenant } = this.#parts
    const subject = authorityName(certificateAnchor(input))
    const name = toHex(sha256(input.certificate))
    const { subjectPrefixes, acceptUnregistered = false } = input
    const settings = {
      subject_prefixes: subjectPrefixes === undefined ? null : canonicalJson([...subjectPrefixes]),
      accept_unregistered: acceptUnregistered ? 1 : 0,
    } as const
    await this.#change(async ({ tx, now, note }, announce) => {
      const row = { tenant, sha256: name, subject, der: input.certificate, added_at: now }
      await tx
        .insertInto('x509_anchor')
        .values({ ...row, ...settings })
        .onConflict((conflict) => conflict.columns(['tenant', 'sha256']).doUpdateSet(settings))
        .execute()
      await announce()
      await note('authority.trusted', { tenant, certificate: name, subject, acceptUnregistered })
    })
    return name
  }

  /** @param name SHA-256 of its certificate. @returns whether it was trusted */
  remove(name: string): Promise<boolean> {
    const { tenant } = this.#parts
    return this.#change(async ({ tx, note }, announce) => {
      const removed = await tx
        .deleteFrom('x509_anchor')
        .where('tenant', '=', tenant)
        .where('sha256', '=', name)
        .returning('subject')
        .executeTakeFirst()
      if (removed === undefined) return false
      await announce()
      await note('authority.removed', { tenant, certificate: name, subject: removed.subject })
      return true
    })
  }

  /** By subject. */
  list(): Promise<readonly Authority[]> {
    const { desk, tenant } = this.#parts
    return desk.read(async (db) => (await authorityRows(db, tenant)).map(authorityOf))
  }

  /** Puts a certificate on the deny list; again: the first reason stands. */
  async deny({ kind, value, reason }: Denial): Promise<void> {
    const { tenant } = this.#parts
    await this.#change(async ({ tx, now, note }, announce) => {
      const denied = await tx
        .insertInto('x509_denied')
        .values({ tenant, kind, value, reason, denied_at: now })
        .onConflict((conflict) => conflict.columns(['tenant', 'kind', 'value']).doNothing())
        .returning('value')
        .executeTakeFirst()
      if (denied === undefined) return
      await announce()
      await note('certificate.denied', { tenant, kind, value, reason })
    })
  }

  /** @returns whether it was on the deny list */
  allow({ kind, value }: Omit<Denial, 'reason'>): Promise<boolean> {
    const { tenant } = this.#parts
    return this.#change(async ({ tx, note }, announce) => {
      const allowed = await tx
        .deleteFrom('x509_denied')
        .where('tenant', '=', tenant)
        .where('kind', '=', kind)
        .where('value', '=', value)
        .returning('value')
        .executeTakeFirst()
      if (allowed === undefined) return false
      await announce()
      await note('certificate.allowed', { tenant, kind, value })
      return true
    })
  }

  denied(): Promise<readonly Denial[]> {
    const { desk, tenant } = this.#parts
    return desk.read(async (db) => {
      const rows = await denialRows(db, tenant)
      return rows.map(({ kind, value, reason }) => ({ kind, value, reason }))
    })
  }

  async #change<T>(work: (act: Act, announce: () => Promise<void>) => Promise<T>): Promise<T> {
    const { desk, tenant, forget } = this.#parts
    const changes = [{ tenant, kind: 'certificates', subject: null } as const]
    const result = await desk.act((act) => work(act, () => announceChanges(act.tx, changes)))
    forget(changes)
    return result
  }
}

export async function readCertificateTrust(
  db: Kysely<Tables>,
  tenant: string,
): Promise<CertificateTrust> {
  const anchors = (await authorityRows(db, tenant)).map((row) =>
    certificateAnchor(authorityOf(row)),
  )
  const rows = await denialRows(db, tenant)
  const valuesOf = (kind: Denial['kind']): ReadonlySet<string> =>
    new Set(rows.flatMap((row) => (row.kind === kind ? [row.value] : [])))
  return {
    anchors,
    denied: {
      serialNumbers: valuesOf('serial-number'),
      subjects: valuesOf('subject'),
      keyHashes: valuesOf('key-hash'),
    },
  }
}

function authorityRows(db: Kysely<Tables>, tenant: string): Promise<readonly X509AnchorRow[]> {
  return db
    .selectFrom('x509_anchor')
    .selectAll()
    .where('tenant', '=', tenant)
    .orderBy('subject')
    .orderBy('sha256')
    .execute()
}

function denialRows(db: Kysely<Tables>, tenant: string): Promise<readonly X509DeniedRow[]> {
  return db
    .selectFrom('x509_denied')
    .selectAll()
    .where('tenant', '=', tenant)
    .orderBy('kind')
    .orderBy('value')
    .execute()
}

const Prefixes = z.array(z.string())

function authorityOf(row: X509AnchorRow): Authority {
  return {
    sha256: row.sha256,
    subject: row.subject,
    certificate: Uint8Array.from(row.der),
    addedAt: row.added_at,
    acceptUnregistered: row.accept_unregistered === 1,
    ...(row.subject_prefixes === null
      ? {}
      : { subjectPrefixes: Prefixes.parse(parseJson(row.subject_prefixes, 'subject prefixes')) }),
  }
}
