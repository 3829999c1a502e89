import { toHex } from '@keyline/bytes'
import {
  CryptoError,
  curvePublicKey,
  verifyMessageDer,
  verifyMessage,
  type Curve,
  type CurvePublicKey,
  type HashAlgorithm,
} from '@keyline/crypto'
import {
  attributeText,
  extensionOf,
  Oid,
  parseCertificate,
  readBasicConstraints,
  readName,
  X509Error,
  type Certificate,
} from '@keyline/x509'
import { StsafeError } from '../errors.ts'
import { curves } from '../layout/algorithm.ts'

/** ECDSA by its object identifier; Ed25519 hashes by itself. */
const signatureHashes: ReadonlyMap<string, HashAlgorithm> = new Map([
  ['1.2.840.10045.4.3.2', 'SHA-256'],
  ['1.2.840.10045.4.3.3', 'SHA-384'],
  ['1.2.840.10045.4.3.4', 'SHA-512'],
])
const ed25519 = '1.3.101.112'

const curveByParameters: ReadonlyMap<string, Curve> = new Map(
  (
    ['P-256', 'P-384', 'P-521', 'brainpoolP256r1', 'brainpoolP384r1', 'brainpoolP512r1'] as const
  ).map((name) => {
    const { oid } = curves[name]
    return [`06${(oid.length / 2).toString(16).padStart(2, '0')}${oid}`, name]
  }),
)

/** Certificates one behind the other, each in DER. @throws StsafeError `STSAFE_CERTIFICATE` */
export function parseCertificates(der: Uint8Array): readonly Certificate[] {
  const certificates: Certificate[] = []
  let left = der
  while (left.length > 0) {
    const [tag, form, high = 0, low = 0] = left
    const length = 4 + ((high << 8) | low)
    if (tag !== 0x30 || form !== 0x82 || length > left.length) {
      throw new StsafeError('STSAFE_CERTIFICATE', 'the octets are no chain of certificates in DER')
    }
    certificates.push(parse(left.subarray(0, length)))
    left = left.subarray(length)
  }
  return certificates
}

/**
 * Proves that each certificate was issued by the one before it, from the root on, and gives the public key of the last.
 * Dates are not judged (section 6.5).
 * @throws StsafeError `STSAFE_CERTIFICATE`, `STSAFE_CERTIFICATE_ISSUER`, `STSAFE_CERTIFICATE_SIGNATURE`
 */
export function verifyChain(
  root: Certificate,
  certificates: readonly Certificate[],
): CurvePublicKey {
  let issuer = root
  for (const certificate of certificates) {
    requireIssuer(issuer, certificate)
    issuer = certificate
  }
  return publicKeyOf(issuer)
}

/** @throws StsafeError `STSAFE_CERTIFICATE` */
export function parse(der: Uint8Array): Certificate {
  try {
    return parseCertificate(der)
  } catch (cause) {
    if (!(cause instanceof X509Error)) throw cause
    throw new StsafeError('STSAFE_CERTIFICATE', `a certificate: ${cause.message}`, { cause })
  }
}

function requireIssuer(issuer: Certificate, certificate: Certificate): void {
  if (!isAuthority(issuer)) {
    throw new StsafeError('STSAFE_CERTIFICATE', 'an issuer is no certificate authority')
  }
  if (nameText(issuer.subject) !== nameText(certificate.issuer)) {
    const message = 'the issuer of a certificate is another than the one before it in the chain'
    throw new StsafeError('STSAFE_CERTIFICATE_ISSUER', message)
  }
  if (isSigned(certificate, publicKeyOf(issuer))) return
  throw new StsafeError('STSAFE_CERTIFICATE_SIGNATURE', 'the signature of a certificate is wrong')
}

function isAuthority(certificate: Certificate): boolean {
  const extension = extensionOf(certificate, Oid.basicConstraints)
  if (extension === undefined) return false
  try {
    return readBasicConstraints(extension.value).ca
  } catch (cause) {
    if (cause instanceof X509Error) return false
    throw cause
  }
}

/** Attribute by attribute; texts are compared without regard to case. */
function nameText(der: Uint8Array): string {
  return readName(der)
    .map((attribute) => {
      const text = attributeText(attribute)?.toLowerCase()
      const value = text === undefined ? `#${toHex(attribute.value)}` : JSON.stringify(text)
      return `${attribute.type}=${value}`
    })
    .join(',')
}

function publicKeyOf({ spki }: Certificate): CurvePublicKey {
  const { algorithm, key } = spki
  const octets = key.octets
  try {
    if (algorithm.oid === ed25519) return curvePublicKey('Ed25519', octets)
    const curve = curveByParameters.get(toHex(algorithm.parameters ?? new Uint8Array()))
    if (algorithm.oid === Oid.ecPublicKey && curve !== undefined && octets[0] === 0x04) {
      return curvePublicKey(curve, octets.subarray(1))
    }
  } catch (cause) {
    if (!(cause instanceof CryptoError)) throw cause
    throw new StsafeError('STSAFE_CERTIFICATE', `a certificate: ${cause.message}`, { cause })
  }
  throw new StsafeError('STSAFE_CERTIFICATE', 'a certificate has a key of an unknown kind')
}

function isSigned(certificate: Certificate, key: CurvePublicKey): boolean {
  const { tbs: message, signature, signatureAlgorithm, tbsSignatureAlgorithm } = certificate
  const { oid } = signatureAlgorithm
  if (oid !== tbsSignatureAlgorithm.oid || signature.unusedBits !== 0) return false
  if (oid === ed25519) {
    return key.curve === 'Ed25519' && verifyMessage(key, { message, signature: signature.octets })
  }
  const hash = signatureHashes.get(oid)
  if (hash === undefined || key.curve === 'Ed25519') return false
  return verifyMessageDer(key, { message, signature: signature.octets, hash })
}
