import { array, assert, integer, property, uint8Array } from 'fast-check'
import { concat, encodeUtf8, toHex } from '@keyline/bytes'
import { describe, expect, it } from 'vitest'
import '../../../../test/support/properties.ts'
import { readAddressedImage } from './addressed-image.ts'

const text = (...lines: readonly string[]): Uint8Array => encodeUtf8(`${lines.join('\r\n')}\r\n`)

/** The example of every description of the format: 16 octets at 0x0100. */
const record = ':10010000214601360121470136007EFE09D2190140'
const octets = '214601360121470136007efe09d21901'
const end = ':00000001FF'

function shown(file: Uint8Array): readonly string[] {
  return readAddressedImage(file).map((one) => `${one.address.toString(16)}:${toHex(one.octets)}`)
}

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) & 0xff
}

function hexLine(offset: number, type: number, data: Uint8Array): string {
  const values = [data.length, offset >> 8, offset & 0xff, type, ...data]
  return `:${toHex(Uint8Array.from([...values, -sumOf(values) & 0xff])).toUpperCase()}`
}

function sLine(address: number, data: Uint8Array): string {
  const place = [24, 16, 8, 0].map((shift) => (address >>> shift) & 0xff)
  const values = [data.length + 5, ...place, ...data]
  return `S3${toHex(Uint8Array.from([...values, 0xff - sumOf(values)]))}`
}

function elfOf(address: number, data: Uint8Array): Uint8Array {
  const header = new Uint8Array(84)
  header.set([0x7f, 0x45, 0x4c, 0x46, 1, 1])
  const view = new DataView(header.buffer)
  view.setUint32(28, 52, true)
  view.setUint16(42, 32, true)
  view.setUint16(44, 1, true)
  for (const [index, value] of [1, 84, 0, address, data.length].entries()) {
    view.setUint32(52 + 4 * index, value, true)
  }
  return concat(header, data)
}

describe('an image that carries its addresses', () => {
  it('is read from Intel HEX', () => {
    expect(shown(text(record, end))).toEqual([`100:${octets}`])
    expect(shown(text(':020000040800F2', record, end))).toEqual([`8000100:${octets}`])
    expect(shown(text(':020000021000EC', record, end))).toEqual([`10100:${octets}`])
    expect(shown(text(':0400000508000131BD', record, end, 'behind the end'))).toHaveLength(1)
  })

  it('is read from S-records', () => {
    const first = 'S1137AF00A0A0D0000000000000000000000000061'
    const found = shown(text('S00F000068656C6C6F202020202000003C', first, 'S9030000FC'))
    expect(found).toEqual(['7af0:0a0a0d00000000000000000000000000'])
  })

  it('is read from ELF, at its physical address', () => {
    expect(shown(elfOf(0x0800_0000, Uint8Array.of(1, 2, 3)))).toEqual(['8000000:010203'])
  })

  it.each([
    ['nothing', text(''), /no end/],
    ['no end', text(record), /no end/],
    ['no data', text(end), /no octets/],
    [
      'a wrong check sum',
      text(record.replace('2146', '2147'), end),
      /line 1 has a wrong check sum/,
    ],
    ['a cut record', text(record.slice(0, -2), end), /another length/],
    ['another letter', text('hello', end), /line 1 is no record/],
    ['an unknown type', text(hexLine(0, 9, Uint8Array.of(0, 0)), end), /unknown type 9/],
    ['headers behind the end', elfOf(0, Uint8Array.of(1)).subarray(0, 60), /outside of the file/],
    [
      'a segment behind the end',
      elfOf(0, Uint8Array.of(1)).subarray(0, 84),
      /segment 0 lies outside/,
    ],
  ])('with %s is refused', (_, file, reason) => {
    expect(() => readAddressedImage(file)).toThrow(reason)
  })

  it('comes back from HEX, S-records and ELF as it was', () => {
    assert(
      property(
        array(uint8Array({ minLength: 1, maxLength: 32 }), { minLength: 1, maxLength: 8 }),
        integer({ min: 0, max: 0xf000 }),
        (pieces, start) => {
          const address = 0x0800_0000 + start
          let offset = start
          const lines = pieces.map((piece) => {
            const at = offset
            offset += piece.length
            return [hexLine(at, 0, piece), sLine(0x0800_0000 + at, piece)] as const
          })
          const wanted = [{ address, octets: concat(...pieces) }]
          const hex = text(':020000040800F2', ...lines.map(([line]) => line), end)
          expect(readAddressedImage(hex)).toEqual(wanted)
          const records = text(...lines.map(([, line]) => line), 'S70500000000FA')
          expect(readAddressedImage(records)).toEqual(wanted)
          expect(readAddressedImage(elfOf(address, concat(...pieces)))).toEqual(wanted)
        },
      ),
    )
  })
})
