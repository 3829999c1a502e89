import { describe, expect, it } from 'vitest'
import type { TlvElement } from '../tlv/element.ts'
import { packQrPayload, QrTag, unpackQrPayload, type QrPayload } from './qr.ts'

const payload: QrPayload = {
  vendorId: 0xfff1,
  productId: 0x8004,
  flow: 0,
  discovery: 2,
  discriminator: 3840,
  passcode: 20_202_021,
}

describe('the packed payload', () => {
  it.each([
    ['version', 8],
    ['vendorId', 0x1_0000],
    ['flow', 4],
    ['discovery', 0x100],
    ['discriminator', 0x1000],
    ['passcode', 2 ** 27],
    ['passcode', -1],
    ['passcode', 0.5],
  ])('has no room for a %s of %d', (field, value) => {
    expect(() => packQrPayload({ ...payload, [field]: value })).toThrow(`${field} does not fit`)
  })

  it('brings elements of its maker back, in their order', () => {
    const elements: TlvElement[] = [
      { tag: 0x81, type: 'text', value: 'ours' },
      { tag: QrTag.serialNumber, type: 'uint', value: 7 },
      { tag: 0x80, type: 'int', value: -1 },
    ]
    expect(unpackQrPayload(packQrPayload({ ...payload, elements })).elements).toEqual(elements)
  })

  it.each<readonly [string, TlvElement]>([
    ['without a tag', { tag: { profile: 'common', number: 1 }, type: 'null' }],
    ['of a maker that is neither text nor signed', { tag: 0x80, type: 'uint', value: 1 }],
    ['that counts in text', { tag: QrTag.iterations, type: 'text', value: '1000' }],
    ['that salts in text', { tag: QrTag.salt, type: 'text', value: 'salt' }],
  ])('takes no element %s', (_, element) => {
    expect(() => packQrPayload({ ...payload, elements: [element] })).toThrow(
      expect.objectContaining({ code: 'ONBOARDING_QR' }),
    )
  })
})
