import { describeFinding, equalOctets, toHex, type Finding } from '@keyline/bytes'
import type { Signer } from '@keyline/crypto'
import {
  extensionOf,
  isEcdsaWithSha256,
  isSignedBy,
  Oid,
  parseCertificate,
  publicKeyOf,
  readBasicConstraints,
  readKeyUsage,
  readSubjectKeyIdentifier,
  X509Error,
  type Certificate,
  type KeyUsage,
} from '@keyline/x509'
import { IssuerError } from '../errors.ts'
import { revocationRules, type RevocationRule } from './revocation-rules.ts'

export interface ListAuthorityInput {
  /** Certificate of the CA whose certificates are revoked: a PAI, or a PAA. X.509 DER. */
  readonly issuer: Uint8Array
  /** Certificate of a separate signer that the CA delegates its lists to. X.509 DER. */
  readonly delegate?: Uint8Array | undefined
  /** Holder of the key that signs: of the delegate where there is one. */
  readonly signer: Signer
  /** Where the list is found, for a CA with several lists: stands in each of them. */
  readonly distributionPoint?: string | undefined
}

/** A CA with the one who signs its lists, proven to be allowed to. */
export interface ListAuthority {
  readonly issuer: Certificate
  /** Key identifier of the CA, lower-case hexadecimal: its name in the ledger. */
  readonly issuerKeyId: string
  readonly delegate: Certificate | undefined
  /** Key identifier of the one who signs. */
  readonly signerKeyId: Uint8Array
  readonly signer: Signer
  readonly distributionPoint: string | undefined
}

/** @throws IssuerError `ISSUER_CRL_SIGNER` with every rule REV-01 to REV-07 that is broken */
export function openListAuthority(input: ListAuthorityInput): ListAuthority {
  const issuer = parse(input.issuer, 'CA')
  const delegate = input.delegate === undefined ? undefined : parse(input.delegate, 'list signer')
  const findings = listSignerFindings({ issuer, delegate, signer: input.signer })
  if (findings.length > 0) {
    const text = findings.map(describeFinding).join(' | ')
    throw new IssuerError('ISSUER_CRL_SIGNER', text, {
      details: { rules: findings.map(({ rule }) => rule).join(' ') },
    })
  }
  return {
    issuer,
    issuerKeyId: toHex(keyIdOf(issuer) ?? new Uint8Array()),
    delegate,
    signerKeyId: keyIdOf(delegate ?? issuer) ?? new Uint8Array(),
    signer: input.signer,
    distributionPoint: input.distributionPoint,
  }
}

/** What keeps a certificate from signing the lists of a CA; none is good. Source: issuing, section 3. */
export function listSignerFindings(input: {
  readonly issuer: Certificate
  readonly delegate?: Certificate | undefined
  readonly signer?: Signer | undefined
}): readonly Finding[] {
  const { issuer, delegate, signer } = input
  const certificate = delegate ?? issuer
  const broken: RevocationRule[] = []
  const publicKey = publicKeyOf(certificate)
  const isModern = isEcdsaWithSha256(certificate.signatureAlgorithm) && publicKey !== undefined
  if (certificate.version !== 3 || !isModern) broken.push('REV-01')
  if (delegate === undefined && !usagesOf(issuer).usages.includes('cRLSign')) broken.push('REV-02')
  if (keyIdOf(certificate) === undefined) broken.push('REV-03')
  if (delegate !== undefined) broken.push(...delegateProblems(delegate, issuer))
  const isOwnKey =
    signer === undefined ||
    (publicKey !== undefined && equalOctets(signer.publicKey.point, publicKey.point))
  if (!isOwnKey) broken.push('REV-07')
  return broken.map((rule) => ({
    rule,
    severity: revocationRules[rule].severity,
    field: delegate === undefined ? 'issuer' : 'crlSignerCertificate',
    value: toHex(certificate.serialNumber),
    message: revocationRules[rule].text,
    remedy: revocationRules[rule].remedy,
  }))
}

function delegateProblems(delegate: Certificate, issuer: Certificate): readonly RevocationRule[] {
  const broken: RevocationRule[] = []
  const constraints = extensionOf(delegate, Oid.basicConstraints)
  const isLeaf = constraints?.critical === true && !isCa(constraints.value)
  if (!isLeaf) broken.push('REV-04')
  const { usages, critical } = usagesOf(delegate)
  const isForLists = usages.every((usage) => usage === 'cRLSign' || usage === 'digitalSignature')
  if (!critical || !usages.includes('cRLSign') || !isForLists) broken.push('REV-05')
  const caKey = publicKeyOf(issuer)
  const isCertified =
    caKey !== undefined &&
    equalOctets(delegate.issuer, issuer.subject) &&
    isSignedBy(delegate, caKey)
  if (!isCertified) broken.push('REV-06')
  return broken
}

function isCa(value: Uint8Array): boolean {
  return valueOr(true, () => readBasicConstraints(value).ca)
}

function usagesOf(certificate: Certificate): {
  readonly usages: readonly KeyUsage[]
  readonly critical: boolean
} {
  const extension = extensionOf(certificate, Oid.keyUsage)
  if (extension === undefined) return { usages: [], critical: false }
  const usages = valueOr([], () => readKeyUsage(extension.value))
  return { usages, critical: extension.critical }
}

/** Subject key identifier; `undefined` where it is missing or malformed. */
export function keyIdOf(certificate: Certificate): Uint8Array | undefined {
  const extension = extensionOf(certificate, Oid.subjectKeyIdentifier)
  if (extension === undefined) return undefined
  return valueOr(undefined, () => readSubjectKeyIdentifier(extension.value))
}

function valueOr<T>(malformed: T, read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (error instanceof X509Error) return malformed
    throw error
  }
}

function parse(der: Uint8Array, what: string): Certificate {
  try {
    return parseCertificate(der)
  } catch (cause) {
    if (!(cause instanceof X509Error)) throw cause
    throw new IssuerError('ISSUER_CRL_SIGNER', `the certificate of the ${what}: ${cause.message}`, {
      cause,
    })
  }
}
