import { describe, expect, it } from 'vitest'
import { toHex } from './hex.ts'
import { ByteWriter } from './writer.ts'

describe('the writer', () => {
  it.each([
    ['u8', (writer: ByteWriter) => writer.u8(0x01), '01'],
    ['u16le', (writer: ByteWriter) => writer.u16le(0x0102), '0201'],
    ['u16be', (writer: ByteWriter) => writer.u16be(0x0102), '0102'],
    ['u32le', (writer: ByteWriter) => writer.u32le(0x01020304), '04030201'],
    ['u32be', (writer: ByteWriter) => writer.u32be(0x01020304), '01020304'],
    ['u64le', (writer: ByteWriter) => writer.u64le(0x0102030405060708n), '0807060504030201'],
    ['octets', (writer: ByteWriter) => writer.octets(Uint8Array.of(1, 2)), '0102'],
  ])('grows in the middle of any %s', (_, write, written) => {
    for (let filled = 0; filled < 40; filled++) {
      const writer = new ByteWriter(16).octets(new Uint8Array(filled))
      expect(toHex(write(writer).finish())).toBe('00'.repeat(filled) + written)
      expect(writer.length).toBe(filled + written.length / 2)
    }
  })

  it.each([
    ['u8', 0xff, (writer: ByteWriter, value: number) => writer.u8(value, 'count')],
    ['u16le', 0xffff, (writer: ByteWriter, value: number) => writer.u16le(value, 'count')],
    ['u16be', 0xffff, (writer: ByteWriter, value: number) => writer.u16be(value, 'count')],
    ['u32le', 0xffff_ffff, (writer: ByteWriter, value: number) => writer.u32le(value, 'count')],
    ['u32be', 0xffff_ffff, (writer: ByteWriter, value: number) => writer.u32be(value, 'count')],
  ])('writes %s from 0 to %d and refuses all else, unchanged', (_, max, write) => {
    const writer = new ByteWriter()
    write(writer, 0)
    write(writer, max)
    const before = writer.finish()
    for (const value of [-1, max + 1, 0.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => write(writer, value)).toThrow(
        expect.objectContaining({
          code: 'BYTES_RANGE',
          message: `count is ${value}, but must be 0 to ${max}`,
        }),
      )
    }
    expect(writer.finish()).toEqual(before)
  })

  it('writes 64 bits from 0 to 2^64 - 1 and refuses all else', () => {
    const writer = new ByteWriter().u64le(0n).u64le(2n ** 64n - 1n)
    expect(toHex(writer.finish())).toBe(`${'00'.repeat(8)}${'ff'.repeat(8)}`)
    for (const value of [-1n, 2n ** 64n]) {
      expect(() => writer.u64le(value, 'uid')).toThrow(
        expect.objectContaining({
          code: 'BYTES_RANGE',
          message: `uid is ${value}, but must be 0 to 2^64 - 1`,
        }),
      )
    }
  })

  it('writes nothing when nothing was given', () => {
    expect(new ByteWriter(0).finish()).toEqual(new Uint8Array())
  })
})
