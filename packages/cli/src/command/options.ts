import { InvalidArgumentError } from 'commander'

/** Options that every command of a station takes. */
export interface StationOptions {
  readonly home: string
  readonly ledger?: string
  readonly json?: boolean
  readonly quiet?: boolean
}

export const defaultHome = process.env['KEYLINE_HOME'] ?? 'keyline-data'

/** Reads a whole number of a range for an option. */
export function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text)
    if (/^\d+$/.test(text) && value >= least && value <= most) return value
    throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most}.`)
  }
}

/** Reads a 16-bit id in decimal or `0x` hexadecimal. */
export function id16(text: string): number {
  const value = Number(text)
  if (/^(?:0x[0-9a-f]{1,4}|\d{1,5})$/i.test(text) && value <= 0xffff) return value
  throw new InvalidArgumentError('It must be 0 to 65535, decimal or 0x hexadecimal.')
}
