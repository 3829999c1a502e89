import { systemClock, systemRandom, type Clock, type Secret } from '@keyline/bytes'
import { openLedger, type Ledger, type LedgerLocation } from '@keyline/ledger'
import type { Policy } from '@keyline/ledger/records'
import { takeLock, type Lock } from '@keyline/station'
import { CliError } from '../errors.ts'
import { homeAt, makeHome, requireHome, storeKey, type Home } from './home.ts'

export interface StationFolderOptions {
  readonly home: string
  /** `postgres://…`; the SQLite file of the home unless given. */
  readonly ledger?: string | undefined
  readonly policy: Policy
  readonly clock?: Clock | undefined
  /** Refuses a folder without a station instead of making one: for commands that only look. */
  readonly mustExist?: boolean | undefined
}

/** The ledger of a station, held by this process alone until it is closed. */
export interface OpenStation {
  readonly home: Home
  readonly ledger: Ledger
  readonly storeKey: Secret
  close(): Promise<void>
}

/** Opens home, lock and ledger. @throws StationError `STATION_BUSY`, CliError, LedgerError */
export async function openStation(options: StationFolderOptions): Promise<OpenStation> {
  const home = homeAt(options.home)
  if (options.mustExist === true) await requireHome(home)
  await makeHome(home)
  const lock = await takeLock(home.lockFolder, 'station')
  try {
    const key = await storeKey({ home, policy: options.policy, random: systemRandom })
    const ledger = await openLedger({
      database: ledgerLocation(options.ledger ?? process.env['KEYLINE_LEDGER'], home),
      storeKey: key,
      clock: options.clock ?? systemClock,
      random: systemRandom,
      actor: 'station',
    })
    return { home, ledger, storeKey: key, close: () => closeAll(ledger, key, lock) }
  } catch (error) {
    await lock.release()
    throw error
  }
}

export function ledgerLocation(spec: string | undefined, home: Home): LedgerLocation {
  if (spec === undefined || spec === '') return { kind: 'sqlite', file: home.ledgerFile }
  const isPostgres = /^postgres(?:ql)?:\/\//.test(spec)
  if (isPostgres && URL.canParse(spec)) return { kind: 'postgres', url: spec }
  if (isPostgres || /^[a-z]+:\/\//.test(spec)) {
    throw new CliError('CLI_USAGE', 'the ledger is neither a file nor a postgres:// address')
  }
  return { kind: 'sqlite', file: spec }
}

async function closeAll(ledger: Ledger, key: Secret, lock: Lock): Promise<void> {
  await ledger.close()
  key.wipe()
  await lock.release()
}
