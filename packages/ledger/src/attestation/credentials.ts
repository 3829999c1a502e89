import { canonicalJson, parseJson } from '@keyline/bytes'
import { z } from 'zod'
import type { VerifierCredentialRow } from '../database/attestation-schema.ts'
import { statement, type Values } from '../database/statement.ts'
import type { Desk } from './desk.ts'

const Role = z.enum(['provisioner', 'manager', 'client', 'auditor'])

/** A name that may ask the verifier (V15, V38). */
export interface StoredCredential {
  readonly name: string
  readonly kind: VerifierCredentialRow['kind']
  readonly roles: readonly z.infer<typeof Role>[]
  /** What a password or key is checked with; neither of them is stored. */
  readonly verifier: string
  /** Milliseconds since 1970. */
  readonly expiresAt?: number | undefined
  readonly createdAt: number
}

const credentialByName = statement((db, { name }: Values<{ name: string }>) =>
  db.selectFrom('verifier_credential').selectAll().where('name', '=', name),
)

const credentialByKey = statement((db, { sha256 }: Values<{ sha256: string }>) =>
  db
    .selectFrom('verifier_credential')
    .selectAll()
    .where('verifier', '=', sha256)
    .where('kind', '=', 'api-key'),
)

/** Credentials of a verifier, over all tenants. */
export class Credentials {
  readonly #desk: Desk

  constructor(desk: Desk) {
    this.#desk = desk
  }

  /** @returns false when the name is taken */
  add(credential: StoredCredential, actor: string): Promise<boolean> {
    const { name, kind, roles, verifier, expiresAt, createdAt } = credential
    return this.#desk.as(actor).act(async ({ tx, note }) => {
      const added = await tx
        .insertInto('verifier_credential')
        .values({
          name,
          kind,
          roles: canonicalJson([...roles]),
          verifier,
          expires_at: expiresAt ?? null,
          created_at: createdAt,
        })
        .onConflict((conflict) => conflict.column('name').doNothing())
        .returning('name')
        .executeTakeFirst()
      if (added === undefined) return false
      const until = expiresAt === undefined ? {} : { expiresAt }
      await note('credential.added', { name, kind, roles: roles.join(' '), ...until })
      return true
    })
  }

  async findName(name: string): Promise<StoredCredential | undefined> {
    const [row] = await this.#desk.read((db) => credentialByName(db, { name }))
    return row && credentialOf(row)
  }

  async findKey(sha256: string): Promise<StoredCredential | undefined> {
    const [row] = await this.#desk.read((db) => credentialByKey(db, { sha256 }))
    return row && credentialOf(row)
  }

  /** By name. */
  list(): Promise<readonly StoredCredential[]> {
    return this.#desk.read(async (db) => {
      const rows = await db.selectFrom('verifier_credential').selectAll().orderBy('name').execute()
      return rows.map(credentialOf)
    })
  }

  /** @returns whether there was one */
  remove(name: string, actor: string): Promise<boolean> {
    return this.#desk.as(actor).act(async ({ tx, note }) => {
      const removed = await tx
        .deleteFrom('verifier_credential')
        .where('name', '=', name)
        .returning('kind')
        .executeTakeFirst()
      if (removed === undefined) return false
      await note('credential.removed', { name, kind: removed.kind })
      return true
    })
  }
}

function credentialOf(row: VerifierCredentialRow): StoredCredential {
  return {
    name: row.name,
    kind: row.kind,
    roles: z.array(Role).parse(parseJson(row.roles, 'roles of a credential')),
    verifier: row.verifier,
    ...(row.expires_at === null ? {} : { expiresAt: row.expires_at }),
    createdAt: row.created_at,
  }
}
