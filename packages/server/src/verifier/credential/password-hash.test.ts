import { encodeUtf8, Secret, seededRandom } from '@keyline/bytes'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ServerError } from '../../errors.ts'
import {
  encodePasswordHash,
  hashPassword,
  isPassword,
  parsePasswordHash,
  unguessableHash,
} from './password-hash.ts'

const cheap = { costLog2: 4, blockSize: 1, parallelism: 1 }
const secret = (text: string): Secret => new Secret(encodeUtf8(text))
const random = seededRandom('passwords')

const anyHash = fc
  .record({
    cost: fc.record({
      costLog2: fc.integer({ min: 1, max: 15 }),
      blockSize: fc.integer({ min: 1, max: 32 }),
      parallelism: fc.integer({ min: 1, max: 64 }),
    }),
    salt: fc.uint8Array({ minLength: 16, maxLength: 64 }),
    key: fc.uint8Array({ minLength: 32, maxLength: 32 }),
  })
  .map((hash) => encodePasswordHash(hash))

function outcomeOf(text: string): string {
  try {
    return encodePasswordHash(parsePasswordHash(text))
  } catch (error) {
    if (error instanceof ServerError) return error.code
    throw error
  }
}

describe('the text that is kept of a password', () => {
  it('reads a text that another program has made, and checks the password of it', async () => {
    // python3: base64 of hashlib.scrypt(b'correct horse battery', salt=bytes(range(16)), n=1024, r=8, p=1, dklen=32)
    const text =
      '$scrypt$ln=10,r=8,p=1$AAECAwQFBgcICQoLDA0ODw$hKGWL22WtdGfIbxEPAZ06BS2bWyYKuZIKvypfAlYOWk'
    expect(await isPassword(secret('correct horse battery'), text)).toBe(true)
    expect(await isPassword(secret('correct horse batterz'), text)).toBe(false)
  })

  it('is read back as it was written', () => {
    fc.assert(
      fc.property(anyHash, (text) => {
        expect(outcomeOf(text)).toBe(text)
      }),
    )
  })

  it('is refused when it is cut, and never read as another when a character changes', () => {
    const place = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
    fc.assert(
      fc.property(
        anyHash,
        place,
        fc.string({ unit: 'binary-ascii', minLength: 1, maxLength: 1 }),
        (text, at, other) => {
          const index = Math.floor(at * text.length)
          expect(outcomeOf(text.slice(0, index))).toBe('SERVER_CREDENTIAL_DAMAGED')
          const changed = text.slice(0, index) + other + text.slice(index + 1)
          expect(['SERVER_CREDENTIAL_DAMAGED', changed]).toContain(outcomeOf(changed))
        },
      ),
    )
  })

  it.each([
    ['another function', '$argon2id$ln=4,r=1,p=1$AAECAwQFBgcICQoLDA0ODw$'],
    ['gigabytes of memory', '$scrypt$ln=24,r=32,p=1$AAECAwQFBgcICQoLDA0ODw$'],
    ['hours', '$scrypt$ln=10,r=8,p=99$AAECAwQFBgcICQoLDA0ODw$'],
    ['a salt that is no base64', '$scrypt$ln=10,r=8,p=1$AAECAwQFBgcICQoLDA0ODx$'],
    ['a short salt', '$scrypt$ln=10,r=8,p=1$AAEC$'],
  ])('is refused when it asks for %s', (_what, start) => {
    expect(outcomeOf(start + 'A'.repeat(43))).toBe('SERVER_CREDENTIAL_DAMAGED')
  })

  it('has a salt of its own for each password', async () => {
    const [one, other] = await Promise.all([
      hashPassword(secret('the same password'), random, cheap),
      hashPassword(secret('the same password'), random, cheap),
    ])
    expect(one).not.toBe(other)
    expect(await isPassword(secret('the same password'), other ?? '')).toBe(true)
    expect(parsePasswordHash(one).cost).toEqual(cheap)
  })

  it('costs what guessing shall cost, unless given: 32 MiB, three times', () => {
    const { cost } = parsePasswordHash(unguessableHash(random))
    expect(cost).toEqual({ costLog2: 15, blockSize: 8, parallelism: 3 })
  })

  it.each([11, 1_025])('is not made of a password of %d octets', async (length) => {
    const password = secret('x'.repeat(length))
    await expect(hashPassword(password, random, cheap)).rejects.toThrow('12 to 1024')
  })
})
