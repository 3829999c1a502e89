import { decode } from 'fast-png'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import '../../../../test/support/properties.ts'
import {
  alphanumeric,
  isSet,
  readSymbol,
  type Modules,
} from '../../../../test/support/read-symbol.ts'
import { isTextDark, glyphHeight, textWidth } from './bitmap-digits.ts'
import { qrPng } from './symbol-png.ts'
import { qrLevels, qrModules, qrSvg, qrTerminal } from './symbol.ts'

/** 22 characters, one payload without TLV. */
const label = 'MT:Y.K9042C00KA0648G00'

/** Pixels of a PNG of one bit, true is dark. */
function pixelsOf(png: Uint8Array): { width: number; height: number; rows: Modules } {
  const { width, height, data, depth, channels } = decode(png, { checkCrc: true })
  expect({ depth, channels }).toEqual({ depth: 1, channels: 1 })
  const stride = Math.ceil(width / 8)
  const rows = Array.from({ length: height }, (_, y) =>
    Array.from(
      { length: width },
      (__, x) => (((data[y * stride + (x >> 3)] ?? 0) >> (7 - (x & 7))) & 1) === 0,
    ),
  )
  return { width, height, rows }
}

/** The middle pixel of each module. */
function modulesOf(rows: Modules, count: number, scale: number, quietZone: number): Modules {
  return Array.from({ length: count }, (_, row) =>
    Array.from({ length: count }, (__, column) => {
      const y = Math.floor((quietZone + row + 0.5) * scale)
      return isSet(rows, y, Math.floor((quietZone + column + 0.5) * scale))
    }),
  )
}

describe('a QR symbol', () => {
  it.each([
    ['L', 21],
    ['M', 25],
    ['Q', 25],
  ] as const)('of level %s is read by the standard, %s modules wide', (level, size) => {
    const modules = qrModules(label, { level })
    expect(modules).toHaveLength(size)
    expect(readSymbol(modules)).toEqual({ level, mode: 0b0010, text: label })
  })

  it('of any 22 characters of the alphanumeric set is read back', () => {
    const texts = fc
      .array(fc.constantFrom(...Array.from(alphanumeric)), { minLength: 22, maxLength: 22 })
      .map((characters) => characters.join(''))
    fc.assert(
      fc.property(texts, (text) => {
        // A text of digits alone takes the numeric mode.
        fc.pre(/[^0-9]/.test(text))
        expect(readSymbol(qrModules(text)).text).toBe(text)
      }),
    )
  })

  it('refuses more characters than the largest symbol holds', () => {
    for (const level of qrLevels) {
      expect(() => qrModules('A'.repeat(4297), { level })).toThrow(
        expect.objectContaining({ code: 'ONBOARDING_QR' }),
      )
    }
    expect(qrModules('A'.repeat(4296), { level: 'L' })).toHaveLength(177)
  })

  it('has the quiet zone that is asked for', () => {
    expect(qrSvg(label)).toContain('viewBox="0 0 33 33"')
    expect(qrSvg(label, { quietZone: 2, level: 'L' })).toContain('viewBox="0 0 25 25"')
    expect(qrSvg(label, { quietZone: 0 })).toContain('M0 0h7')
    expect(qrTerminal(label, { level: 'L' }).split('\n')[0]).toHaveLength(29)
  })
})

/** Five pixels in each of seven rows. */
function drawn(character: string): string {
  const rows = Array.from({ length: glyphHeight }, (_, row) =>
    Array.from({ length: 5 }, (__, column) => (isTextDark(character, row, column) ? '#' : '.')),
  )
  return rows.map((row) => row.join('')).join('\n')
}

describe('a QR symbol as PNG', () => {
  it('holds the modules of the symbol inside its quiet zone', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 0, max: 5 }),
        fc.constantFrom(...qrLevels),
        (scale, quietZone, level) => {
          const modules = qrModules(label, { level })
          const { width, height, rows } = pixelsOf(qrPng(label, { scale, quietZone, level }))
          const side = (modules.length + 2 * quietZone) * scale
          expect({ width, height }).toEqual({ width: side, height: side })
          expect(modulesOf(rows, modules.length, scale, quietZone)).toEqual(modules)
          const dark = rows.flat().filter(Boolean).length
          expect(dark).toBe(modules.flat().filter(Boolean).length * scale * scale)
        },
      ),
    )
  })

  it.each([
    ['34970112332', '3497-011-2332', 3],
    ['619156140465523329207', '6191-561-4046-55233-29207', 1],
  ])('shows the manual code %s below', (manualCode, text, scale) => {
    const { width, height, rows } = pixelsOf(qrPng(label, { manualCode }))
    expect({ width, height }).toEqual({ width: 264, height: 264 + 8 * scale })
    expect(modulesOf(rows, 25, 8, 4)).toEqual(qrModules(label))
    const left = Math.floor((width - textWidth(text) * scale) / 2)
    const shown = Array.from({ length: glyphHeight }, (_, row) =>
      Array.from({ length: textWidth(text) }, (__, column) =>
        isSet(rows, 264 + row * scale, left + column * scale),
      ),
    )
    const wanted = shown.map((columns, row) => columns.map((__, c) => isTextDark(text, row, c)))
    expect(shown).toEqual(wanted)
  })

  it('draws digits that a person can tell apart', () => {
    expect(drawn('4')).toBe(
      ['...#.', '..##.', '.#.#.', '#..#.', '#####', '...#.', '...#.'].join('\n'),
    )
    expect(drawn('-')).toBe(
      ['.....', '.....', '.....', '.###.', '.....', '.....', '.....'].join('\n'),
    )
    expect(new Set(Array.from('0123456789-', drawn)).size).toBe(11)
    expect(drawn('x')).not.toContain('#')
  })

  it.each([
    ['a scale of 0', { scale: 0 }],
    ['a scale that is not whole', { scale: 1.5 }],
    ['a quiet zone below 0', { quietZone: -1 }],
    ['no room for the manual code', { scale: 2, manualCode: '34970112332' }],
  ])('refuses %s', (_, options) => {
    expect(() => qrPng(label, options)).toThrow(
      expect.objectContaining({ code: 'ONBOARDING_VALUE' }),
    )
  })
})
