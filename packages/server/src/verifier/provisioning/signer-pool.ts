import { equalOctets, toHex } from '@keyline/bytes'
import { curvePublicKey, type CurvePublicKey } from '@keyline/crypto'
import { VerifierError, type VerifierErrorCode } from '@keyline/verifier'
import {
  extensionOf,
  isEcdsaWithSha256,
  isSignedBy,
  Oid,
  parseCertificate,
  publicKeyOf,
  readBasicConstraints,
  readKeyUsage,
  X509Error,
  type Certificate,
  type KeyUsage,
} from '@keyline/x509'

/** Certificates that a signer may send: its own and four on the way to an authority. */
const mostCertificates = 5

/** Extensions that this judge understands; a critical one beside them refuses the certificate (RFC 5280 section 4.2). */
const understood: ReadonlySet<string> = new Set([Oid.basicConstraints, Oid.keyUsage])

/**
 * A judge of the certificates in signed CoRIMs, against a pool of authorities (V17). Each certificate of the chain is
 * signed by the next one, the last by an authority of the pool; all are valid at the time, the authority included; all
 * but the first may issue, and the first may sign and not issue. Certificates are v3 on P-256 with SHA-256.
 * @param authorities X.509 DER
 * @throws VerifierError `E_X509_PARSE` for an authority that is none; the judge throws `E_X509_…`, `E_KEY_UNKNOWN`
 */
export function signerPool(
  authorities: readonly Uint8Array[],
): (chain: readonly Uint8Array[], seconds: number) => CurvePublicKey {
  const pool = authorities.map((der, index) => {
    const authority = parsed(der, `authority ${index}`)
    requireIssuer(authority, 0, `authority ${index}`)
    return authority
  })
  return (chain, seconds) => judge(chain, pool, seconds)
}

function judge(
  chain: readonly Uint8Array[],
  pool: readonly Certificate[],
  seconds: number,
): CurvePublicKey {
  if (chain.length === 0 || chain.length > mostCertificates) {
    const message = `the chain has ${chain.length} certificates, but must have 1 to ${mostCertificates}`
    return refuse('E_X509_PARSE', message)
  }
  const sent = chain.map((der, index) => parsed(der, `certificate ${index}`))
  const path = withoutAuthority(sent, pool)
  const [leaf] = path
  const last = path.at(-1)
  if (leaf === undefined || last === undefined) {
    return refuse('E_X509_CA', 'the certificate of the signer is an authority')
  }
  const authority = authorityOf(last, pool)
  for (const [index, certificate] of path.entries()) {
    const issuer = path[index + 1] ?? authority
    if (!isIssuedBy(certificate, issuer)) {
      refuse('E_X509_SIGNATURE', `certificate ${index} is not signed by the next one`)
    }
    if (index > 0) requireIssuer(certificate, index - 1, `certificate ${index}`)
  }
  requireIssuer(authority, path.length - 1, 'the authority')
  requireSigner(leaf)
  for (const certificate of [...path, authority]) requireTime(certificate, seconds)
  return keyOf(leaf)
}

/** An authority that was sent along is not trusted because it was sent. */
function withoutAuthority(
  sent: readonly Certificate[],
  pool: readonly Certificate[],
): readonly Certificate[] {
  const last = sent.at(-1)
  const isInPool = pool.some(({ der }) => last !== undefined && equalOctets(der, last.der))
  return isInPool ? sent.slice(0, -1) : sent
}

function authorityOf(certificate: Certificate, pool: readonly Certificate[]): Certificate {
  const named = pool.filter(({ subject }) => equalOctets(subject, certificate.issuer))
  if (named.length === 0) refuse('E_KEY_UNKNOWN', 'no accepted authority has issued the chain')
  const authority = named.find((one) => isIssuedBy(certificate, one))
  return (
    authority ?? refuse('E_X509_SIGNATURE', 'the authority that the chain names did not sign it')
  )
}

function isIssuedBy(certificate: Certificate, issuer: Certificate): boolean {
  const publicKey = publicKeyOf(issuer)
  return (
    publicKey !== undefined &&
    equalOctets(certificate.issuer, issuer.subject) &&
    isSignedBy(certificate, publicKey)
  )
}

function parsed(der: Uint8Array, what: string): Certificate {
  const certificate = read(() => parseCertificate(der), what)
  const { version, publicPoint, tbsSignatureAlgorithm, extensions } = certificate
  if (version !== 3 || publicPoint === undefined || !isEcdsaWithSha256(tbsSignatureAlgorithm)) {
    refuse('E_X509_PARSE', `${what} is no v3 certificate on P-256 with SHA-256`)
  }
  const names = extensions.map(({ oid }) => oid)
  if (new Set(names).size < names.length) refuse('E_X509_PARSE', `${what} has an extension twice`)
  const foreign = extensions.find(({ critical, oid }) => critical && !understood.has(oid))
  if (foreign !== undefined) {
    refuse('E_X509_PARSE', `${what} has the critical extension ${foreign.oid}, which is not known`)
  }
  return certificate
}

/** @param below certificates between this one and the first */
function requireIssuer(certificate: Certificate, below: number, what: string): void {
  const extension = extensionOf(certificate, Oid.basicConstraints)
  const constraints = extension && read(() => readBasicConstraints(extension.value), what)
  const mayIssue = constraints?.ca === true && below <= (constraints.pathLength ?? below)
  if (!mayIssue || !mayBeUsedFor(certificate, 'keyCertSign', what)) {
    refuse('E_X509_CA', `${what} may not issue certificates here`)
  }
}

function requireSigner(leaf: Certificate): void {
  const what = 'the certificate of the signer'
  const extension = extensionOf(leaf, Oid.basicConstraints)
  if (extension !== undefined && read(() => readBasicConstraints(extension.value), what).ca) {
    refuse('E_X509_CA', `${what} is an authority`)
  }
  if (!mayBeUsedFor(leaf, 'digitalSignature', what)) {
    refuse('E_X509_CA', `${what} is not for signatures`)
  }
}

/** A certificate that names no usage allows all. */
function mayBeUsedFor(certificate: Certificate, usage: KeyUsage, what: string): boolean {
  const extension = extensionOf(certificate, Oid.keyUsage)
  return extension === undefined || read(() => readKeyUsage(extension.value), what).includes(usage)
}

function requireTime({ notBefore, notAfter, serialNumber }: Certificate, seconds: number): void {
  if (seconds * 1000 >= notBefore.getTime() && seconds * 1000 <= notAfter.getTime()) return
  const period = `${notBefore.toISOString()} to ${notAfter.toISOString()}`
  refuse('E_X509_TIME', `the certificate ${toHex(serialNumber)} is valid from ${period}`)
}

function keyOf({ publicPoint }: Certificate): CurvePublicKey {
  if (publicPoint === undefined) return refuse('E_X509_PARSE', 'the certificate has no P-256 key')
  return curvePublicKey('P-256', publicPoint.subarray(1))
}

function read<T>(act: () => T, what: string): T {
  try {
    return act()
  } catch (cause) {
    if (!(cause instanceof X509Error)) throw cause
    throw new VerifierError('E_X509_PARSE', `${what}: ${cause.message}`, { cause })
  }
}

function refuse(code: VerifierErrorCode, message: string): never {
  throw new VerifierError(code, message)
}
