import { equalOctets, isKeylineError, toHex } from '@keyline/bytes'
import {
  contextConstructed,
  contextPrimitive,
  DerReader,
  extensionOf,
  readAuthorityKeyIdentifier,
  readBasicConstraints,
  readKeyUsage,
  readSubjectKeyIdentifier,
  type Certificate,
  type Extension,
} from '@keyline/x509'
import { unless, type LintedCertificate, type LintProblem } from './lint-problem.ts'

const keyIdentifierOctets = 20
const longestUri = 100

const ExtensionType = {
  subjectKeyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  basicConstraints: '2.5.29.19',
  authorityKeyIdentifier: '2.5.29.35',
} as const
const profileExtensions: ReadonlySet<string> = new Set(Object.values(ExtensionType))

const crlDistributionPoints = '2.5.29.31'
/** Extensions that a certificate may have beside the four; not critical. */
const furtherExtensions: ReadonlyMap<string, string> = new Map([
  [crlDistributionPoints, 'cRLDistributionPoints'],
  ['2.5.29.17', 'subjectAltName'],
  ['2.5.29.18', 'issuerAltName'],
  ['2.5.29.37', 'extendedKeyUsage'],
  ['1.3.6.1.5.5.7.1.1', 'authorityInfoAccess'],
])
const furtherNames = [...furtherExtensions.values()].join(', ')

export function checkBasicConstraints(linted: LintedCertificate): LintProblem | undefined {
  const { certificate, profile } = linted
  return checkExtension(certificate, 'basicConstraints', true, (value) => {
    const { ca, pathLength } = readBasicConstraints(value)
    if (ca === profile.ca && profile.pathLengths.includes(pathLength)) return undefined
    const lengths = profile.pathLengths.map((length) =>
      length === undefined ? 'without pathLen' : `with pathLen ${length}`,
    )
    return `must be CA ${profile.ca} ${lengths.join(' or ')}`
  })
}

export function checkKeyUsage(linted: LintedCertificate): LintProblem | undefined {
  const { certificate, profile } = linted
  const { requiredUsages, allowedUsages } = profile
  return checkExtension(certificate, 'keyUsage', true, (value) => {
    const usages = readKeyUsage(value)
    const holds =
      requiredUsages.every((usage) => usages.includes(usage)) &&
      usages.every((usage) => allowedUsages.includes(usage))
    return holds ? undefined : `is ${usages.join(', ')}, but must be ${requiredUsages.join(', ')}`
  })
}

export function checkSubjectKeyIdentifier(linted: LintedCertificate): LintProblem | undefined {
  const { certificate } = linted
  return checkExtension(certificate, 'subjectKeyIdentifier', false, (value) => {
    const { length } = readSubjectKeyIdentifier(value)
    return length === keyIdentifierOctets ? undefined : `has ${length} octets, not 20`
  })
}

export function checkAuthorityKeyIdentifier(linted: LintedCertificate): LintProblem | undefined {
  const { certificate, issuer, profile } = linted
  const isThere = certificate.extensions.some(
    ({ oid }) => oid === ExtensionType.authorityKeyIdentifier,
  )
  if (!isThere && !profile.isAuthorityKeyRequired) return undefined
  return checkExtension(certificate, 'authorityKeyIdentifier', false, (value) => {
    const keyId = readAuthorityKeyIdentifier(value)
    if (keyId?.length !== keyIdentifierOctets) return 'has no key identifier of 20 octets'
    if (issuer === undefined) return undefined
    const holds = issuer.keyId !== undefined && equalOctets(keyId, issuer.keyId)
    return holds ? undefined : `must be the subjectKeyIdentifier of the ${profile.issuerRole}`
  })
}

/** The four extensions of the profile and no other. */
export function checkNoFurtherExtension(linted: LintedCertificate): LintProblem | undefined {
  const { extensions } = linted.certificate
  return unless(
    extensions.every(({ oid }) => profileExtensions.has(oid)) && isEachOnce(extensions),
    'extensions',
    () => extensions.map(({ oid }) => oid).join(', '),
    () => 'only the four of the profile may be there, each once',
  )
}

/** Beside the four, those that the profile allows. One of the four that stands twice has its own finding. */
export function checkFurtherExtensions(linted: LintedCertificate): LintProblem | undefined {
  const further = linted.certificate.extensions.filter(({ oid }) => !profileExtensions.has(oid))
  return unless(
    further.every(({ oid, critical }) => furtherExtensions.has(oid) && !critical) &&
      isEachOnce(further),
    'extensions',
    () => further.map(({ oid }) => oid).join(', '),
    () =>
      `beside the four of the profile only ${furtherNames} may be there, each once and not critical`,
  )
}

function isEachOnce(extensions: readonly Extension[]): boolean {
  return extensions.every(({ oid }, place) => {
    return extensions.findIndex((other) => other.oid === oid) === place
  })
}

/** Where a commissioner looks for the revocation list: one full name, a URI. */
export function checkDistributionPoint(linted: LintedCertificate): LintProblem | undefined {
  const { certificate } = linted
  const extension = certificate.extensions.find(({ oid }) => oid === crlDistributionPoints)
  if (extension === undefined) return undefined
  const message = refusal(extension, (value) => {
    const uri = distributionPoint(value)
    const holds = uri.length <= longestUri && /^https?:\/\//.test(uri)
    return holds ? undefined : `must be http:// or https:// of at most ${longestUri} characters`
  })
  const value = toHex(extension.value)
  return message === undefined ? undefined : { field: 'cRLDistributionPoints', value, message }
}

/** @throws X509Error when there is not exactly one point with one full name, a URI */
function distributionPoint(value: Uint8Array): string {
  const outer = new DerReader(value)
  const points = outer.sequence('cRLDistributionPoints')
  outer.end('cRLDistributionPoints')
  const point = points.sequence('distributionPoint')
  points.end('the only distribution point')
  const pointName = point.enter(contextConstructed(0), 'distributionPointName')
  point.end('distributionPointName')
  const fullName = pointName.enter(contextConstructed(0), 'fullName')
  pointName.end('fullName')
  const uri = fullName.content(contextPrimitive(6), 'uniformResourceIdentifier')
  fullName.end('the only name')
  return String.fromCharCode(...uri.subarray(0, longestUri + 1))
}

/** The subject key identifier of an issuer; undefined when there is not exactly one that can be read. */
export function keyIdOf(certificate: Certificate): Uint8Array | undefined {
  const extension = extensionOf(certificate, ExtensionType.subjectKeyIdentifier)
  try {
    return extension && readSubjectKeyIdentifier(extension.value)
  } catch (error) {
    if (isKeylineError(error)) return undefined
    throw error
  }
}

/** The one extension of a type: there, critical as wanted, decodable, and right. */
function checkExtension(
  certificate: Certificate,
  name: keyof typeof ExtensionType,
  critical: boolean,
  judge: (value: Uint8Array) => string | undefined,
): LintProblem | undefined {
  const extension = extensionOf(certificate, ExtensionType[name])
  if (extension === undefined) {
    return { field: name, value: '', message: 'is missing, or there more than once' }
  }
  const message =
    extension.critical === critical
      ? refusal(extension, judge)
      : `must ${critical ? '' : 'not '}be critical`
  return message === undefined ? undefined : { field: name, value: toHex(extension.value), message }
}

function refusal(
  extension: Extension,
  judge: (value: Uint8Array) => string | undefined,
): string | undefined {
  try {
    return judge(extension.value)
  } catch (error) {
    if (isKeylineError(error)) return error.message
    throw error
  }
}
