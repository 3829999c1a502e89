import { assert, property, uint8Array } from 'fast-check'
import { describe, expect, it } from 'vitest'
import '../../../../test/support/properties.ts'
import { decodeAttestationIdentity, encodeAttestationIdentity } from './attestation-identity.ts'

const octets = (length: number) => uint8Array({ minLength: length, maxLength: length })
const point = octets(64).map((coordinates) => Uint8Array.of(0x04, ...coordinates))

describe('IAKRSP', () => {
  it('comes back as it was sent, with or without a certificate', () => {
    assert(
      property(octets(32), point, uint8Array(), (implementationId, publicKey, certificate) => {
        const identity = { implementationId, publicKey, certificate }
        expect(decodeAttestationIdentity(encodeAttestationIdentity(identity))).toEqual(identity)
      }),
    )
  })

  it('is refused when its key is cut or is no uncompressed point', () => {
    const payload = new Uint8Array(97)
    payload[32] = 0x04
    expect(decodeAttestationIdentity(payload).certificate).toHaveLength(0)
    for (let length = 0; length < payload.length; length++) {
      expect(() => decodeAttestationIdentity(payload.subarray(0, length))).toThrow(
        `IAKRSP has ${length} octets, at least 97`,
      )
    }
    expect(() => decodeAttestationIdentity(payload.with(32, 0x02))).toThrow('starts with 0x02')
  })
})
