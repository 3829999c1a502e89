import { decodeUtf8, systemClock, toHex } from '@keyline/bytes'
import { p256Spki, sha256 } from '@keyline/crypto'
import { LedgerError, type Ledger } from '@keyline/ledger'
import type { IdentityLookup } from '@keyline/matter'
import { openStation } from './open-station.ts'

/**
 * Serial numbers and DAC keys that a ledger has. It stores no unique id of the rotating device id, and passcodes are sealed
 * in it: of these two a batch is compared with itself alone.
 */
export function ledgerIdentities(ledger: Ledger): IdentityLookup {
  return {
    has: async (kind, value) => {
      if (kind === 'serialNumber') {
        return isUnitKnown(ledger, typeof value === 'string' ? value : decodeUtf8(value))
      }
      const isKey = kind === 'dacPublicKey' && typeof value !== 'string' && value.length === 65
      return isKey && (await ledger.isKeyKnown(toHex(sha256(p256Spki(value)))))
    },
  }
}

async function isUnitKnown(ledger: Ledger, serialNumber: string): Promise<boolean> {
  try {
    return (await ledger.unit(serialNumber)) !== undefined
  } catch (error) {
    if (error instanceof LedgerError && error.code === 'LEDGER_UNIT_AMBIGUOUS') return true
    throw error
  }
}

export interface ExistingOptions {
  /** Folder of the station whose ledger is asked; no ledger is asked unless given. */
  readonly home?: string
  readonly ledger?: string
}

/** Runs the work with the identities of a station's ledger, and closes it. @throws CliError `CLI_NO_STATION` */
export async function withExisting<T>(
  { home, ledger }: ExistingOptions,
  work: (existing: IdentityLookup | undefined) => Promise<T>,
): Promise<T> {
  if (home === undefined) return work(undefined)
  const station = await openStation({
    home,
    ledger,
    policy: 'test',
    clock: systemClock,
    mustExist: true,
  })
  try {
    return await work(ledgerIdentities(station.ledger))
  } finally {
    await station.close()
  }
}
