import { encodeUtf8 } from '@keyline/bytes'
import { LedgerError } from '../errors.ts'

const maxOctets = 32

/**
 * Checks a pattern such as `KL-{######}`: printable ASCII around one counter of 1 to 12 digits.
 * @throws LedgerError `LEDGER_SERIAL_PATTERN`
 */
export function checkSerialPattern(pattern: string): void {
  const counters = pattern.match(/\{#{1,12}\}/g) ?? []
  if (counters.length !== 1 || /[^ -~]/.test(pattern)) {
    const message = `serial pattern ${JSON.stringify(pattern)} has ${counters.length} counters`
    throw new LedgerError('LEDGER_SERIAL_PATTERN', message)
  }
  const length = encodeUtf8(pattern).length - 2
  if (length > maxOctets) {
    throw new LedgerError(
      'LEDGER_SERIAL_PATTERN',
      `serial pattern ${JSON.stringify(pattern)} gives ${length} octets, at most ${maxOctets}`,
    )
  }
}

/** The serial number of a number, zero-padded; `undefined` when it has more digits than the pattern. */
export function formatSerialNumber(pattern: string, number: number): string | undefined {
  const counter = /\{(#{1,12})\}/.exec(pattern)
  const digits = String(number).padStart(counter?.[1]?.length ?? 0, '0')
  if (counter === null || digits.length > counter[0].length - 2) return undefined
  return pattern.replace(counter[0], () => digits)
}
