import { decodeUtf8, encodeUtf8, toBase64 } from '@keyline/bytes'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readAuthorization } from './authorization.ts'

const letter = fc.constantFrom('a', 'Z', '0', '9')
const name = fc
  .tuple(
    letter,
    fc.string({ unit: fc.constantFrom('a', 'Z', '0', '9', '.', '_', '@', '-'), maxLength: 63 }),
  )
  .map(([first, rest]) => first + rest)
const password = fc.string({ unit: fc.constantFrom('a', ':', ' ', '\0', 'ä', '密', '🔑') })

describe('the header Authorization', () => {
  it('gives name and password as they were joined, colons in the password included', () => {
    fc.assert(
      fc.property(name, password, (user, secret) => {
        const octets = encodeUtf8(`${user}:${secret}`)
        const read = readAuthorization(`Basic ${toBase64(octets)}`)
        if (read.scheme !== 'basic') throw new TypeError(read.scheme)
        expect(read.name).toBe(user)
        expect(decodeUtf8(read.password.reveal())).toBe(secret)
      }),
    )
  })

  it('is read whatever it holds', () => {
    const schemes = fc.constantFrom('Basic ', 'Bearer ', 'basic  ', '', 'Basic\t')
    fc.assert(
      fc.property(schemes, fc.string({ unit: 'binary-ascii' }), (scheme, text) => {
        const { scheme: found } = readAuthorization(scheme + text)
        expect(['basic', 'bearer', 'malformed']).toContain(found)
      }),
    )
  })

  it('may be missing', () => {
    expect(readAuthorization(undefined)).toEqual({ scheme: 'none' })
    expect(readAuthorization('')).toEqual({ scheme: 'malformed' })
  })

  it('hides the password from those who print it', () => {
    const read = readAuthorization(`Basic ${toBase64(encodeUtf8('alice:hunter2'))}`)
    expect(JSON.stringify(read)).not.toContain('hunter2')
  })
})
