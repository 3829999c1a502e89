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
