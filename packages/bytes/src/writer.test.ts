import { describe, expect, it } from 'vitest'
import { ByteWriter } from './writer.ts'
import { toHex } from './hex.ts'

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
    }
  })
})
