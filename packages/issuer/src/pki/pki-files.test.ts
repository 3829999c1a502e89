import { encodeUtf8, Secret, seededRandom } from '@keyline/bytes'
import { pemDecode } from '@keyline/x509'
import { expect, it } from 'vitest'
import { testPki } from '../testing/test-line.ts'
import { openFileSigner } from '../signer/file-signer.ts'
import { pkiFiles } from './pki-files.ts'

it('a PKI becomes four files, of which the two keys are secret and open with the passphrase', async () => {
  const pki = await testPki()
  const passphrase = new Secret(encodeUtf8('passphrase'))
  const random = seededRandom('files')
  const files = await pkiFiles({ pki, passphrase, random, iterations: 1000 })
  expect(files.map(({ name, isSecret }) => [name, isSecret])).toEqual([
    ['paa.cert.pem', false],
    ['paa.key.pem', true],
    ['pai.cert.pem', false],
    ['pai.key.pem', true],
  ])
  const content = new Map(files.map((file) => [file.name, file.content]))
  expect(pemDecode(content.get('pai.cert.pem') ?? '', 'CERTIFICATE')).toEqual(pki.pai.certificate)
  const signer = openFileSigner({ pem: content.get('pai.key.pem') ?? '', passphrase })
  expect(signer.publicKey.point).toEqual(pki.pai.keyPair.publicKey.point)
})

it('a key that is elsewhere is a name in a file, and one that stays elsewhere is in none', async () => {
  const { paa, pai } = await testPki()
  const random = seededRandom('files')
  const keyUri = 'pkcs11:token=T;object=pai'
  const files = await pkiFiles({
    pki: {
      paa: { certificate: paa.certificate },
      pai: { certificate: pai.certificate, keyUri },
    },
    random,
  })
  expect(files.map(({ name, isSecret }) => [name, isSecret])).toEqual([
    ['paa.cert.pem', false],
    ['pai.cert.pem', false],
    ['pai.key.uri', false],
  ])
  expect(files.at(-1)?.content).toBe(`${keyUri}\n`)
})

it('a key of this process is not written without a passphrase', async () => {
  const pki = await testPki()
  const written = pkiFiles({ pki, random: seededRandom('files') })
  await expect(written).rejects.toMatchObject({ code: 'ISSUER_PKI_INPUT' })
})
