import { fromHex } from '@keyline/bytes'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { nonce } from '../../../../test/support/attested-device.ts'
import '../../../../test/support/properties.ts'
import { MatterError } from '../errors.ts'
import { encodeTlv } from '../tlv/encode.ts'
import { decodeAttestationElements, encodeAttestationElements } from './elements.ts'

describe('attestation elements', () => {
  const elements = fc.record({
    certificationDeclaration: fc.uint8Array({ maxLength: 300 }),
    nonce: fc.uint8Array({ minLength: 32, maxLength: 32 }),
    timestamp: fc.nat(),
    firmwareInformation: fc.option(fc.uint8Array({ maxLength: 30 }), { nil: undefined }),
  })

  it('come back as they were encoded', () => {
    fc.assert(
      fc.property(elements, (input) => {
        expect(decodeAttestationElements(encodeAttestationElements(input))).toEqual(input)
      }),
    )
  })

  it('end every changed input with elements or their own error', () => {
    fc.assert(
      fc.property(elements, fc.nat(), fc.nat(255), (input, place, octet) => {
        const octets = encodeAttestationElements(input)
        octets[place % octets.length] = octet
        try {
          decodeAttestationElements(octets)
        } catch (error) {
          if (!(error instanceof MatterError)) throw error
        }
      }),
    )
  })

  const vendor = {
    tag: { profile: { vendorId: 0xfff1, number: 1 }, number: 1 },
    type: 'uint',
    value: 1,
  } as const
  const cd = { tag: 1, type: 'octets', value: fromHex('01') } as const
  const nonceMember = { tag: 2, type: 'octets', value: nonce } as const
  const time = { tag: 3, type: 'uint', value: 0 } as const
  const later = { tag: 9, type: 'null' } as const

  it.each([
    ['vendor members behind the others', [cd, nonceMember, time, vendor]],
    ['members of a later version', [cd, nonceMember, time, later]],
  ])('may have %s', (_, value) => {
    const decoded = decodeAttestationElements(encodeTlv({ type: 'structure', value }))
    expect(decoded.nonce).toEqual(nonce)
  })

  it.each([
    ['a vendor member in front', [vendor, cd, nonceMember, time]],
    ['a vendor member between', [cd, nonceMember, vendor, time]],
    ['another order', [nonceMember, cd, time]],
    ['no declaration', [nonceMember, time]],
    ['a nonce that is a number', [cd, { ...time, tag: 2 }, time]],
    ['a time that is a text', [cd, nonceMember, { tag: 3, type: 'text', value: '0' } as const]],
  ])('may not have %s', (_, value) => {
    const octets = encodeTlv({ type: 'structure', value })
    expect(() => decodeAttestationElements(octets)).toThrow(
      expect.objectContaining({ code: 'ATTESTATION_ELEMENTS' }),
    )
  })

  it('are a structure', () => {
    const list = encodeTlv({ type: 'list', value: [cd, nonceMember, time] })
    expect(() => decodeAttestationElements(list)).toThrow('anonymous structure')
  })
})
