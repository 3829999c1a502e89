import { InvalidArgumentError } from 'commander'
import { CliError } from '../errors.ts'

/** Options that every command of a station takes. */
export interface StationOptions {
  readonly home: string
  readonly ledger?: string
  readonly json?: boolean
  readonly quiet?: boolean
}

/** An empty variable names no folder. */
export const defaultHome = process.env['KEYLINE_HOME'] || 'keyline-data'

/** Reads where the ledger is. A password has no place on a command line, where every user of the machine sees it. */
export function ledgerSpec(text: string): string {
  if (!URL.canParse(text)) return text
  const { password, searchParams } = new URL(text)
  if (password === '' && !searchParams.has('password')) return text
  // The command parser would repeat the value in its own error.
  throw new CliError('CLI_USAGE', 'the address of the database holds a password', {
    remedy: 'set KEYLINE_LEDGER to the address, or keep the password in a pgpass file',
  })
}

export const ledgerOption = [
  '--ledger <spec>',
  'postgres://… or a SQLite file (KEYLINE_LEDGER does the same); the file of --home unless given',
  ledgerSpec,
] as const

/** Reads a whole number of a range for an option. */
export function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text)
    if (/^\d+$/.test(text) && value >= least && value <= most) return value
    throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most}.`)
  }
}

/** Reads a vendor or product id in decimal or `0x` hexadecimal. */
export function id16(text: string): number {
  const value = Number(text)
  if (/^(?:0x[0-9a-f]{1,4}|\d{1,5})$/i.test(text) && value >= 1 && value <= 0xffff) return value
  throw new InvalidArgumentError('It must be 1 to 65535, decimal or 0x hexadecimal.')
}

/** Gathers the values of an option that may be repeated. */
export function collect(value: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), value]
}
