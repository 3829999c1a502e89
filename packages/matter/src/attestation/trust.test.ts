import { fromHex, toHex } from '@keyline/bytes'
import { describe, expect, it } from 'vitest'
import { attestedDevice } from '../../../../test/support/attested-device.ts'
import { decodeAttestationElements } from './elements.ts'
import { prepareTrust } from './trust.ts'

describe('trust anchors', () => {
  it('examine a PAI and a declaration once, whoever presents them', async () => {
    const { pai, elements, trust } = await attestedDevice()
    const { certificationDeclaration } = decodeAttestationElements(elements)
    expect(trust.pai(Uint8Array.from(pai))).toBe(trust.pai(pai))
    const again = Uint8Array.from(certificationDeclaration)
    expect(trust.declaration(again)).toBe(trust.declaration(certificationDeclaration))
  })

  it('keep what they learned when the octets they were shown are overwritten', async () => {
    const { pai, trust } = await attestedDevice()
    const shown = Uint8Array.from(pai)
    const examined = trust.pai(shown)
    shown.fill(0)
    expect(examined.ok && toHex(examined.certificate.der)).toBe(toHex(pai))
  })

  it('forget the oldest rather than grow without bound', async () => {
    const { pai, trust } = await attestedDevice()
    const examined = trust.pai(pai)
    for (let count = 0; count < 64; count++) trust.pai(Uint8Array.of(count))
    expect(trust.pai(pai)).not.toBe(examined)
    expect(trust.pai(pai)).toEqual(examined)
  })

  it('are refused when they break the profile of a PAA', async () => {
    const { pai } = await attestedDevice()
    const refused = expect.objectContaining({ code: 'TRUST_UNUSABLE' })
    expect(() => prepareTrust({ paas: [pai], policy: 'test' })).toThrow(refused)
    expect(() => prepareTrust({ paas: [fromHex('00')], policy: 'test' })).toThrow('CERT-DER')
  })
})
