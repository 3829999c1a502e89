import { readFileSync } from 'node:fs'
import { property, array, assert, constantFrom, integer, nat, string, uint8Array } from 'fast-check'
import { describe, expect, it } from 'vitest'
import '../../../../test/support/properties.ts'
import { check } from '../../../../test/support/vectors/matter-serial.ts'
import { encodeAck, encodeFrames, encodeNak, parseFrame, type Frame } from './frame.ts'
import { LineSplitter } from './line-splitter.ts'
import { MessageAssembler } from './message.ts'

const folder = new URL('../../../../test/vectors/matter/serial/', import.meta.url)

function vectorFile(name: string): { path: string; json: unknown } {
  return { path: `serial/${name}`, json: JSON.parse(readFileSync(new URL(name, folder), 'utf8')) }
}

function frameOf(line: string): Frame {
  const parsed = parseFrame(line)
  if (!parsed.ok) throw new Error(parsed.fault)
  return parsed.frame
}

describe('PXP frames', () => {
  it.each([
    ['frames.json', 19],
    ['pxp-session.json', 31],
    ['transcripts.json', 20],
  ])('agree with every case of %s', async (name, count) => {
    const results = await check(vectorFile(name))
    expect(results.filter((result) => !result.ok)).toEqual([])
    expect(results).toHaveLength(count)
  })

  it('bring any message back, in any pieces of the octet stream', () => {
    const payload = uint8Array({ maxLength: 8192 })
    const cuts = array(integer({ min: 1, max: 500 }), { minLength: 1, maxLength: 20 })
    assert(
      property(payload, constantFrom('CSR', 'LOG', 'BASIC'), cuts, (octets, type, sizes) => {
        const stream = Buffer.from(encodeFrames(type, 0, octets).join(''), 'latin1')
        const splitter = new LineSplitter()
        const lines: string[] = []
        for (let offset = 0, turn = 0; offset < stream.length; turn++) {
          const size = sizes[turn % sizes.length] ?? 1
          lines.push(...splitter.push(stream.subarray(offset, offset + size)))
          offset += size
        }
        const assembler = new MessageAssembler()
        const receptions = lines.map((line) => assembler.accept(frameOf(line)))
        expect(receptions.at(-1)).toMatchObject({
          kind: 'message',
          message: { type, seq: 0, payload: Uint8Array.from(octets) },
        })
      }),
    )
  })

  it('refuse every prefix of a line', () => {
    const [line = ''] = encodeFrames(
      'CSR',
      12,
      Uint8Array.from({ length: 100 }, (_, i) => i),
    )
    for (let length = 0; length < line.length - 1; length++) {
      expect(parseFrame(line.slice(0, length)).ok).toBe(false)
    }
    expect(parseFrame(line.slice(0, -1)).ok).toBe(true)
  })

  it('refuse a line with one changed character', () => {
    const payload = uint8Array({ minLength: 1, maxLength: 240 })
    assert(
      property(payload, nat(), integer({ min: 0x20, max: 0xff }), (octets, place, code) => {
        const [line = ''] = encodeFrames('LOG', 7, octets)
        const at = place % (line.length - 1)
        const changed = line.slice(0, at) + String.fromCharCode(code) + line.slice(at + 1)
        expect(parseFrame(changed).ok).toBe(changed === line)
      }),
    )
  })

  it('survive any text', () => {
    assert(
      property(string({ maxLength: 500, unit: 'binary' }), (text) => {
        const parsed = parseFrame(`@${text}`)
        expect(parsed.ok || parsed.fault.length > 0).toBe(true)
      }),
    )
  })

  it.each([
    ['@LOG 1 1/100 eA 00000000', 'syntax'],
    ['@LOG 65536 1/1 eA 00000000', 'syntax'],
    ['@LOG 1 01/1 eA 00000000', 'syntax'],
    ['@LOG 1 1/1 eB 00000000', 'syntax'],
    ['@LOG 1 1/1 eAAAA 00000000', 'syntax'],
    ['@LOG 1 1/1  eA 00000000', 'syntax'],
    ['@LOG 1 1/1 eA 5D21AD8A', 'syntax'],
    ['@TOOLONGTYPE 1 1/1 eA 00000000', 'syntax'],
    ['@LOG 1 1/2 eA 00000000', 'syntax'],
    [`@LOG 1 1/1 ${'A'.repeat(324)} 00000000`, 'size'],
    [`@LOG 1 1/1 ${'A'.repeat(400)} 00000000`, 'size'],
    ['@LOG 1 1/1 eA 00000000', 'crc'],
    ['', 'not-a-frame'],
  ])('call %s a fault of %s', (line, fault) => {
    expect(parseFrame(line)).toMatchObject({ ok: false, fault })
  })

  it('accept CR LF', () => {
    expect(parseFrame('@LOG 65535 1/1 eA b07d3e0a\r\n').ok).toBe(true)
  })

  it('echo the fragment numbers in the answers', () => {
    const [, second = ''] = encodeFrames('CSR', 3, new Uint8Array(300))
    const frame = frameOf(second)
    expect(frameOf(encodeAck(frame))).toMatchObject({ type: 'ACK', seq: 3, index: 2, count: 2 })
    expect(frameOf(encodeNak(frame, 'order'))).toMatchObject({ type: 'NAK', index: 2, count: 2 })
  })

  it('are refused by the sender when a message is too long', () => {
    expect(() => encodeFrames('LOG', 0, new Uint8Array(8193))).toThrow(/at most 8192/)
    expect(() => encodeFrames('LOG', 65_536)).toThrow(/not 0 to 65535/)
  })
})

describe('LineSplitter', () => {
  it('bounds a line that never ends', () => {
    const splitter = new LineSplitter()
    for (let turn = 0; turn < 100; turn++) splitter.push(new Uint8Array(1000).fill(0x41))
    expect(splitter.pending.length).toBeLessThan(400)
    const [line = ''] = splitter.push(Uint8Array.of(0x0a))
    expect(parseFrame(`@${line}`)).toMatchObject({ ok: false, fault: 'size' })
  })
})
