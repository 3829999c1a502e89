import { describe, expect, it } from 'vitest'
import { bitChoice, bitFields, bits, flag, flagSet } from './bit-fields.ts'
import {
  chain,
  choice,
  lengthPrefixed,
  list,
  listToEnd,
  mapped,
  prefixedBy,
  remaining,
} from './combinators.ts'
import { fromHex, toHex } from './hex.ts'
import { decode, encode, layout, octets, u16be, u8, type Field } from './layout.ts'

function expectBothWays<T>(field: Field<T>, value: T, hex: string): void {
  expect(toHex(encode(field, value, 'value'))).toBe(hex)
  expect(decode(field, fromHex(hex), 'value')).toEqual(value)
}

describe('combinators of layouts', () => {
  it('takes what is left of the input within its bounds', () => {
    const tail = layout({ slot: u8, data: remaining(1, 3) })
    expectBothWays(tail, { slot: 7, data: fromHex('aabb') }, '07aabb')
    expect(() => decode(tail, fromHex('07'), 'tail')).toThrow(/expected 1 octets/)
    expect(() => decode(tail, fromHex('0701020304'), 'tail')).toThrow(/4 octets.*1 to 3/)
    expect(() => encode(remaining(1, 3), new Uint8Array(), 'data')).toThrow(/0 octets/)
  })

  it('writes fixed octets before a value and demands them when reading', () => {
    const field = prefixedBy([0, 0x13], u8)
    expectBothWays(field, 5, '001305')
    expect(() => decode(field, fromHex('001405'), 'slot')).toThrow(
      'slot is preceded by 14 instead of 13',
    )
  })

  it('gives codes their names and refuses those without one', () => {
    const field = choice(u8, { always: 0, never: 7 })
    expectBothWays(field, 'never', '07')
    expect(() => decode(field, fromHex('05'), 'access')).toThrow(
      'access is 05, but must be one of 00 always, 07 never',
    )
  })

  it('reads counted lists and lists to the end, both bounded', () => {
    expectBothWays(list(u8, u16be, 3), [1, 2], '0200010002')
    expectBothWays(listToEnd(u16be, 3), [1, 2], '00010002')
    expect(() => decode(list(u8, u8, 1), fromHex('020102'), 'slots')).toThrow(/2 items, at most 1/)
    expect(() => decode(listToEnd(u8, 1), fromHex('0102'), 'slots')).toThrow(/2 items, at most 1/)
    expect(() => encode(list(u8, u8, 1), [1, 2], 'slots')).toThrow(/2 items, at most 1/)
    expect(() => encode(listToEnd(u8, 1), [1, 2], 'slots')).toThrow(/2 items, at most 1/)
  })

  it('demands that a value fills its announced length', () => {
    const field = lengthPrefixed(u16be, octets(2))
    expectBothWays(field, fromHex('aabb'), '0002aabb')
    expect(() => decode(field, fromHex('0003aabbcc'), 'point')).toThrow(/1 octets follow/)
    expect(() => decode(field, fromHex('0001aa'), 'point')).toThrow(/expected 2 octets/)
  })

  it('lets the first fields decide about the others', () => {
    const field = chain(
      layout({ kind: u8 }),
      ({ kind }): Field<{ readonly value?: number }> =>
        kind === 1 ? layout({ value: u16be }) : layout({}),
      { min: 0, max: 2 },
    )
    expectBothWays(field, { kind: 1, value: 0x1234 }, '011234')
    expectBothWays(field, { kind: 0 }, '00')
  })

  it('maps a value to another form and back', () => {
    const field = mapped(
      u8,
      (value) => value - 1,
      (value: number) => value + 1,
    )
    expectBothWays(field, 4, '05')
  })

  it('reads and writes the bits of a word by name', () => {
    const field = bitFields(u8, {
      changeRight: flag(7),
      access: bitChoice(4, 3, { always: 0, host: 1 }),
      count: bits(0, 3),
    })
    expectBothWays(field, { changeRight: true, access: 'host', count: 5 }, '95')
    expect(decode(field, fromHex('9d'), 'option')).toEqual(decode(field, fromHex('95'), 'option'))
    expect(() => decode(field, fromHex('20'), 'option')).toThrow('option.access has no value 2')
    expect(() => encode(field, { changeRight: false, access: 'host', count: 8 }, 'option')).toThrow(
      'option.count is 8, but must be 0 to 7',
    )
  })

  it('reads independent bits as the names that are set', () => {
    const usage = flagSet(u16be, { verify: 0, generate: 1, derive: 6 })
    expectBothWays(usage, ['generate', 'derive'], '0042')
    expect(decode(usage, fromHex('ff81'), 'usage')).toEqual(['verify'])
  })

  it('writes itself for a reference', () => {
    expect(layout({ slot: u8, data: remaining(0, 9) }).notation).toBe('slot u8 ‖ data {0..9}')
    const option = bitFields(u8, { access: bits(0, 3), change: flag(7) })
    expect(layout({ option }).notation).toBe('option u8 <7 change, 2..0 access>')
    expect(flagSet(u16be, { verify: 0, derive: 6 }).notation).toBe('u16 <6 derive, 0 verify>')
  })
})
