import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { systemClock, systemRandom } from '@keyline/bytes'
import type { AttestationRecord } from '@keyline/ledger/attestation'
import type { Policy } from '@keyline/ledger/records'
import type { LedgerLocation } from '@keyline/ledger'
import { CliError } from '../../errors.ts'
import { homeAt, makeHome, storeKey, type Home } from '../home.ts'
import { ledgerLocation } from '../open-station.ts'

/** Where a verifier keeps what it trusts and what it has judged. */
export interface RecordOptions {
  /** Folder of the key that seals secrets, and of the database unless one is named. */
  readonly home: string
  /** `postgres://…`, or a SQLite file. */
  readonly database?: string | undefined
  /** Whose key may rest in the folder; `test` unless given. */
  readonly policy?: Policy | undefined
}

/** For commands that only ask: a database that is not there is named, and not made. */
export interface OpenOptions extends RecordOptions {
  readonly mustExist?: boolean | undefined
}

/** A record that is open, and what ends it. */
export interface OpenRecord {
  readonly record: AttestationRecord
  readonly close: () => Promise<void>
}

/** Opens the record of a verifier in its database. @throws CliError `CLI_STORE_KEY`, `CLI_FILE`; LedgerError */
export async function openRecord(options: OpenOptions, actor: string): Promise<OpenRecord> {
  const { policy = 'test' } = options
  const home = homeAt(options.home)
  const database = ledgerLocation(options.database ?? process.env['KEYLINE_LEDGER'], home)
  if (options.mustExist === true) await requireRecord(home, database)
  await makeHome(home)
  const sealing = await storeKey({ home, policy, random: systemRandom })
  try {
    const { openAttestationRecord } = await import('@keyline/ledger/attestation')
    const record = await openAttestationRecord({
      database,
      storeKey: sealing,
      clock: systemClock,
      random: systemRandom,
      actor,
    })
    return {
      record,
      close: async () => {
        await record.close()
        sealing.wipe()
      },
    }
  } catch (error) {
    sealing.wipe()
    throw error
  }
}

async function requireRecord(home: Home, database: LedgerLocation): Promise<void> {
  const named = process.env['KEYLINE_STORE_KEY_FILE'] ?? ''
  const key = join(home.folder, 'store.key')
  if (database.kind === 'sqlite' && !(await isThere(database.file))) {
    throw new CliError('CLI_FILE', `the database ${database.file} is not there`, {
      remedy: 'name that of `keyline attest serve` with --database, or its folder with --home',
    })
  }
  if (named === '' && !(await isThere(key))) {
    throw new CliError('CLI_STORE_KEY', `${key} is not there`, {
      remedy:
        'name the folder of the service with --home, or its store key with KEYLINE_STORE_KEY_FILE',
    })
  }
}

async function isThere(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined
}

/** Lets the work have an open record. */
export async function withRecord<T>(
  options: OpenOptions,
  actor: string,
  work: (record: AttestationRecord) => Promise<T>,
): Promise<T> {
  const { record, close } = await openRecord(options, actor)
  try {
    return await work(record)
  } finally {
    await close()
  }
}
