import { fromHex } from '@keyline/bytes'
import { generateP256, keyPairSigner } from '@keyline/crypto'
import { describe, expect, it } from 'vitest'
import { Openssl } from '../../../../test/support/openssl.ts'
import { buildCertificate } from '../certificate/build.ts'
import { noExpiry } from '../der/time.ts'
import { name } from '../name/name.ts'
import { Oid } from '../oids.ts'
import { pemDecode, pemEncode } from '../pem/pem.ts'
import { buildCertsOnly, parseCertsOnly } from './certs-only.ts'

async function chain(): Promise<readonly Uint8Array[]> {
  const pair = generateP256()
  return Promise.all(
    ['Leaf', 'Intermediate', 'Root'].map((commonName, index) =>
      buildCertificate({
        serialNumber: Uint8Array.of(index + 1),
        issuer: name([{ type: Oid.commonName, value: 'Root' }]),
        subject: name([{ type: Oid.commonName, value: commonName }]),
        notBefore: new Date('2026-01-01T00:00:00Z'),
        notAfter: noExpiry,
        publicKey: pair.publicKey,
        extensions: [],
        signer: keyPairSigner(pair),
      }),
    ),
  )
}

describe('openssl', () => {
  it('prints every certificate of a message that we built', async () => {
    using openssl = new Openssl()
    const certificates = await chain()
    openssl.write('ours.p7b', buildCertsOnly(certificates))
    const options = ['-inform', 'DER', '-in', 'ours.p7b', '-print_certs']
    const printed = await openssl.output(['pkcs7', ...options])
    const blocks = printed.match(/-----BEGIN[^]+?-----END CERTIFICATE-----/g) ?? []
    const found = blocks.map((block) => String(pemDecode(block, 'CERTIFICATE')))
    expect(new Set(found)).toEqual(new Set(certificates.map(String)))
    expect(blocks).toHaveLength(3)
  })

  it('makes a message that we read', async () => {
    using openssl = new Openssl()
    const certificates = await chain()
    const pem = certificates.map((der) => pemEncode('CERTIFICATE', der)).join('')
    openssl.write('chain.pem', pem)
    const files = ['-certfile', 'chain.pem', '-out', 'theirs.p7b']
    await openssl.output(['crl2pkcs7', '-nocrl', '-outform', 'DER', ...files])
    const read = parseCertsOnly(openssl.read('theirs.p7b')).map((found) => String(found.der))
    expect(new Set(read)).toEqual(new Set(certificates.map(String)))
  })

  it('agrees to the octet on a message with one certificate', async () => {
    using openssl = new Openssl()
    const [only = fromHex('')] = await chain()
    openssl.write('one.pem', pemEncode('CERTIFICATE', only))
    const files = ['-certfile', 'one.pem', '-out', 'one.p7b']
    await openssl.output(['crl2pkcs7', '-nocrl', '-outform', 'DER', ...files])
    expect(openssl.read('one.p7b')).toEqual(buildCertsOnly([only]))
  })
})
