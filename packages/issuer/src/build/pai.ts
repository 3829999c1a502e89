import { toHex } from '@keyline/bytes'
import { sha256, type P256PublicKey } from '@keyline/crypto'
import { matterIds, profileViolations } from '@keyline/matter'
import {
  extensionOf,
  Oid,
  parseCertificate,
  publicKeyOf,
  readSubjectKeyIdentifier,
  X509Error,
  type Certificate,
} from '@keyline/x509'
import { IssuerError } from '../errors.ts'

/** A PAI, parsed once for all the certificates it will issue. */
export interface Pai {
  readonly certificate: Certificate
  readonly publicKey: P256PublicKey
  /** Subject key identifier, 20 octets; empty when the profile is violated there. */
  readonly keyId: Uint8Array
  /** SHA-256 of the SubjectPublicKeyInfo, lower-case hexadecimal. */
  readonly spkiSha256: string
  readonly vendorId: number | undefined
  readonly productId: number | undefined
  /** Violations of the profile (matter 10.2, 10.3), empty for a usable PAI: ISS-01. */
  readonly problems: readonly string[]
}

/**
 * Reads a PAI and judges its profile. A PAI with problems is readable, but issues nothing.
 * @param der X.509. @throws IssuerError `ISSUER_PAI_UNUSABLE` when it is no certificate with a key on P-256
 */
export function readPai(der: Uint8Array): Pai {
  const certificate = parse(der)
  const { spki, subject } = certificate
  const publicKey = publicKeyOf(certificate)
  if (publicKey === undefined) throw unusable('its key is not on P-256')
  const problems: string[] = [...profileViolations(certificate, 'PAI')]
  const ids = matterIds(subject)
  if (ids.vendorId === undefined) problems.push(ids.problem ?? 'its subject has no vendor id')
  const keyId = extensionOf(certificate, Oid.subjectKeyIdentifier)
  return {
    certificate,
    publicKey,
    keyId:
      keyId === undefined || problems.includes('EXT-SKID-MALFORMED')
        ? new Uint8Array()
        : readSubjectKeyIdentifier(keyId.value),
    spkiSha256: toHex(sha256(spki.der)),
    vendorId: ids.vendorId,
    productId: ids.productId,
    problems,
  }
}

function parse(der: Uint8Array): Certificate {
  try {
    return parseCertificate(der)
  } catch (cause) {
    if (!(cause instanceof X509Error)) throw cause
    throw unusable(cause.message, cause)
  }
}

function unusable(why: string, cause?: X509Error): IssuerError {
  const options = { cause, details: { rule: 'ISS-01' } }
  return new IssuerError('ISSUER_PAI_UNUSABLE', `the PAI: ${why}`, options)
}
