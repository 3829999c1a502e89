import { fromHex } from '@keyline/bytes'
import { generateP256, keyPairSigner } from '@keyline/crypto'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import '../../../../test/support/properties.ts'
import { contextPrimitive } from '../der/tag.ts'
import { derOid, derSequence, derTagged } from '../der/writer.ts'
import { X509Error } from '../errors.ts'
import { isEcdsaWithSha256 } from '../key/algorithm.ts'
import { keyIdentifier } from '../key/key-handle.ts'
import { verifyEcdsa } from '../key/signature.ts'
import { Oid } from '../oids.ts'
import { buildSignedData, parseSignedData } from './signed-data.ts'

const pair = generateP256()
const signer = keyPairSigner(pair)
const keyId = keyIdentifier(pair.publicKey.point)

describe('signed data', () => {
  it('comes back as it was built', async () => {
    const contents = fc.uint8Array({ maxLength: 400 })
    await fc.assert(
      fc.asyncProperty(contents, async (content) => {
        const signedData = parseSignedData(await buildSignedData({ content, keyId, signer }))
        expect(signedData).toMatchObject({ version: 3, contentType: Oid.data, content })
        expect(signedData.digestAlgorithms).toEqual([{ oid: Oid.sha256 }])
        const [only, ...others] = signedData.signers
        expect(others).toEqual([])
        expect(only?.version).toBe(3)
        expect(only?.sid.tag).toBe(contextPrimitive(0))
        expect(only?.sid.content).toEqual(keyId)
        expect(only !== undefined && isEcdsaWithSha256(only.signatureAlgorithm)).toBe(true)
        const signature = only?.signature ?? Uint8Array.of()
        expect(verifyEcdsa({ publicKey: pair.publicKey, message: content, signature })).toBe(true)
      }),
    )
  })

  it('refuses every prefix', async () => {
    const der = await buildSignedData({ content: fromHex('1518'), keyId, signer })
    for (let length = 0; length < der.length; length++) {
      expect(() => parseSignedData(der.subarray(0, length))).toThrow(X509Error)
    }
  })

  it('refuses another content type', () => {
    const der = derSequence(derOid(Oid.data), derTagged(0))
    expect(() => parseSignedData(der)).toThrow(expect.objectContaining({ code: 'CMS_MALFORMED' }))
  })
})
