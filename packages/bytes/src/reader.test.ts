import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ByteReader } from './reader.ts'

const input = Uint8Array.of(0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08)
const failure = (code: string, message: string) => expect.objectContaining({ code, message })

describe('the reader', () => {
  it.each([
    ['u8', (reader: ByteReader) => reader.u8('x'), 0x01, 1],
    ['u16le', (reader: ByteReader) => reader.u16le('x'), 0x0201, 2],
    ['u16be', (reader: ByteReader) => reader.u16be('x'), 0x0102, 2],
    ['u32le', (reader: ByteReader) => reader.u32le('x'), 0x04030201, 4],
    ['u32be', (reader: ByteReader) => reader.u32be('x'), 0x01020304, 4],
    ['u64le', (reader: ByteReader) => reader.u64le('x'), 0x0807060504030201n, 8],
  ])('reads %s and refuses each shorter input as cut', (_, read, value, width) => {
    const reader = new ByteReader(input)
    expect(read(reader)).toBe(value)
    expect(reader.offset).toBe(width)
    expect(reader.remaining).toBe(8 - width)
    for (let length = 1; length < width; length++) {
      expect(() => read(new ByteReader(input.subarray(0, length)))).toThrow(
        failure('BYTES_CUT', `x at 0: expected ${width} octets, ${length} are left`),
      )
    }
    expect(() => read(new ByteReader(new Uint8Array()))).toThrow(
      failure('BYTES_EMPTY', `x: expected ${width} octets, the input is empty`),
    )
  })

  it('reads all ones as the greatest value, never as a negative one', () => {
    const reader = new ByteReader(new Uint8Array(16).fill(0xff))
    expect(reader.u32le('x')).toBe(2 ** 32 - 1)
    expect(reader.u32be('x')).toBe(2 ** 32 - 1)
    expect(reader.u64le('x')).toBe(2n ** 64n - 1n)
  })

  it('starts at the view, not at the buffer behind it', () => {
    expect(new ByteReader(input.subarray(2)).u16be('x')).toBe(0x0304)
  })

  it('gives views of its input, not copies', () => {
    const own = Uint8Array.from(input)
    const view = new ByteReader(own).octets(2, 'x')
    own[1] = 0xaa
    expect(view).toEqual(Uint8Array.of(0x01, 0xaa))
  })

  it('gives the rest, which may be empty', () => {
    const reader = new ByteReader(input)
    reader.octets(6, 'head')
    expect(reader.rest()).toEqual(Uint8Array.of(0x07, 0x08))
    expect(reader.rest()).toEqual(new Uint8Array())
    expect(new ByteReader(new Uint8Array()).rest()).toEqual(new Uint8Array())
  })

  it('names the offset where the input ends too early, and stays there', () => {
    const reader = new ByteReader(input.subarray(0, 3))
    reader.u16be('head')
    expect(() => reader.octets(2, 'body')).toThrow(
      expect.objectContaining({
        code: 'BYTES_CUT',
        message: 'body at 2: expected 2 octets, 1 are left',
        details: { offset: 2 },
      }),
    )
    expect(reader.offset).toBe(2)
  })

  it.each([-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53])(
    'refuses a length of %d and does not move',
    (length) => {
      const reader = new ByteReader(input)
      reader.u16be('head')
      expect(() => reader.octets(length, 'body')).toThrow(
        expect.objectContaining({ code: expect.stringMatching(/^BYTES_(RANGE|CUT)$/) }),
      )
      expect(reader.offset).toBe(2)
    },
  )

  it('refuses octets behind the end and says where the end is', () => {
    const reader = new ByteReader(input)
    reader.octets(5, 'all')
    expect(() => reader.end('frame')).toThrow(
      failure('BYTES_TRAILING', 'frame ends at 5, but 3 octets follow'),
    )
    reader.rest()
    expect(() => reader.end('frame')).not.toThrow()
  })

  it('never reads outside its input, whatever lengths a sender announces', () => {
    fc.assert(
      fc.property(
        fc.uint8Array(),
        fc.array(fc.integer({ min: -3, max: 40 })),
        (octets, lengths) => {
          const reader = new ByteReader(octets)
          for (const length of lengths) {
            const before = reader.offset
            try {
              expect(reader.octets(length, 'x')).toEqual(octets.subarray(before, before + length))
            } catch (error) {
              expect(error).toMatchObject({ code: expect.stringMatching(/^BYTES_/) })
              expect(reader.offset).toBe(before)
            }
            expect(reader.offset + reader.remaining).toBe(octets.length)
          }
        },
      ),
    )
  })
})
