import { decodeUtf8, isKeylineError, Secret, seededRandom } from '@keyline/bytes'
import { assert, integer, property, record, string, uint8Array } from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  headerLine,
  parseHeader,
  plainLines,
  sealedLines,
  type UnitLines,
  type UnitRecord,
} from './unit-line.ts'

const header = {
  format: 'keyline-units/1',
  batch: '0123456789abcdef',
  order: 'order-1',
  units: 3,
  profile: 'wba',
  iterations: 1000,
  sealed: true,
} as const

const units = record({
  unit: integer({ min: 1, max: 1_000_000 }),
  serialNumber: string({ minLength: 1, maxLength: 32 }),
  passcode: integer({ min: 1, max: 99_999_998 }),
  discriminator: integer({ min: 0, max: 4095 }),
  qr: string({ maxLength: 30 }),
  manual: string({ maxLength: 21 }),
  image: uint8Array({ maxLength: 3000 }),
})

const sealed = sealedLines({
  key: new Secret(new Uint8Array(32).fill(7)),
  random: seededRandom('unit lines'),
  batch: header.batch,
})

const textOf = (line: string): string => line.slice(0, -1)

const sample: UnitRecord = {
  unit: 1,
  serialNumber: 'T-000001',
  passcode: 20202021,
  discriminator: 3840,
  qr: 'MT:Y.K90SO527JA0648G00',
  manual: '34970112332',
  image: Uint8Array.of(1, 2, 3),
}

describe.each<readonly [string, UnitLines]>([
  ['sealed', sealed],
  ['plain', plainLines],
])('a %s line', (_, lines) => {
  it('is read back as it was written, on one line', () => {
    assert(
      property(units, (unit) => {
        const line = lines.write(unit)
        expect(line.indexOf('\n')).toBe(line.length - 1)
        expect(lines.read(textOf(line))).toEqual(unit)
      }),
    )
  })

  it('is refused in every prefix, with another member and with a changed character', () => {
    const line = textOf(lines.write(sample))
    const refused = (text: string): boolean => {
      try {
        const read = lines.read(text)
        return JSON.stringify(lines.read(textOf(lines.write(read)))) === JSON.stringify(read)
      } catch (error) {
        return isKeylineError(error)
      }
    }
    for (let length = 0; length < line.length; length++) {
      expect(() => lines.read(line.slice(0, length))).toThrow(/.+/)
    }
    expect(() => lines.read(line.replace('{', '{"more":1,'))).toThrow(/is wrong at/)
    for (let place = 0; place < line.length; place++) {
      expect(refused(`${line.slice(0, place)}~${line.slice(place + 1)}`)).toBe(true)
    }
  })
})

describe('a sealed line', () => {
  it('shows nothing of the unit but its place and serial number', () => {
    const line = textOf(sealed.write(sample))
    expect(line).toMatch(/^\{"unit":1,"serialNumber":"T-000001","sealed":"[A-Za-z0-9+/]+=*"\}$/)
  })

  it('never looks the same twice', () => {
    expect(textOf(sealed.write(sample))).not.toBe(textOf(sealed.write(sample)))
  })

  it('opens for no other unit', () => {
    const line = textOf(sealed.write(sample))
    const moves = [line.replace('"unit":1', '"unit":2'), line.replace('T-000001', 'T-000002')]
    for (const moved of moves) {
      expect(() => sealed.read(moved)).toThrow(expect.objectContaining({ code: 'SEAL_BROKEN' }))
    }
  })
})

describe('the first line', () => {
  it('is read back as it was written', () => {
    expect(parseHeader(textOf(decodeUtf8(headerLine(header))))).toEqual(header)
  })

  it.each([
    ['another format', { ...header, format: 'keyline-units/2' }],
    ['no batch', { ...header, batch: '' }],
    ['no units', { ...header, units: 0 }],
    ['a member more', { ...header, more: 1 }],
  ])('is refused with %s', (_, wrong) => {
    expect(() => parseHeader(JSON.stringify(wrong))).toThrow(
      expect.objectContaining({ code: 'STATION_BATCH_BROKEN' }),
    )
  })

  it('is refused where it is no JSON', () => {
    expect(() => parseHeader('units')).toThrow(/is no JSON/)
  })
})
