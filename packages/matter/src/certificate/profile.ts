import {
  extensionOf,
  isEcdsaWithSha256,
  Oid,
  parseCertificate,
  readAuthorityKeyIdentifier,
  readBasicConstraints,
  readKeyUsage,
  readSubjectKeyIdentifier,
  X509Error,
  type Certificate,
  type KeyUsage,
} from '@keyline/x509/read'
import type { CertificateViolation } from './violation.ts'

/** Places of an attestation chain: root, intermediate, device. */
export type CertificateRole = 'PAA' | 'PAI' | 'DAC'

interface RoleProfile {
  readonly ca: boolean
  readonly pathLengths: readonly (number | undefined)[]
  readonly required: readonly KeyUsage[]
  readonly allowed: readonly KeyUsage[]
  readonly isAuthorityKeyRequired: boolean
}

const keyIdLength = 20

const authorityUsages = {
  required: ['keyCertSign', 'cRLSign'],
  allowed: ['keyCertSign', 'cRLSign', 'digitalSignature'],
} as const

/** What the roles demand (matter-factory-data 10.2). */
const profiles: Readonly<Record<CertificateRole, RoleProfile>> = {
  PAA: { ca: true, pathLengths: [undefined, 1], ...authorityUsages, isAuthorityKeyRequired: false },
  PAI: { ca: true, pathLengths: [0], ...authorityUsages, isAuthorityKeyRequired: true },
  DAC: {
    ca: false,
    pathLengths: [undefined],
    required: ['digitalSignature'],
    allowed: ['digitalSignature'],
    isAuthorityKeyRequired: true,
  },
}

/** Violations of the profile of a PAA, all of them in the order of matter-factory-data 10.2; none when it satisfies. */
export function checkPaa(der: Uint8Array): readonly CertificateViolation[] {
  return checkRole(der, 'PAA')
}

/** Violations of the profile of a PAI. @see checkPaa */
export function checkPai(der: Uint8Array): readonly CertificateViolation[] {
  return checkRole(der, 'PAI')
}

/** Violations of the profile of a DAC. @see checkPaa */
export function checkDac(der: Uint8Array): readonly CertificateViolation[] {
  return checkRole(der, 'DAC')
}

function checkRole(der: Uint8Array, role: CertificateRole): readonly CertificateViolation[] {
  const certificate = parseOrUndefined(der)
  return certificate === undefined ? ['CERT-DER'] : profileViolations(certificate, role)
}

/** The parsed certificate, or undefined where the octets are none: the violation CERT-DER. */
export function parseOrUndefined(der: Uint8Array): Certificate | undefined {
  return attempt(() => parseCertificate(der))
}

/** Violations of a certificate that was parsed already. @see checkPaa */
export function profileViolations(
  certificate: Certificate,
  role: CertificateRole,
): readonly CertificateViolation[] {
  const profile = profiles[role]
  const { version, tbsSignatureAlgorithm, signatureAlgorithm, publicPoint } = certificate
  const violations: CertificateViolation[] = []
  if (version !== 3) violations.push('CERT-VERSION')
  if (!isEcdsaWithSha256(tbsSignatureAlgorithm) || !isEcdsaWithSha256(signatureAlgorithm)) {
    violations.push('CERT-SIGALG')
  }
  if (publicPoint === undefined) violations.push('CERT-KEY')
  for (const check of extensionChecks) {
    violations.push(...checkExtension(certificate, check, profile))
  }
  return violations
}

/** What is asked of one extension. */
interface ExtensionCheck {
  readonly oid: string
  readonly critical: boolean
  readonly isRequired: (profile: RoleProfile) => boolean
  readonly missing: CertificateViolation
  readonly doubled: CertificateViolation
  readonly criticality: CertificateViolation
  readonly malformed: CertificateViolation
  /** Violations of the value; throws X509Error where it cannot be read. */
  readonly judge: (value: Uint8Array, profile: RoleProfile) => readonly CertificateViolation[]
}

const basicConstraintsCheck: ExtensionCheck = {
  oid: Oid.basicConstraints,
  critical: true,
  isRequired: () => true,
  missing: 'EXT-BC-MISSING',
  doubled: 'EXT-BC-DUP',
  criticality: 'EXT-BC-CRITICAL',
  malformed: 'EXT-BC-MALFORMED',
  judge(value, profile) {
    const { ca, pathLength } = readBasicConstraints(value)
    const violations: CertificateViolation[] = []
    if (ca !== profile.ca) violations.push('EXT-BC-CA')
    if (!profile.pathLengths.includes(pathLength)) violations.push('EXT-BC-PATHLEN')
    return violations
  },
}

const keyUsageCheck: ExtensionCheck = {
  oid: Oid.keyUsage,
  critical: true,
  isRequired: () => true,
  missing: 'EXT-KU-MISSING',
  doubled: 'EXT-KU-DUP',
  criticality: 'EXT-KU-CRITICAL',
  malformed: 'EXT-KU-MALFORMED',
  judge(value, profile) {
    const usages = readKeyUsage(value)
    const isRight =
      profile.required.every((usage) => usages.includes(usage)) &&
      usages.every((usage) => profile.allowed.includes(usage))
    return isRight ? [] : ['EXT-KU-BITS']
  },
}

const subjectKeyCheck: ExtensionCheck = {
  oid: Oid.subjectKeyIdentifier,
  critical: false,
  isRequired: () => true,
  missing: 'EXT-SKID-MISSING',
  doubled: 'EXT-SKID-DUP',
  criticality: 'EXT-SKID-CRITICAL',
  malformed: 'EXT-SKID-MALFORMED',
  judge: (value) =>
    readSubjectKeyIdentifier(value).length === keyIdLength ? [] : ['EXT-SKID-MALFORMED'],
}

const authorityKeyCheck: ExtensionCheck = {
  oid: Oid.authorityKeyIdentifier,
  critical: false,
  isRequired: (profile) => profile.isAuthorityKeyRequired,
  missing: 'EXT-AKID-MISSING',
  doubled: 'EXT-AKID-DUP',
  criticality: 'EXT-AKID-CRITICAL',
  malformed: 'EXT-AKID-MALFORMED',
  judge: (value) =>
    readAuthorityKeyIdentifier(value)?.length === keyIdLength ? [] : ['EXT-AKID-MALFORMED'],
}

/** In the order in which their violations are reported. */
const extensionChecks = [basicConstraintsCheck, keyUsageCheck, subjectKeyCheck, authorityKeyCheck]

function checkExtension(
  certificate: Certificate,
  check: ExtensionCheck,
  profile: RoleProfile,
): readonly CertificateViolation[] {
  const extension = extensionOf(certificate, check.oid)
  if (extension === undefined) {
    if (certificate.extensions.some(({ oid }) => oid === check.oid)) return [check.doubled]
    return check.isRequired(profile) ? [check.missing] : []
  }
  const values = attempt(() => check.judge(extension.value, profile)) ?? [check.malformed]
  return extension.critical === check.critical ? values : [check.criticality, ...values]
}

/** Undefined where the octets cannot be read. */
function attempt<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if (error instanceof X509Error) return undefined
    throw error
  }
}
