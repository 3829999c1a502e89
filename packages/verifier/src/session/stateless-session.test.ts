import { BytesError, Secret, seededRandom, toHex } from '@keyline/bytes'
import { assert, nat, property, uint8Array } from 'fast-check'
import { describe, expect, it } from 'vitest'
import '../../../../test/support/properties.ts'
import { VerifierError } from '../errors.ts'
import { openSession, sealSession } from './stateless-session.ts'

const key = new Secret(new Uint8Array(32).fill(7))
const random = seededRandom('sessions')

function codeOf(act: () => unknown): string {
  try {
    act()
    return 'none'
  } catch (error) {
    if (error instanceof VerifierError) return error.code
    throw error
  }
}

describe('a session without a store', () => {
  it('carries its nonce and its end in its id, and no two ids are the same', () => {
    assert(
      property(uint8Array({ minLength: 8, maxLength: 64 }), nat(), (nonce, expiresAt) => {
        const id = sealSession({ nonce, expiresAt }, key, random)
        const other = sealSession({ nonce, expiresAt }, key, random)
        const session = openSession(id, key, expiresAt)
        expect(toHex(session.nonce)).toBe(toHex(nonce))
        expect(session.expiresAt).toBe(expiresAt)
        expect(toHex(session.uniqueId)).not.toBe(toHex(openSession(other, key, 0).uniqueId))
      }),
    )
  })

  it('ends at its time, and opens neither changed nor under another key', () => {
    const id = sealSession({ nonce: new Uint8Array(32), expiresAt: 100 }, key, random)
    const other = new Secret(new Uint8Array(32))
    expect(codeOf(() => openSession(id, key, 101))).toBe('E_SESSION_EXPIRED')
    expect(codeOf(() => openSession(id, other, 1))).toBe('E_SESSION_FOREIGN')
    expect(codeOf(() => openSession('*', key, 1))).toBe('E_SESSION_FOREIGN')
    for (let place = 0; place < id.length; place++) {
      const changed = `${id.slice(0, place)}${id[place] === 'A' ? 'B' : 'A'}${id.slice(place + 1)}`
      expect(codeOf(() => openSession(changed, key, 1))).toBe('E_SESSION_FOREIGN')
    }
  })

  it('lets a failing source of octets show', () => {
    const broken = {
      bytes: () => {
        throw new BytesError('BYTES_EMPTY', 'no octets')
      },
    }
    expect(() => sealSession({ nonce: new Uint8Array(32), expiresAt: 1 }, key, broken)).toThrow(
      'no octets',
    )
  })
})
