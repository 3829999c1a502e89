import { keyPairSigner, type P256KeyPair } from '@keyline/crypto'
import {
  derBitString,
  derInteger,
  derOid,
  derSequence,
  derTagged,
  derTime,
  Oid,
} from '@keyline/x509'

/** The parts of a certificate put together by hand: what the builder would never do can be done here. */
export interface CertificateParts {
  readonly version: Uint8Array
  readonly serialNumber: Uint8Array
  readonly innerAlgorithm: Uint8Array
  readonly outerAlgorithm: Uint8Array
  readonly issuer: Uint8Array
  readonly notBefore: Date
  readonly notAfter: Date
  readonly subject: Uint8Array
  readonly spki: Uint8Array
  readonly extensions: readonly Uint8Array[]
  readonly spoil: (signature: Uint8Array) => Uint8Array
}

const ecdsaWithSha256 = derSequence(derOid(Oid.ecdsaWithSha256))

/** Parts that every certificate has in the same way. */
export const commonParts = {
  version: derTagged(0, derInteger(2)),
  serialNumber: derInteger(1),
  innerAlgorithm: ecdsaWithSha256,
  outerAlgorithm: ecdsaWithSha256,
  spoil: (signature: Uint8Array) => signature,
} as const

/** X.509 DER of the parts, signed by the key. */
export async function handmadeCertificate(
  parts: CertificateParts,
  issuerKey: P256KeyPair,
): Promise<Uint8Array> {
  const tbs = derSequence(
    parts.version,
    parts.serialNumber,
    parts.innerAlgorithm,
    parts.issuer,
    derSequence(derTime(parts.notBefore), derTime(parts.notAfter)),
    parts.subject,
    parts.spki,
    ...(parts.extensions.length > 0 ? [derTagged(3, derSequence(...parts.extensions))] : []),
  )
  const signature = parts.spoil(await keyPairSigner(issuerKey).sign(tbs))
  return derSequence(tbs, parts.outerAlgorithm, derBitString(signature))
}
