import { equalOctets, toHex } from '@keyline/bytes'
import { p256SpkiPrefix } from '@keyline/crypto'
import { isSignedBy, type Certificate } from '@keyline/x509'
import { unless, type LintedCertificate, type LintProblem } from './lint-problem.ts'
import type { IdReading } from './subject-ids.ts'

const largestCertificateOctets = 600
const largestSerialNumberOctets = 20
const ecdsaWithSha256 = '1.2.840.10045.4.3.2'

export function checkVersion({ certificate }: LintedCertificate): LintProblem | undefined {
  const { version } = certificate
  return unless(
    version === 3,
    'version',
    () => String(version),
    () => 'must be 3',
  )
}

export function checkSerialNumber({ certificate }: LintedCertificate): LintProblem | undefined {
  const { serialNumber } = certificate
  const [first = 0] = serialNumber
  const isPositive = first < 0x80 && serialNumber.some((octet) => octet !== 0)
  return unless(
    isPositive && serialNumber.length <= largestSerialNumberOctets,
    'serialNumber',
    () => toHex(serialNumber),
    () => `must be positive and have at most ${largestSerialNumberOctets} octets`,
  )
}

export function checkAlgorithms({ certificate }: LintedCertificate): LintProblem | undefined {
  const algorithms = [certificate.tbsSignatureAlgorithm, certificate.signatureAlgorithm]
  return unless(
    algorithms.every(({ oid, parameters }) => oid === ecdsaWithSha256 && parameters === undefined),
    'signatureAlgorithm',
    () => algorithms.map(({ oid }) => oid).join(', '),
    () => `must be ${ecdsaWithSha256} without parameters, in both places`,
  )
}

export function checkIssuer(linted: LintedCertificate): LintProblem | undefined {
  const { certificate, issuer, profile } = linted
  return unless(
    issuer === undefined || equalOctets(certificate.issuer, issuer.certificate.subject),
    'issuer',
    () => toHex(certificate.issuer),
    () => `must be the subject of the ${profile.issuerRole} octet by octet`,
  )
}

export function checkSubject(linted: LintedCertificate): LintProblem | undefined {
  const { certificate, ids, profile } = linted
  const vendor = profile.isVendorRequired ? 'required' : 'optional'
  const problems = [
    problemOf(ids.vendorId, vendor, 'vendor id'),
    problemOf(ids.productId, profile.product, 'product id'),
  ].filter((problem) => problem !== undefined)
  return unless(
    problems.length === 0,
    'subject',
    () => toHex(certificate.subject),
    () => problems.join('; '),
  )
}

export function checkIds(linted: LintedCertificate): LintProblem | undefined {
  const { ids, issuer, ordered, profile } = linted
  const vendorId = idOf(ids.vendorId)
  const productId = idOf(ids.productId)
  // A subject that lacks what the role demands has its own finding.
  if (profile.isVendorRequired && vendorId === undefined) return undefined
  if (profile.product === 'required' && productId === undefined) return undefined
  const isOrdered =
    (ordered.vendorId ?? vendorId) === vendorId && (ordered.productId ?? productId) === productId
  const agrees =
    issuer === undefined ||
    (agreesWith(issuer.ids.vendorId, vendorId, profile.issuerRole === 'PAI') &&
      agreesWith(issuer.ids.productId, productId, false))
  return unless(
    isOrdered && agrees,
    'subject',
    () => `${hexId(vendorId)}/${hexId(productId)}`,
    () =>
      isOrdered
        ? `the ids of the ${profile.issuerRole} do not agree with them`
        : `${[ordered.vendorId ?? vendorId, ordered.productId ?? productId].map(hexId).join('/')} was ordered`,
  )
}

export function checkValidity(linted: LintedCertificate): LintProblem | undefined {
  const { certificate, issuer, profile } = linted
  const end = certificate.notAfter.getTime()
  const isOrdered = certificate.notBefore.getTime() <= end
  const isInside =
    issuer === undefined ||
    (isIn(certificate.notBefore, issuer.certificate) &&
      (!profile.endsInsideIssuer || end <= issuer.certificate.notAfter.getTime()))
  return unless(
    isOrdered && isInside,
    'validity',
    () => period(certificate),
    () => {
      if (!isOrdered || issuer === undefined) return 'must be in order'
      const part = profile.endsInsideIssuer ? 'be' : 'begin'
      return `must ${part} inside ${period(issuer.certificate)} of the ${profile.issuerRole}`
    },
  )
}

export function checkRootValidity(linted: LintedCertificate): LintProblem | undefined {
  const { certificate, root } = linted
  if (root === undefined) return undefined
  return unless(
    isIn(certificate.notBefore, root),
    'validity',
    () => period(certificate),
    () => `must begin inside ${period(root)} of the PAA`,
  )
}

export function checkSize({ certificate }: LintedCertificate): LintProblem | undefined {
  const { length } = certificate.der
  return unless(
    length <= largestCertificateOctets,
    'certificate',
    () => `${length} octets`,
    () => `at most ${largestCertificateOctets} octets are allowed`,
  )
}

export function checkSignature(linted: LintedCertificate): LintProblem | undefined {
  const { certificate, issuer, profile } = linted
  return unless(
    issuer === undefined || isSignedBy(certificate, issuer.key),
    'signature',
    () => toHex(certificate.signature.octets),
    () => `does not verify with the key of the ${profile.issuerRole}`,
  )
}

export function checkOrderedKey(linted: LintedCertificate): LintProblem | undefined {
  const { der } = linted.certificate.spki
  const { publicKey } = linted.ordered
  return unless(
    publicKey === undefined || isKeyInfoOf(der, publicKey),
    'subjectPublicKey',
    () => toHex(der),
    () => 'is not the key of the request',
  )
}

/** The prefix of an uncompressed point on P-256, then this very point. */
function isKeyInfoOf(der: Uint8Array, point: Uint8Array): boolean {
  const { length } = p256SpkiPrefix
  return (
    equalOctets(der.subarray(0, length), p256SpkiPrefix) && equalOctets(der.subarray(length), point)
  )
}

export function checkKeyForm({ certificate }: LintedCertificate): LintProblem | undefined {
  return unless(
    certificate.publicPoint !== undefined,
    'subjectPublicKey',
    () => toHex(certificate.spki.der),
    () => 'must be an uncompressed point on prime256v1',
  )
}

function problemOf(
  reading: IdReading,
  demand: 'required' | 'optional' | 'forbidden',
  what: string,
): string | undefined {
  if (reading.kind === 'wrong') return reading.problem
  if (reading.kind === 'absent') return demand === 'required' ? reading.problem : undefined
  return demand === 'forbidden' ? `it names a ${what}` : undefined
}

function idOf(reading: IdReading): number | undefined {
  return reading.kind === 'id' ? reading.id : undefined
}

/** An id that the issuer has binds; one that it lacks binds nothing, unless it is required. */
function agreesWith(issuer: IdReading, id: number | undefined, isRequired: boolean): boolean {
  return issuer.kind === 'absent' ? !isRequired : issuer.kind === 'id' && issuer.id === id
}

function hexId(id: number | undefined): string {
  return id === undefined ? 'none' : `0x${id.toString(16).toUpperCase().padStart(4, '0')}`
}

function isIn(time: Readonly<Date>, { notBefore, notAfter }: Certificate): boolean {
  const instant = time.getTime()
  return instant >= notBefore.getTime() && instant <= notAfter.getTime()
}

function period({ notBefore, notAfter }: Certificate): string {
  return `${notBefore.toISOString()} to ${notAfter.toISOString()}`
}
