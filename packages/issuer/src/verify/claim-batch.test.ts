import { array, assert, property, record, uint8Array } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { packClaims, unpackClaims } from './claim-batch.ts'

const octets = uint8Array({ maxLength: 600 })
const claim = record({ point: octets, message: octets, signature: octets })

describe('a batch of claims', () => {
  it('gives back every claim in its place', () => {
    assert(
      property(array(claim, { maxLength: 12 }), (claims) => {
        expect(unpackClaims(packClaims(claims))).toEqual(claims)
      }),
    )
  })

  it('shares no memory with what it was made of', () => {
    const message = Uint8Array.of(1, 2, 3)
    const batch = packClaims([{ point: message, message, signature: message }])
    message.fill(0)
    expect(batch.octets).toEqual(Uint8Array.of(1, 2, 3, 1, 2, 3, 1, 2, 3))
  })
})
