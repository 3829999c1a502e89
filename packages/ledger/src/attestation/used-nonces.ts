import { statement, type Values } from '../database/statement.ts'
import { LedgerError } from '../errors.ts'
import type { Desk } from './desk.ts'

/** Who used a nonce. */
export interface NonceUse {
  /** SHA-256 over content type and body of the request, lower-case hexadecimal. */
  readonly requestHash: string
  /** Milliseconds since 1970: until then it is remembered. */
  readonly expiresAt: number
}

interface Entry extends NonceUse {
  readonly tenant: string
  readonly key: Uint8Array
}

const enterUse = statement((db, { tenant, key, requestHash, expiresAt }: Values<Entry>) =>
  db
    .insertInto('used_nonce')
    .values({ tenant, nonce_key: key, request_hash: requestHash, expires_at: expiresAt })
    .onConflict((conflict) => conflict.columns(['tenant', 'nonce_key']).doNothing())
    .returning('nonce_key'),
)

const useOf = statement((db, { tenant, key }: Values<Pick<Entry, 'tenant' | 'key'>>) =>
  db
    .selectFrom('used_nonce')
    .select('request_hash')
    .where('tenant', '=', tenant)
    .where('nonce_key', '=', key),
)

/** Once when it was taken out between two questions; more often it is not. */
const attempts = 3

/** Nonces and sealed sessions of a tenant that were used, until they expire. */
export class UsedNonces {
  readonly #desk: Desk
  readonly #tenant: string

  constructor(desk: Desk, tenant: string) {
    this.#desk = desk
    this.#tenant = tenant
  }

  /**
   * Enters a use, in one act, whoever else tries.
   * @param key of the nonce, at most 64 octets
   * @returns `new`, or the hash of the request that used it before
   */
  async enter(key: Uint8Array, use: NonceUse): Promise<'new' | { readonly requestHash: string }> {
    const tenant = this.#tenant
    for (let attempt = 1; attempt <= attempts; attempt++) {
      const [entered] = await this.#desk.change((db) => enterUse(db, { ...use, tenant, key }))
      if (entered !== undefined) return 'new'
      const [known] = await this.#desk.read((db) => useOf(db, { tenant, key }))
      if (known !== undefined) return { requestHash: known.request_hash }
    }
    throw new LedgerError('LEDGER_BUSY', 'a nonce is entered and taken out at the same time')
  }

  /** Takes out what has expired. @returns how many */
  async sweep(now: number): Promise<number> {
    const { numDeletedRows } = await this.#desk.change((db) =>
      db
        .deleteFrom('used_nonce')
        .where('tenant', '=', this.#tenant)
        .where('expires_at', '<=', now)
        .executeTakeFirst(),
    )
    return Number(numDeletedRows)
  }
}
