import { concat, fromHex, isKeylineError, toHex } from '@keyline/bytes'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  decodeSignerMessage,
  encodeSignerMessage,
  refusalText,
  SignerFrames,
  type SignerMessage,
} from './signer-protocol.ts'

const id = fc.nat({ max: 0xffff_ffff })
const messages: fc.Arbitrary<SignerMessage> = fc.oneof(
  fc.record({ kind: fc.constant('hello' as const), version: fc.nat({ max: 255 }) }),
  fc.record({
    kind: fc.constant('welcome' as const),
    version: fc.nat({ max: 255 }),
    custody: fc.constantFrom('file' as const, 'extractable' as const, 'module' as const),
    point: fc.uint8Array({ minLength: 65, maxLength: 65 }),
  }),
  fc.record({
    kind: fc.constant('sign' as const),
    id,
    toBeSigned: fc.uint8Array({ minLength: 1, maxLength: 600 }),
  }),
  fc.record({
    kind: fc.constant('signature' as const),
    id,
    signature: fc.uint8Array({ minLength: 8, maxLength: 80 }),
  }),
  fc.record({
    kind: fc.constant('refusal' as const),
    id,
    code: fc.constantFrom(
      'ISSUER_SIGNER_FAILED' as const,
      'ISSUER_SIGNER_LIMIT' as const,
      'ISSUER_SIGNER_REFUSED' as const,
    ),
    message: fc.string({ maxLength: 160 }),
  }),
)

/** The message of octets without their length; nothing when they are refused as octets. */
function decoded(frame: Uint8Array): SignerMessage | undefined {
  try {
    return decodeSignerMessage(frame)
  } catch (error) {
    if (isKeylineError(error)) return undefined
    throw error
  }
}

describe('a message between a signer and its client', () => {
  it.each<readonly [string, SignerMessage]>([
    ['00000006014b4c534701', { kind: 'hello', version: 1 }],
    ['00000007030000000a3000', { kind: 'sign', id: 10, toBeSigned: Uint8Array.of(0x30, 0x00) }],
    [
      '000000080500000001026e6f',
      { kind: 'refusal', id: 1, code: 'ISSUER_SIGNER_LIMIT', message: 'no' },
    ],
  ])('is %s on the wire', (octets, message) => {
    expect(toHex(encodeSignerMessage(message))).toBe(octets)
    expect(decodeSignerMessage(fromHex(octets).subarray(4))).toEqual(message)
  })

  it('comes back as it was', () => {
    fc.assert(
      fc.property(messages, (message) => {
        expect(decodeSignerMessage(encodeSignerMessage(message).subarray(4))).toEqual(message)
      }),
    )
  })

  it('is refused when it is cut, or has another meaning', () => {
    fc.assert(
      fc.property(messages, fc.nat(), (message, place) => {
        const frame = encodeSignerMessage(message).subarray(4)
        expect(decoded(frame.subarray(0, place % frame.length))).not.toEqual(message)
      }),
    )
  })

  it('is refused or encodes to itself, whatever octet is changed', () => {
    fc.assert(
      fc.property(messages, fc.nat(), fc.integer({ min: 1, max: 255 }), (message, place, bits) => {
        const frame = encodeSignerMessage(message).subarray(4)
        const at = place % frame.length
        frame[at] = (frame[at] ?? 0) ^ bits
        const read = decoded(frame)
        if (read !== undefined) expect(encodeSignerMessage(read).subarray(4)).toEqual(frame)
      }),
    )
  })

  it.each(['€', 'a', '😀', '\u{d800}'])('has room for the text of any refusal: %j', (letter) => {
    const message = refusalText(letter.repeat(5000))
    const code = 'ISSUER_SIGNER_REFUSED'
    const encoded = encodeSignerMessage({ kind: 'refusal', id: 1, code, message })
    expect(encoded.length).toBeLessThan(500)
    expect(decodeSignerMessage(encoded.subarray(4))).toMatchObject({ code, id: 1 })
  })
})

describe('frames', () => {
  it('come out of the stream as they went in, whatever pieces it comes in', () => {
    const cuts = fc.array(fc.nat({ max: 2000 }), { maxLength: 20 })
    fc.assert(
      fc.property(fc.array(messages, { maxLength: 8 }), cuts, (sent, places) => {
        const stream = concat(...sent.map(encodeSignerMessage))
        const ends = [...new Set(places.map((place) => place % (stream.length + 1)))].sort(
          (a, b) => a - b,
        )
        const frames = new SignerFrames(1024)
        const received = [0, ...ends].flatMap((start, index) =>
          frames.take(stream.subarray(start, ends[index] ?? stream.length)),
        )
        expect(received.map(decodeSignerMessage)).toEqual(sent)
      }),
    )
  })

  it.each([
    ['of no octet', '00000000'],
    ['longer than allowed', '00000401'],
    ['of 4 GiB', 'ffffffff'],
  ])('%s are refused by their length alone', (_, length) => {
    expect(() => new SignerFrames(1024).take(fromHex(length))).toThrow(
      expect.objectContaining({ code: 'BYTES_RANGE' }),
    )
  })
})
