import { encodeUtf8, Secret, seededRandom } from '@keyline/bytes'
import { generateP256, p256FromEncoded } from '@keyline/crypto'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import '../../../../test/support/properties.ts'
import { pemDecode, pemEncode } from './pem.ts'
import { encryptPkcs8 } from './pkcs8.ts'

const octets = fc.uint8Array({ minLength: 1, maxLength: 300 })

describe('PEM', () => {
  it('brings octets back, also with the line ends of Windows', () => {
    fc.assert(
      fc.property(octets, (der) => {
        const text = pemEncode('CERTIFICATE', der)
        expect(pemDecode(text, 'CERTIFICATE')).toEqual(der)
        expect(pemDecode(text.replaceAll('\n', '\r\n'), 'CERTIFICATE')).toEqual(der)
        expect(text.split('\n').every((line) => line.length <= 64)).toBe(true)
      }),
    )
  })

  const block = pemEncode('CERTIFICATE', Uint8Array.of(0x30, 0x00))

  it('allows text around the block', () => {
    expect(pemDecode(`subject=x\n${block}trailer\n`, 'CERTIFICATE')).toEqual(Uint8Array.of(0x30, 0))
  })

  it.each([
    ['no block', 'MAA='],
    ['two blocks', block + block],
    ['another label', block.replaceAll('CERTIFICATE', 'PRIVATE KEY')],
    ['no end', block.replace(/-----END.*/, '')],
    ['an end of another label', block.replace('END CERTIFICATE', 'END KEY')],
    ['headers', block.replace('MAA=', 'Proc-Type: 4,ENCRYPTED\n\nMAA=')],
    ['base64 without its padding', block.replace('MAA=', 'MAA')],
    ['unused bits that are set', block.replace('MAA=', 'MAB=')],
    ['no content', block.replace('MAA=\n', '')],
  ])('refuses %s', (_, text) => {
    expect(() => pemDecode(text, 'CERTIFICATE')).toThrow(
      expect.objectContaining({ code: 'PEM_MALFORMED' }),
    )
  })
})

describe('an encrypted key', () => {
  const pair = generateP256()
  const random = seededRandom('pkcs8')

  it('opens with its passphrase alone', async () => {
    const pem = encodeUtf8(await encryptPkcs8(pair, passphrase(), { iterations: 1000, random }))
    const opened = p256FromEncoded({ octets: pem, passphrase: passphrase() })
    expect(opened.publicKey.point).toEqual(pair.publicKey.point)
    const wrong = new Secret(encodeUtf8('wrong'))
    expect(() => p256FromEncoded({ octets: pem, passphrase: wrong })).toThrow(
      expect.objectContaining({ code: 'KEY_PASSPHRASE' }),
    )
  })

  it('is another text each time, under a new salt', async () => {
    const first = await encryptPkcs8(pair, passphrase(), { iterations: 1000 })
    expect(await encryptPkcs8(pair, passphrase(), { iterations: 1000 })).not.toBe(first)
  })
})

function passphrase(): Secret {
  return new Secret(encodeUtf8('correct horse'))
}
