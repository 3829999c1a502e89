import { systemClock, systemRandom } from '@keyline/bytes'
import type { AttestationRecord } from '@keyline/ledger/attestation'
import type { Policy } from '@keyline/ledger/records'
import { homeAt, makeHome, storeKey } from '../home.ts'
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

/** A record that is open, and what ends it. */
export interface OpenRecord {
  readonly record: AttestationRecord
  readonly close: () => Promise<void>
}

/** Opens the record of a verifier in its database. @throws CliError `CLI_STORE_KEY`, `CLI_FILE`; LedgerError */
export async function openRecord(options: RecordOptions, actor: string): Promise<OpenRecord> {
  const { policy = 'test' } = options
  const home = homeAt(options.home)
  await makeHome(home)
  const sealing = await storeKey({ home, policy, random: systemRandom })
  try {
    const { openAttestationRecord } = await import('@keyline/ledger/attestation')
    const record = await openAttestationRecord({
      database: ledgerLocation(options.database ?? process.env['KEYLINE_LEDGER'], home),
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

/** Lets the work have an open record. */
export async function withRecord<T>(
  options: RecordOptions,
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
