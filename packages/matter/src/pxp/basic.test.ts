import { encodeUtf8 } from '@keyline/bytes'
import { describe, expect, it } from 'vitest'
import { MatterError } from '../errors.ts'
import { decodeBasic, encodeBasic, type BasicInformation } from './payload.ts'

const all: Required<BasicInformation> = {
  vendorId: 0xfff1,
  productId: 0x8004,
  vendorName: 'Vendor',
  productName: 'Product',
  serialNumber: 'SN-1',
  hardwareVersion: 0xffff,
  hardwareVersionString: 'rev. C',
  softwareVersion: 0xffff_ffff,
  softwareVersionString: '1.2.3',
  testCredentials: false,
}

describe('BASIC', () => {
  it('brings every attribute back', () => {
    expect(decodeBasic(encodeBasic(all))).toEqual(all)
  })

  it('needs the ids alone', () => {
    const { vendorId, productId } = all
    expect(decodeBasic(encodeBasic({ vendorId, productId }))).toEqual({ vendorId, productId })
  })

  it.each(Object.keys(all))('refuses another type for %s', (name) => {
    const payload = encodeUtf8(JSON.stringify({ ...all, [name]: [] }))
    expect(() => decodeBasic(payload)).toThrow(`BASIC.${name} is []`)
  })

  it.each([
    ['vendorId', 0x1_0000],
    ['hardwareVersion', 0x1_0000],
    ['softwareVersion', 0x1_0000_0000],
    ['productId', -1],
    ['productId', 1.5],
  ])('refuses %s of %d', (name, value) => {
    const payload = encodeUtf8(JSON.stringify({ ...all, [name]: value }))
    expect(() => decodeBasic(payload)).toThrow(MatterError)
  })

  it.each(['[]', 'null', '"text"', '7', '{', ''])('refuses the payload %s', (text) => {
    expect(() => decodeBasic(encodeUtf8(text))).toThrow(
      expect.objectContaining({ code: 'PXP_PAYLOAD' }),
    )
  })
})
