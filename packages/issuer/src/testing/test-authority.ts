import { X509Certificate } from 'node:crypto'
import { systemRandom } from '@keyline/bytes'
import { generateP256, keyPairSigner, type P256PublicKey, type Signer } from '@keyline/crypto'
import { buildCrl, keyIdentifier, parseCertificate } from '@keyline/x509'
import { buildDac } from '../build/build-dac.ts'
import { readPai } from '../build/pai.ts'
import { drawSerialNumber } from '../build/serial-number.ts'
import { certifyPaa, certifyPai } from '../pki/create-pki.ts'

const vendorId = 0xfff1
const notBefore = new Date('2026-01-01T00:00:00Z')
const until = new Date('2036-01-01T00:00:00Z')

/** X.509 DER of a PAA and of a PAI for a key, wherever that rests. */
export interface TestAuthority {
  readonly paa: Uint8Array
  readonly pai: Uint8Array
}

export async function authorityFor(publicKey: P256PublicKey): Promise<TestAuthority> {
  const common = { vendorId, notBefore, random: systemRandom }
  const signer = keyPairSigner(generateP256())
  const paa = await certifyPaa({ ...common, signer })
  const pai = await certifyPai({ ...common, publicKey, paa: { certificate: paa, signer } })
  return { paa, pai }
}

/** A CA certificate that the signer is asked to make, for itself. */
export function authoritySignedBy(signer: Signer): Promise<Uint8Array> {
  return certifyPaa({ vendorId, notBefore, random: systemRandom, signer })
}

/** A device certificate that the signer makes. */
export function dacBy(signer: Signer, pai: Uint8Array): Promise<Uint8Array> {
  const issuer = readPai(pai)
  const { notBefore: start } = issuer.certificate
  return buildDac({
    pai: issuer,
    signer,
    publicKey: generateP256().publicKey,
    serialNumber: drawSerialNumber(systemRandom),
    commonName: 'Device of a test',
    vendorId,
    productId: 0x8004,
    notBefore: start,
    notAfter: until,
    now: start,
  })
}

/** A list of the PAI with so many certificates that the signer makes. */
export function listBy(signer: Signer, pai: Uint8Array, size: number): Promise<Uint8Array> {
  const revoked = Array.from({ length: size }, (_, index) => ({
    serialNumber: Uint8Array.of(1, index >> 16, index >> 8, index),
    revokedAt: notBefore,
  }))
  return buildCrl({
    issuer: parseCertificate(pai).subject,
    authorityKeyId: keyIdentifier(signer.publicKey.point),
    thisUpdate: notBefore,
    nextUpdate: until,
    number: 1,
    revoked,
    signer,
  })
}

/** What the runtime says: is the certificate signed by the PAI? */
export function isIssued(dac: Uint8Array, pai: Uint8Array): boolean {
  return new X509Certificate(dac).verify(new X509Certificate(pai).publicKey)
}
