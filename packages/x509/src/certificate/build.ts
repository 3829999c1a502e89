import { p256Spki, type P256PublicKey, type Signer } from '@keyline/crypto'
import { derTime } from '../der/time.ts'
import { derBitString, derInteger, derSequence, derTagged } from '../der/writer.ts'
import { X509Error } from '../errors.ts'
import { ecdsaWithSha256Der } from '../key/algorithm.ts'
import { derExtension, type Extension } from './extension.ts'

/** All of a version 3 certificate but its signature. */
export interface TbsInput {
  /** Unsigned, big endian, 1 … 20 octets in its encoded form, not zero. */
  readonly serialNumber: Uint8Array
  /** DER of the name: the subject of the issuing certificate, verbatim. */
  readonly issuer: Uint8Array
  readonly subject: Uint8Array
  readonly notBefore: Readonly<Date>
  /** `noExpiry` for a certificate without an end. */
  readonly notAfter: Readonly<Date>
  readonly publicKey: P256PublicKey
  readonly extensions: readonly Extension[]
}

export interface CertificateInput extends TbsInput {
  readonly signer: Signer
}

/** TBSCertificate: what the signature will cover. @throws X509Error `X509_VALUE` */
export function buildTbsCertificate(input: TbsInput): Uint8Array<ArrayBuffer> {
  const serialNumber = derInteger(input.serialNumber)
  if (serialNumber.length > 22 || (serialNumber.length === 3 && serialNumber[2] === 0)) {
    throw new X509Error('X509_VALUE', 'a serial number is positive and has at most 20 octets')
  }
  const members = [
    derTagged(0, derInteger(2)),
    serialNumber,
    ecdsaWithSha256Der,
    input.issuer,
    derSequence(derTime(input.notBefore), derTime(input.notAfter)),
    input.subject,
    p256Spki(input.publicKey.point),
  ]
  if (input.extensions.length > 0) {
    members.push(derTagged(3, derSequence(...input.extensions.map(derExtension))))
  }
  return derSequence(...members)
}

/** Joins the signed part and its signature (DER of r and s). */
export function assembleCertificate(
  tbs: Uint8Array,
  signature: Uint8Array,
): Uint8Array<ArrayBuffer> {
  return derSequence(tbs, ecdsaWithSha256Der, derBitString(signature))
}

/** DER of a version 3 certificate signed with `ecdsa-with-SHA256`. @throws X509Error `X509_VALUE` */
export async function buildCertificate(input: CertificateInput): Promise<Uint8Array<ArrayBuffer>> {
  const tbs = buildTbsCertificate(input)
  return assembleCertificate(tbs, await input.signer.sign(tbs))
}
