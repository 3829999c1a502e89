import { equalOctets, toHex } from '@keyline/bytes'
import { curvePublicKey, sha256, type CurvePublicKey } from '@keyline/crypto'
import { instanceIdMatches, type InstanceIdForm } from '@keyline/eat'
import {
  attributeText,
  extensionOf,
  isEcdsaWithSha256,
  isSignedBy,
  Oid,
  parseCertificate,
  publicKeyOf,
  readBasicConstraints,
  readName,
  X509Error,
  type Certificate,
} from '@keyline/x509'
import { VerifierError, type VerifierErrorCode } from '../errors.ts'
import {
  deviceSubjectPrefixes,
  type CertificateAnchor,
  type CertificateTrust,
} from '../store/certificate-anchor.ts'

/** Leaf and intermediates that a device may send: more would cost more than a token is worth. */
const mostCertificates = 5

/** A key that a trusted authority has certified. */
export interface CertifiedKey {
  readonly publicKey: CurvePublicKey
  /** Common name of the device certificate. */
  readonly subject: string
  readonly anchor: CertificateAnchor
}

/**
 * Follows a chain to a trusted authority (attestation-verifier 5.3, the first failure in the order of V34): form,
 * names and signatures, authority flags, time, subject, deny list.
 * @param chain certificates in DER, the leaf first
 * @param seconds time of verification since 1970
 * @throws VerifierError `E_X509_…`, `E_KEY_UNKNOWN`
 */
export function verifyChain(
  chain: readonly Uint8Array[],
  trust: CertificateTrust,
  seconds: number,
): CertifiedKey {
  const [leaf, ...others] = parseChain(chain)
  if (leaf === undefined) return refuse('E_X509_PARSE', 'the chain is empty')
  const path = pathFrom(leaf, others, trust)
  requireAuthorities(path)
  requireTime(path, seconds)
  const subject = requireSubject(leaf, path.anchor)
  requireNotDenied(leaf, subject, trust)
  return { publicKey: certifiedKey(leaf), subject, anchor: path.anchor }
}

/** The key of the first certificate of a chain, whoever signed it; nothing when it has none. */
export function leafKeyOf(chain: readonly Uint8Array[]): CurvePublicKey | undefined {
  try {
    const [leaf] = parseChain(chain.slice(0, 1))
    return leaf === undefined ? undefined : certifiedKey(leaf)
  } catch (error) {
    if (error instanceof VerifierError) return undefined
    throw error
  }
}

/**
 * The forms by which an instance id belongs to the certified key.
 * @throws VerifierError `E_INSTANCE_ID_BINDING` when there are none
 */
export function requireBinding(
  instanceId: Uint8Array,
  publicKey: CurvePublicKey,
): readonly InstanceIdForm[] {
  const forms = instanceIdMatches(instanceId, publicKey)
  if (forms.length > 0) return forms
  const message = `the instance id ${toHex(instanceId)} is not derived from the certified key`
  return refuse('E_INSTANCE_ID_BINDING', message)
}

interface Path {
  readonly leaf: Certificate
  readonly intermediates: readonly Certificate[]
  readonly anchor: CertificateAnchor
}

function parseChain(chain: readonly Uint8Array[]): readonly Certificate[] {
  if (chain.length > mostCertificates) {
    return refuse('E_X509_PARSE', `the chain has ${chain.length} certificates, at most 5`)
  }
  return chain.map((der, index) => {
    try {
      const certificate = parseCertificate(der)
      const { version, publicPoint, tbsSignatureAlgorithm } = certificate
      if (version === 3 && publicPoint !== undefined && isEcdsaWithSha256(tbsSignatureAlgorithm)) {
        return certificate
      }
      return refuse('E_X509_PARSE', `certificate ${index} is no v3 on P-256 with SHA-256`)
    } catch (error) {
      if (!(error instanceof X509Error)) throw error
      return refuse('E_X509_PARSE', `certificate ${index}: ${error.message}`)
    }
  })
}

/** Tries every authority with the name of the issuer, since those of ST share one; then the next certificate sent. */
function pathFrom(
  leaf: Certificate,
  others: readonly Certificate[],
  { anchors }: CertificateTrust,
): Path {
  const intermediates: Certificate[] = []
  const sent = others.filter((one) => !isAnchor(one, anchors))
  let current = leaf
  let isNamed = false
  for (;;) {
    const named = anchors.filter(({ certificate }) => isIssuer(certificate, current))
    const anchor = named.find(({ certificate }) => isSigned(current, certificate))
    if (anchor !== undefined) return { leaf, intermediates, anchor }
    isNamed ||= named.length > 0
    const next = sent.find(
      (one) => one !== current && !intermediates.includes(one) && isIssuer(one, current),
    )
    if (next === undefined) break
    isNamed ||= !isSigned(current, next)
    if (!isSigned(current, next)) break
    intermediates.push(next)
    current = next
  }
  const name = commonNameOf(current.issuer) ?? 'without a name'
  if (isNamed) return refuse('E_X509_SIGNATURE', `no authority ${name} has signed the certificate`)
  return refuse('E_KEY_UNKNOWN', `no authority ${name} is trusted`)
}

function isAnchor(certificate: Certificate, anchors: readonly CertificateAnchor[]): boolean {
  return anchors.some((anchor) => equalOctets(anchor.certificate.der, certificate.der))
}

function isIssuer(issuer: Certificate, certificate: Certificate): boolean {
  return equalOctets(issuer.subject, certificate.issuer)
}

function isSigned(certificate: Certificate, issuer: Certificate): boolean {
  const publicKey = publicKeyOf(issuer)
  return publicKey !== undefined && isSignedBy(certificate, publicKey)
}

function requireAuthorities({ leaf, intermediates, anchor }: Path): void {
  if (isAuthority(leaf, 0)) refuse('E_X509_CA', 'the certificate of the device is an authority')
  for (const [below, certificate] of [...intermediates, anchor.certificate].entries()) {
    if (isAuthority(certificate, below)) continue
    const name = commonNameOf(certificate.subject) ?? 'without a name'
    refuse('E_X509_CA', `the certificate ${name} may not issue this one`)
  }
}

/** @param below intermediates between this certificate and the leaf */
function isAuthority(certificate: Certificate, below: number): boolean {
  const extension = extensionOf(certificate, Oid.basicConstraints)
  if (extension === undefined) return false
  try {
    const { ca, pathLength } = readBasicConstraints(extension.value)
    return ca && below <= (pathLength ?? below)
  } catch (error) {
    if (error instanceof X509Error) return refuse('E_X509_PARSE', error.message)
    throw error
  }
}

function requireTime({ leaf, intermediates }: Path, seconds: number): void {
  for (const { subject, notBefore, notAfter } of [leaf, ...intermediates]) {
    if (seconds * 1000 >= notBefore.getTime() && seconds * 1000 <= notAfter.getTime()) continue
    const period = `${notBefore.toISOString()} to ${notAfter.toISOString()}`
    const name = commonNameOf(subject) ?? 'without a name'
    refuse('E_X509_TIME', `the certificate ${name} is valid from ${period}`)
  }
}

function requireSubject(leaf: Certificate, anchor: CertificateAnchor): string {
  const subject = commonNameOf(leaf.subject) ?? ''
  const serial = toHex(leaf.serialNumber)
  const prefixes: readonly string[] = anchor.subjectPrefixes ?? deviceSubjectPrefixes
  const isAllowed = serial.length === 20 && prefixes.some((one) => subject === `${one}${serial}`)
  if (isAllowed) return subject
  return refuse('E_X509_SUBJECT', `the name ${JSON.stringify(subject)} with serial ${serial}`)
}

function requireNotDenied(leaf: Certificate, subject: string, { denied }: CertificateTrust): void {
  if (denied === undefined) return
  const isDenied =
    denied.serialNumbers?.has(toHex(leaf.serialNumber)) === true ||
    denied.subjects?.has(subject) === true ||
    denied.keyHashes?.has(toHex(sha256(leaf.publicPoint ?? new Uint8Array()))) === true
  if (isDenied) refuse('E_X509_REVOKED', `the certificate ${subject} is denied`)
}

function certifiedKey({ publicPoint }: Certificate): CurvePublicKey {
  if (publicPoint === undefined) return refuse('E_X509_PARSE', 'the certificate has no P-256 key')
  return curvePublicKey('P-256', publicPoint.subarray(1))
}

function commonNameOf(name: Uint8Array): string | undefined {
  const attribute = readName(name).find(({ type }) => type === Oid.commonName)
  return attribute === undefined ? undefined : attributeText(attribute)
}

function refuse(code: VerifierErrorCode, message: string): never {
  throw new VerifierError(code, message)
}
