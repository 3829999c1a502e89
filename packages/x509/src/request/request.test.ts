import { fromHex, toHex } from '@keyline/bytes'
import { generateP256, keyPairSigner } from '@keyline/crypto'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import '../../../../test/support/properties.ts'
import { X509Error } from '../errors.ts'
import { name } from '../name/name.ts'
import { Oid } from '../oids.ts'
import { buildRequest } from './build.ts'
import { parseRequest } from './request.ts'
import { isSelfSigned } from './signature.ts'

const keyPair = generateP256()
const subject = name([{ type: Oid.commonName, value: 'ACME Matter Device 0001' }])

describe('a certification request', () => {
  it('comes back as it was built, by a key pair or by a signer', async () => {
    for (const key of [{ keyPair }, { signer: keyPairSigner(keyPair) }]) {
      const request = parseRequest(await buildRequest({ subject, ...key }))
      expect(request.version).toBe(0)
      expect(request.subject).toEqual(subject)
      expect(request.attributes).toHaveLength(0)
      expect(request.publicPoint).toEqual(keyPair.publicKey.point)
      expect(isSelfSigned(request)).toBe(true)
    }
  })

  it('proves nothing once any octet is changed', async () => {
    const der = await buildRequest({ subject, keyPair })
    fc.assert(
      fc.property(fc.nat(der.length - 1), fc.integer({ min: 1, max: 255 }), (place, change) => {
        const changed = Uint8Array.from(der)
        changed[place] = (changed[place] ?? 0) ^ change
        try {
          expect(isSelfSigned(parseRequest(changed))).toBe(false)
        } catch (error) {
          if (!(error instanceof X509Error)) throw error
        }
      }),
    )
  })

  it('refuses every prefix, and octets behind it', async () => {
    const der = await buildRequest({ subject, keyPair })
    for (let length = 0; length < der.length; length++) {
      expect(() => parseRequest(der.subarray(0, length))).toThrow(X509Error)
    }
    expect(() => parseRequest(fromHex(`${toHex(der)}00`))).toThrow(X509Error)
  })

  it('has at most 1 KiB', () => {
    expect(() => parseRequest(new Uint8Array(1025))).toThrow(
      expect.objectContaining({ code: 'DER_LIMIT' }),
    )
  })

  it('needs its attributes, even when there are none', async () => {
    const der = toHex(await buildRequest({ subject: name([]), keyPair }))
    const without = der
      .replace(
        /^3081(..)30(..)/,
        (_, outer: string, inner: string) => `3081${shorter(outer)}30${shorter(inner)}`,
      )
      .replace('a000300a', '300a')
    expect(() => parseRequest(fromHex(without))).toThrow('attributes')
  })
})

/** The length octet of a value that lost two octets. */
function shorter(length: string): string {
  return toHex(Uint8Array.of(Number.parseInt(length, 16) - 2))
}
