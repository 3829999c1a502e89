import { assert, property, uint8Array } from 'fast-check'
import { encodeUtf8 } from '@keyline/bytes'
import { describe, expect, it } from 'vitest'
import '../../../../../test/support/properties.ts'
import { estBody, readEstBase64 } from './message.ts'

describe('the base64 of EST', () => {
  it('brings octets back, with its line breaks and with others', () => {
    assert(
      property(uint8Array({ maxLength: 400 }), (octets) => {
        const { body = '' } = estBody(octets)
        const text = String(body)
        expect(text.split('\n').every((line) => line.length <= 64)).toBe(true)
        for (const form of [
          text,
          text.replaceAll('\n', '\r\n'),
          text.replaceAll('\n', ''),
          ` ${text}\t`,
        ]) {
          expect(readEstBase64(encodeUtf8(form))).toEqual(octets)
        }
      }),
    )
  })

  it.each([
    ['DER', Uint8Array.of(0x30, 0x82, 0x01, 0x00)],
    [
      'PEM',
      encodeUtf8('-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----'),
    ],
    ['padding in the middle', encodeUtf8('AA==AAAA')],
    ['a digit too many', encodeUtf8('AAAAA')],
    ['unused bits', encodeUtf8('AB==')],
  ])('is not %s', (_, body) => {
    expect(() => readEstBase64(body)).toThrow(
      expect.objectContaining({ code: 'SERVER_BODY_INVALID' }),
    )
  })
})
