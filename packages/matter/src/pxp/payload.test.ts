import { encodeUtf8 } from '@keyline/bytes'
import { describe, expect, it } from 'vitest'
import {
  decodeBasic,
  decodeHello,
  decodeIdent,
  decodeStored,
  encodeBasic,
  encodeHello,
  encodeIdent,
  encodeStored,
} from './payload.ts'
import { boardResultOf, boardResults, finishText, resultCodeText } from './result-code.ts'

const ident = {
  uid: Uint8Array.of(0, 0x3a, 0, 0x41, 0x34, 0x38, 0x51, 0x0b, 0x34, 0x31, 0x39, 0x39),
  device: '0x4B0',
  stores: ['flash', 'its'],
  state: 'empty',
} as const

describe('JSON payloads', () => {
  it('come back as they were sent', () => {
    expect(decodeHello(encodeHello({ mode: 'production' }))).toEqual({ mode: 'production' })
    expect(decodeIdent(encodeIdent(ident))).toEqual(ident)
    expect(decodeStored(encodeStored({ store: 'cks' }))).toEqual({ store: 'cks' })
    const basic = {
      vendorId: 0xfff1,
      productId: 0x8004,
      serialNumber: 'A1',
      testCredentials: false,
    }
    expect(decodeBasic(encodeBasic(basic))).toEqual(basic)
  })

  it.each([
    ['{"v":2,"mode":"test"}', decodeHello, /HELLO.v is 2/],
    ['{"v":1,"mode":"TEST"}', decodeHello, /HELLO.mode is "TEST"/],
    ['{"v":1,"v":1,"mode":"test"}', decodeHello, /not JSON/],
    ['[]', decodeHello, /not a JSON object/],
    ['{"v":1,"uid":"00"}', decodeIdent, /IDENT.uid/],
    ['{"store":"eeprom"}', decodeStored, /STORED.store/],
    ['{}', decodeStored, /STORED.store is missing/],
    ['{"vendorId":65536,"productId":1}', decodeBasic, /BASIC.vendorId/],
    ['{"vendorId":1,"productId":1,"vendorName":3}', decodeBasic, /BASIC.vendorName/],
  ])('refuse %s', (text, decode, message) => {
    expect(() => decode(encodeUtf8(text))).toThrow(message)
  })
})

describe('result codes', () => {
  it('have one name for each number', () => {
    const codes = Object.values(boardResults).map((entry) => entry.code)
    expect(new Set(codes).size).toBe(codes.length)
    expect(boardResultOf(11)).toBe('certificateRejected')
    expect(boardResultOf(42)).toBeUndefined()
  })

  it('are written in decimal on the wire and in hexadecimal in reports', () => {
    expect(finishText('certificateRejected')).toBe('finish:011')
    expect(resultCodeText(11)).toBe('0x000B')
  })
})
