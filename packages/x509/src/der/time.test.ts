import { decodeUtf8, encodeUtf8 } from '@keyline/bytes'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import '../../../../test/support/properties.ts'
import { DerReader } from './reader.ts'
import { DerTag } from './tag.ts'
import { derTime, noExpiry } from './time.ts'
import { derValue } from './writer.ts'

function encoded(iso: string): string {
  const { tag, content } = new DerReader(derTime(new Date(iso))).any('time')
  return `${tag === DerTag.utcTime ? 'UTC' : 'Generalized'} ${decodeUtf8(content)}`
}

function decoded(kind: 'UTC' | 'Generalized', text: string): string {
  const tag = kind === 'UTC' ? DerTag.utcTime : DerTag.generalizedTime
  return new DerReader(derValue(tag, encodeUtf8(text))).time('time').toISOString()
}

describe('times of a validity', () => {
  it.each([
    ['1950-01-01T00:00:00.000Z', 'UTC', '500101000000Z'],
    ['1999-12-31T23:59:59.000Z', 'UTC', '991231235959Z'],
    ['2000-01-01T00:00:00.000Z', 'UTC', '000101000000Z'],
    ['2000-02-29T12:00:00.000Z', 'UTC', '000229120000Z'],
    ['2024-02-29T23:59:59.000Z', 'UTC', '240229235959Z'],
    ['2016-12-31T23:59:59.000Z', 'UTC', '161231235959Z'],
    ['2048-02-29T00:00:00.000Z', 'UTC', '480229000000Z'],
    ['2049-12-31T23:59:59.000Z', 'UTC', '491231235959Z'],
    ['2050-01-01T00:00:00.000Z', 'Generalized', '20500101000000Z'],
    ['2052-02-29T00:00:00.000Z', 'Generalized', '20520229000000Z'],
    ['2100-02-28T23:59:59.000Z', 'Generalized', '21000228235959Z'],
    ['2400-02-29T00:00:00.000Z', 'Generalized', '24000229000000Z'],
    ['9999-12-31T23:59:59.000Z', 'Generalized', '99991231235959Z'],
    ['1949-12-31T23:59:59.000Z', 'Generalized', '19491231235959Z'],
    ['0000-02-29T00:00:00.000Z', 'Generalized', '00000229000000Z'],
  ] as const)('write %s as %sTime %s, and read it back', (iso, kind, text) => {
    expect(encoded(iso)).toBe(`${kind} ${text}`)
    expect(decoded(kind, text)).toBe(iso)
  })

  it.each<[kind: 'UTC' | 'Generalized', text: string, what: string]>([
    ['UTC', '230229000000Z', 'a 29 February that the year has not'],
    ['UTC', '000230000000Z', 'a 30 February'],
    ['Generalized', '21000229000000Z', 'a 29 February of a century that is no leap year'],
    ['UTC', '161231235960Z', 'a leap second'],
    ['UTC', '240131240000Z', 'hour 24'],
    ['UTC', '240131006000Z', 'minute 60'],
    ['UTC', '240031000000Z', 'month 0'],
    ['UTC', '241331000000Z', 'month 13'],
    ['UTC', '240100000000Z', 'day 0'],
    ['UTC', '240431000000Z', 'a 31 April'],
    ['UTC', '2401310000Z', 'no seconds'],
    ['UTC', '240131000000', 'no zone'],
    ['UTC', '240131000000+0100', 'another zone'],
    ['UTC', '24013100000 Z', 'a blank'],
    ['Generalized', '20500101000000.5Z', 'a fraction'],
    ['Generalized', '20491231235959Z', 'a GeneralizedTime that UTCTime can say'],
    ['Generalized', '19500101000000Z', 'the first one that UTCTime can say'],
  ])('refuse %sTime %s: %s', (kind, text) => {
    expect(() => decoded(kind, text)).toThrow(expect.objectContaining({ code: 'TIME_MALFORMED' }))
  })

  it('refuse a value that is no time', () => {
    const text = derValue(DerTag.utf8String, encodeUtf8('240131000000Z'))
    expect(() => new DerReader(text).time('notBefore')).toThrow('notBefore is neither')
  })

  it('come back for every second of the years 0 to 9999', () => {
    const second = fc.integer({ min: -62_167_219_200, max: 253_402_300_799 })
    fc.assert(
      fc.property(second, (seconds) => {
        const time = new Date(seconds * 1000)
        expect(new DerReader(derTime(time)).time('time')).toEqual(time)
      }),
    )
  })

  it('drop the fraction of a second', () => {
    expect(encoded('2049-12-31T23:59:59.999Z')).toBe('UTC 491231235959Z')
  })

  it.each([Number.NaN, 253_402_300_800_000, -62_167_219_200_001])('refuse to write %d', (ms) => {
    expect(() => derTime(new Date(ms))).toThrow(expect.objectContaining({ code: 'X509_VALUE' }))
  })

  it('have one value for a certificate without an end', () => {
    expect(encoded(noExpiry.toISOString())).toBe('Generalized 99991231235959Z')
  })
})
