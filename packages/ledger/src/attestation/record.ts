import type { Secret } from '@keyline/bytes'
import { sql } from 'kysely'
import type { Database, Reader } from '../database/database.ts'
import type { Ledger } from '../ledger.ts'
import { partsOf } from '../ledger-parts.ts'
import { openActor, type LedgerOptions } from '../open-ledger.ts'
import type { Actor } from '../store/act.ts'
import { addSetting, findSetting, putSetting } from '../store/settings.ts'
import type { Vault } from '../store/vault.ts'
import { ChangeFeed } from './change-feed.ts'
import { Credentials } from './credentials.ts'
import { Desk } from './desk.ts'
import { AttestationTenant } from './tenant.ts'

/** How the record keeps what it trusts in memory. */
export interface AttestationSettings {
  /** How often it looks for what other processes have changed; 500 ms unless given. */
  readonly pollMs?: number | undefined
  /** How old what is in memory may be; 5000 ms unless given. */
  readonly staleAfterMs?: number | undefined
  /** Most anchors in memory for each tenant, about 130 octets each; 2 million unless given. */
  readonly anchorCapacity?: number | undefined
  /** Whether registered symmetric keys are trusted; off unless given (attestation-verifier 5.2). */
  readonly symmetricKeys?: boolean | undefined
}

export interface AttestationRecordOptions
  extends Omit<LedgerOptions, 'checkpoints' | 'policy'>, AttestationSettings {}

interface RecordParts {
  readonly database: Database
  readonly reader: Reader
  readonly acts: Actor
  readonly vault: Vault
  readonly settings: AttestationSettings
  /** Ends what was opened for the record. */
  readonly close: () => Promise<void>
  readonly clock: LedgerOptions['clock']
  /** Of the ledger that the record belongs to. */
  readonly ledgerLife?: { readonly isOver: boolean } | undefined
}

const usualPollMs = 500
const usualStaleAfterMs = 5000
const usualCapacity = 2_000_000

/**
 * The record of the verifier over SQL: whom it trusts, which sessions it has, what it has judged. Every method that throws
 * means: could not check.
 */
export class AttestationRecord {
  readonly #parts: RecordParts
  readonly #desk: Desk
  readonly #feed: ChangeFeed
  readonly #tenants = new Map<string, AttestationTenant>()
  readonly #life: { isOver: boolean; readonly ledger: { readonly isOver: boolean } | undefined }
  readonly credentials: Credentials

  /** Made by `openAttestationRecord` or `attestationOf`. */
  constructor(parts: RecordParts) {
    this.#parts = parts
    const { settings, ledgerLife } = parts
    const life = { isOver: false, ledger: ledgerLife }
    this.#life = life
    this.#desk = new Desk({
      ...parts,
      life: {
        get isOver() {
          return life.isOver || life.ledger?.isOver === true
        },
      },
    })
    this.#feed = new ChangeFeed({
      desk: this.#desk,
      pollMs: settings.pollMs ?? usualPollMs,
      staleAfterMs: settings.staleAfterMs ?? usualStaleAfterMs,
      forget: (change) => this.#tenants.get(change.tenant)?.forget(change),
      forgetAll: () => {
        for (const tenant of this.#tenants.values()) tenant.forgetAll()
      },
    })
    this.credentials = new Credentials(this.#desk)
  }

  /**
   * What is kept of a tenant; the default one is `0`. It stays in memory while the record is open, so that names come from a
   * configuration and not from whoever asks.
   */
  tenant(name: string): AttestationTenant {
    const known = this.#tenants.get(name)
    if (known !== undefined) return known
    const { vault, settings } = this.#parts
    const tenant = new AttestationTenant({
      desk: this.#desk,
      feed: this.#feed,
      vault,
      tenant: name,
      anchorCapacity: settings.anchorCapacity ?? usualCapacity,
      symmetricKeys: settings.symmetricKeys ?? false,
    })
    this.#tenants.set(name, tenant)
    return tenant
  }

  /** What the servers of one record share, sealed. */
  setting(name: string): Promise<Secret | undefined> {
    return this.#desk.read((db) => findSetting(db, name, this.#parts.vault))
  }

  /** Seals a value under a name; an earlier one is replaced. */
  setSetting(name: string, value: Secret): Promise<void> {
    return this.#desk.act((act) => putSetting(act, name, value, this.#parts.vault))
  }

  /** Seals a value under a name that has none yet, whoever else tries. @returns whether it was stored */
  addSetting(name: string, value: Secret): Promise<boolean> {
    return this.#desk.act((act) => addSetting(act, name, value, this.#parts.vault))
  }

  /**
   * Whether the database answers and what is in memory is fresh.
   * @throws LedgerError `LEDGER_UNAVAILABLE`, `LEDGER_BUSY`, `LEDGER_STALE`
   */
  async ping(): Promise<void> {
    await this.#desk.change((db) => sql`select 1`.execute(db))
    await this.#feed.refresh()
  }

  /** Closing again changes nothing. A ledger that the record was made of stays open. */
  async close(): Promise<void> {
    if (this.#life.isOver) return
    this.#life.isOver = true
    this.#feed.close()
    await this.#parts.clock.during(() => this.#parts.close())
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}

/**
 * Opens the record in a database of its own or in that of a ledger, and brings its schema forward.
 * @throws LedgerError `LEDGER_UNAVAILABLE`, `LEDGER_DRIVER`, `LEDGER_SCHEMA`, `LEDGER_STORE_KEY`, `LEDGER_DAMAGED`
 */
export async function openAttestationRecord(
  options: AttestationRecordOptions,
): Promise<AttestationRecord> {
  const { clock } = options
  return clock.during(async () => {
    const { database, vault, acts } = await openActor(options)
    try {
      const reader = await database.openReader()
      const close = async (): Promise<void> => {
        await reader.close()
        await database.kysely.destroy()
      }
      return new AttestationRecord({
        database,
        reader,
        acts,
        vault,
        settings: options,
        clock,
        close,
      })
    } catch (error) {
      await database.kysely.destroy()
      throw error
    }
  })
}

/** The record in the database of an open ledger, which must outlive it. */
export async function attestationOf(
  ledger: Ledger,
  settings: AttestationSettings = {},
): Promise<AttestationRecord> {
  const { database, vault, acts, clock, life } = partsOf(ledger)
  const reader = await clock.during(() => database.openReader())
  return new AttestationRecord({
    database,
    reader,
    acts,
    vault,
    clock,
    settings,
    ledgerLife: life,
    close: () => reader.close(),
  })
}
