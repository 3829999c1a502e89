import { generateKeyPairSync, type KeyPairKeyObjectResult } from 'node:crypto'
import { encodeUtf8, Secret, seededRandom } from '@keyline/bytes'
import { generateP256, p256ToPkcs8, verifyP256Der } from '@keyline/crypto'
import { encryptPkcs8, pemEncode } from '@keyline/x509'
import { describe, expect, it } from 'vitest'
import { openFileSigner } from './file-signer.ts'

const passphrase = (): Secret => new Secret(encodeUtf8('correct horse'))
const random = seededRandom('file-signer')

/** PKCS#8 with the old scheme pbeWithSHA1And3-KeyTripleDES-CBC, as far as its name. */
const pbes1 = pemEncode(
  'ENCRYPTED PRIVATE KEY',
  Uint8Array.from([
    0x30, 0x10, 0x30, 0x0c, 0x06, 0x0a, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x0c, 0x01, 0x03,
    0x04, 0x00,
  ]),
)

describe('a signer from a file', () => {
  it('signs with the key that was encrypted', async () => {
    const pair = generateP256()
    const pem = await encryptPkcs8(pair, passphrase(), { iterations: 1000, random })
    const signer = openFileSigner({ pem, passphrase: passphrase() })
    const message = encodeUtf8('probe')
    const signature = await signer.sign(message)
    expect(signer.publicKey.point).toEqual(pair.publicKey.point)
    expect(verifyP256Der({ publicKey: pair.publicKey, message, signature })).toBe(true)
  })

  it('refuses a wrong passphrase with an error of its own that does not name it', async () => {
    const pem = await encryptPkcs8(generateP256(), passphrase(), { iterations: 1000, random })
    const open = (): unknown =>
      openFileSigner({ pem, passphrase: new Secret(encodeUtf8('wrong battery')) })
    expect(open).toThrow(expect.objectContaining({ code: 'ISSUER_PASSPHRASE', fault: 'caller' }))
    expect(open).not.toThrow(/wrong battery/)
  })

  it.each<readonly [string, () => KeyPairKeyObjectResult]>([
    ['on another curve', () => generateKeyPairSync('ec', { namedCurve: 'P-384' })],
    ['of another kind', () => generateKeyPairSync('ed25519')],
  ])('refuses a key %s though its passphrase is right', (_, generate) => {
    const { privateKey } = generate()
    const cipher = { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc' } as const
    const pem = privateKey.export({ ...cipher, passphrase: 'correct horse' }).toString()
    expect(() => openFileSigner({ pem, passphrase: passphrase() })).toThrow(
      expect.objectContaining({ code: 'ISSUER_KEY_FILE' }),
    )
  })

  it.each([
    ['no PEM at all', 'hello'],
    ['a key without encryption', pemEncode('PRIVATE KEY', p256ToPkcs8(generateP256()).reveal())],
    ['a key under PBES1', pbes1],
    ['a block that is no key', pemEncode('ENCRYPTED PRIVATE KEY', Uint8Array.of(1, 2, 3))],
  ])('refuses %s', (_, pem) => {
    expect(() => openFileSigner({ pem, passphrase: passphrase() })).toThrow(
      expect.objectContaining({ code: 'ISSUER_KEY_FILE' }),
    )
  })
})
