import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { BytesError, decode, encode, fromHex, toHex, type Field } from '@keyline/bytes'
import { assert, constantFrom, nat, property, uint8Array } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { scaled, testSeed } from '../../../../test/support/scale.ts'
import {
  decodeCommandFrame,
  decodeResponseFrame,
  encodeCommandFrame,
  encodeResponseFrame,
  formsOf,
  Status,
  type AnyForm,
} from './index.ts'

const folder = fileURLToPath(new URL('../../../../test/vectors/stsafe-a120/', import.meta.url))
const File = z.object({
  cases: z.array(
    z.object({
      name: z.string(),
      exchanges: z
        .array(z.object({ request: z.string(), response: z.string().optional() }))
        .optional(),
    }),
  ),
})

interface Plain {
  readonly name: string
  readonly code: number
  readonly payload: Uint8Array
  readonly answer: Uint8Array | undefined
}

/** Every exchange of the vectors that is not protected, and whose frames are whole. */
const plain: readonly Plain[] = readdirSync(folder)
  .filter((file) => file.endsWith('.json') && !/^(index|profile-default)\.json$/.test(file))
  .flatMap((file) => File.parse(JSON.parse(readFileSync(folder + file, 'utf8'))).cases)
  .flatMap(({ name, exchanges = [] }) =>
    exchanges.flatMap(({ request, response }) => {
      const frame = decodeCommandFrame(fromHex(request))
      const answer = response === undefined ? 'short' : decodeResponseFrame(fromHex(response))
      if (typeof frame === 'string' || frame.flags !== 0 || typeof answer === 'string') return []
      const payload = answer.status === Status.ok ? answer.payload : undefined
      return [{ name, code: frame.code, payload: frame.body, answer: payload }]
    }),
  )

/** The forms that read a payload and write it back. */
function readersOf(code: number, payload: Uint8Array): readonly AnyForm[] {
  return formsOf(code, payload).filter((form) => {
    const fields = payload.subarray(form.selector.length)
    const value = tryDecode(form.request, fields)
    return (
      value !== undefined && toHex(encode(form.request, value.value, 'again')) === toHex(fields)
    )
  })
}

function tryDecode<T>(field: Field<T>, octets: Uint8Array): { readonly value: T } | undefined {
  try {
    return { value: decode(field, octets, 'octets') }
  } catch (error) {
    if (error instanceof BytesError) return undefined
    throw error
  }
}

describe('the declared layouts', () => {
  it('read every recorded request, and write it back octet for octet', () => {
    const unread = plain.filter(({ code, payload }) => readersOf(code, payload).length === 0)
    expect(unread.map(({ name }) => name)).toEqual([])
    expect(plain.length).toBeGreaterThan(500)
  })

  it('read every recorded response by a form of its request, and write it back', () => {
    const unread = plain.filter(
      ({ code, payload, answer }) =>
        answer !== undefined &&
        !readersOf(code, payload).some(({ response }) => {
          const value = tryDecode(response, answer)
          return (
            value !== undefined && toHex(encode(response, value.value, 'again')) === toHex(answer)
          )
        }),
    )
    expect(unread.map(({ name }) => name)).toEqual([])
  })

  it('refuse any octets or write back what they mean', () => {
    const seeds = constantFrom(...plain)
    assert(
      property(seeds, nat(), nat(255), ({ code, payload }, place, octet) => {
        const changed = Uint8Array.from(payload)
        if (changed.length > 0) changed[place % changed.length] = octet
        for (const form of formsOf(code, changed)) {
          const fields = changed.subarray(form.selector.length)
          const first = tryDecode(form.request, fields)
          if (first === undefined) continue
          const again = encode(form.request, first.value, 'again')
          expect(decode(form.request, again, 'again')).toEqual(first.value)
        }
      }),
      { numRuns: scaled(2000, 200_000), seed: testSeed },
    )
  })
})

describe('frames', () => {
  const octets = uint8Array({ maxLength: 760 })

  it('give back what was put in', () => {
    assert(
      property(nat(0x1d), octets, (code, body) => {
        const frame = decodeCommandFrame(encodeCommandFrame(Uint8Array.of(code), body))
        expect(frame).toMatchObject({ code, flags: 0, body })
        const response = decodeResponseFrame(encodeResponseFrame(code, body))
        expect(response).toMatchObject({ status: code, payload: body })
      }),
      { numRuns: scaled(500, 50_000), seed: testSeed },
    )
  })

  it('are refused with any single bit flipped', () => {
    const frame = encodeCommandFrame(Uint8Array.of(0x1f, 0x0b), fromHex('00082a8648ce3d030107'))
    const response = encodeResponseFrame(0, fromHex('00082a8648ce3d030107'))
    for (let bit = 0; bit < 8 * frame.length; bit++) {
      expect(decodeCommandFrame(flipped(frame, bit))).toBe('crc')
    }
    for (let bit = 0; bit < 8 * response.length; bit++) {
      expect(['crc', 'length']).toContain(decodeResponseFrame(flipped(response, bit)))
    }
  })

  it('never make a decoder fail in another way', () => {
    assert(
      property(octets, (any) => {
        decodeCommandFrame(any)
        decodeResponseFrame(any)
      }),
      { numRuns: scaled(2000, 200_000), seed: testSeed },
    )
  })
})

function flipped(octets: Uint8Array, bit: number): Uint8Array {
  const changed = Uint8Array.from(octets)
  changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
  return changed
}
