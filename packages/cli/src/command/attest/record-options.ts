import type { Command } from 'commander'
import { defaultHome, ledgerSpec } from '../options.ts'

/** Adds the options that name the record of a verifier. */
export function withRecordOptions(command: Command): Command {
  return withDatabase(command).option('--tenant <name>', 'whose they are', '0')
}

/** Adds the options that name a database and the key that seals secrets in it. */
export function withDatabase(command: Command): Command {
  return command
    .option('--home <folder>', 'database and keys, unless they are elsewhere', defaultHome)
    .option(
      '--database <spec>',
      'postgres://… or a SQLite file (KEYLINE_LEDGER does the same); ledger.db of --home unless given',
      ledgerSpec,
    )
}
