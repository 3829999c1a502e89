import { encodeUtf8 } from '@keyline/bytes'
import { X509Error } from '../errors.ts'
import { DerTag } from './tag.ts'
import { derValue } from './writer.ts'

/** `99991231235959Z`: a certificate without an end (RFC 5280 section 4.1.2.5). */
export const noExpiry: Readonly<Date> = new Date(Date.UTC(9999, 11, 31, 23, 59, 59))

const firstUtcTime = Date.UTC(1950, 0, 1)
const firstGeneralizedTime = Date.UTC(2050, 0, 1)

/**
 * Time of a validity: UTCTime from 1950 through 2049, GeneralizedTime otherwise, whole seconds (a fraction is dropped).
 * @throws X509Error `X509_VALUE` outside the years 0 … 9999
 */
export function derTime(time: Readonly<Date>): Uint8Array<ArrayBuffer> {
  const ms = time.getTime()
  if (!(ms >= -62_167_219_200_000 && ms < 253_402_300_800_000)) {
    throw new X509Error('X509_VALUE', 'a time of a certificate must lie in the years 0 to 9999')
  }
  const iso = time.toISOString()
  const date = iso.slice(2, 4) + iso.slice(5, 7) + iso.slice(8, 10)
  const clock = `${iso.slice(11, 13)}${iso.slice(14, 16)}${iso.slice(17, 19)}Z`
  return ms >= firstUtcTime && ms < firstGeneralizedTime
    ? derValue(DerTag.utcTime, encodeUtf8(date + clock))
    : derValue(DerTag.generalizedTime, encodeUtf8(iso.slice(0, 2) + date + clock))
}

/**
 * Reads the digits from `start` up to `end`: UTCTime `YYMMDDHHMMSSZ` (50 … 99 are the years 1950 … 1999) or
 * GeneralizedTime `YYYYMMDDHHMMSSZ`, the latter only where UTCTime cannot say it. The day must exist; a leap second
 * cannot be written.
 * @throws X509Error `TIME_MALFORMED`
 */
export function readTime(
  octets: Uint8Array,
  { tag, start, end }: { readonly tag: number; readonly start: number; readonly end: number },
  field: string,
): Date {
  const isUtc = tag === DerTag.utcTime
  if (!isUtc && tag !== DerTag.generalizedTime) {
    throw new X509Error('TIME_MALFORMED', `${field} is neither UTCTime nor GeneralizedTime`)
  }
  const yearDigits = isUtc ? 2 : 4
  const expected = yearDigits + 11
  if (end - start !== expected || octets[end - 1] !== 0x5a) {
    throw new X509Error('TIME_MALFORMED', `${field} must have ${expected - 1} digits and Z`)
  }
  const pair = (offset: number): number => twoDigits(octets, start + offset, field)
  const short = pair(yearDigits - 2)
  const year = isUtc ? short + (short < 50 ? 2000 : 1900) : pair(0) * 100 + short
  const month = pair(yearDigits)
  const day = pair(yearDigits + 2)
  const hour = pair(yearDigits + 4)
  const minute = pair(yearDigits + 6)
  const second = pair(yearDigits + 8)
  const exists =
    month >= 1 &&
    month <= 12 &&
    day >= 1 &&
    day <= daysOf(month, year) &&
    hour < 24 &&
    minute < 60 &&
    second < 60
  if (!exists) throw new X509Error('TIME_MALFORMED', `${field} is not a time that exists`)
  if (!isUtc && year >= 1950 && year < 2050) {
    throw new X509Error('TIME_MALFORMED', `${field} must be UTCTime through 2049`)
  }
  const time = new Date(Date.UTC(year, month - 1, day, hour, minute, second))
  // The runtime takes 0 to 99 for years of the twentieth century.
  if (year < 100) time.setUTCFullYear(year, month - 1, day)
  return time
}

function daysOf(month: number, year: number): number {
  if (month !== 2) return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
  return isLeap ? 29 : 28
}

function twoDigits(octets: Uint8Array, offset: number, field: string): number {
  const tens = (octets[offset] ?? 0) - 0x30
  const ones = (octets[offset + 1] ?? 0) - 0x30
  if (tens < 0 || tens > 9 || ones < 0 || ones > 9) {
    throw new X509Error('TIME_MALFORMED', `${field} has something else than a digit at ${offset}`)
  }
  return tens * 10 + ones
}
