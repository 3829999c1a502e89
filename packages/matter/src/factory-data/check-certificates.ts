import type { Finding } from '@keyline/bytes'
import type { Certificate } from '@keyline/x509'
import { checkDacLink, isValidAt } from '../certificate/chain.ts'
import { matterIds, type MatterIds } from '../certificate/matter-ids.ts'
import { parseOrUndefined, profileViolations } from '../certificate/profile.ts'
import type { CertificateViolation } from '../certificate/violation.ts'
import type { ContentMemory } from './content-memory.ts'
import type { FactoryData } from './factory-data.ts'
import { factoryDataFinding } from './rules.ts'

/** Ids that the certificates must carry: those of the fields, or of the declaration's DAC origin. */
export interface ExpectedIds {
  readonly vendorId: number | undefined
  readonly productId: number | undefined
}

/** One certificate of a set, read and examined. */
export interface ExaminedCertificate {
  readonly certificate: Certificate
  readonly violations: readonly CertificateViolation[]
  readonly ids: MatterIds
}

export interface CheckedCertificates {
  readonly findings: readonly Finding[]
  /** The certificates, as far as they could be read. */
  readonly dac: Certificate | undefined
  readonly pai: Certificate | undefined
  /** Subject key of the DAC, 65 octets, when it is a point on P-256. */
  readonly dacKey: Uint8Array | undefined
}

/** Examinations of PAI certificates, by their octets: devices of a batch share one. */
export type PaiMemory = ContentMemory<ExaminedCertificate | undefined>

/** FD-033, FD-034 and FD-036: DAC and PAI, each on its own and by the ids they carry. */
export function checkCertificates(
  data: FactoryData,
  expected: ExpectedIds,
  pais: PaiMemory,
): CheckedCertificates {
  const { dacCertificate, paiCertificate } = data
  const findings: Finding[] = []
  const dac = dacCertificate === undefined ? undefined : examine(dacCertificate, 'DAC')
  const pai =
    paiCertificate === undefined
      ? undefined
      : pais.recall(paiCertificate, (der) => examine(der, 'PAI'))
  if (dacCertificate !== undefined) reportProfile(findings, 'DAC', dac)
  if (paiCertificate !== undefined) reportProfile(findings, 'PAI', pai)
  const disagreements = [
    ...(dac === undefined ? [] : dacDisagreements(dac.ids, expected)),
    ...(pai === undefined ? [] : paiDisagreements(pai.ids, expected)),
    ...(dac === undefined || pai === undefined ? [] : pairDisagreements(dac.ids, pai.ids)),
  ]
  if (disagreements.length > 0) {
    const message = disagreements.join('; ')
    findings.push(factoryDataFinding({ rule: 'FD-036', field: 'dacCertificate', message }))
  }
  const hasKey = dac !== undefined && !dac.violations.includes('CERT-KEY')
  return {
    findings,
    dac: dac?.certificate,
    pai: pai?.certificate,
    dacKey: hasKey ? dac.certificate.spki.key.octets : undefined,
  }
}

/** FD-035: one signature verification. */
export function checkIssuer(
  dac: Certificate | undefined,
  pai: Certificate | undefined,
): readonly Finding[] {
  if (dac === undefined || pai === undefined) return []
  const problems: string[] = [...checkDacLink(dac, pai)]
  if (!isValidAt(pai, dac.notBefore.getTime())) problems.push('PAI-VALIDITY')
  if (problems.length === 0) return []
  const message = `the PAI certificate did not issue the DAC: ${problems.join(', ')}`
  return [factoryDataFinding({ rule: 'FD-035', field: 'dacCertificate', message })]
}

/** `undefined` for what is no certificate. */
function examine(der: Uint8Array, role: 'DAC' | 'PAI'): ExaminedCertificate | undefined {
  const certificate = parseOrUndefined(der)
  if (certificate === undefined) return undefined
  const violations = profileViolations(certificate, role)
  return { certificate, violations, ids: matterIds(certificate.subject) }
}

function reportProfile(
  findings: Finding[],
  role: 'DAC' | 'PAI',
  examined: ExaminedCertificate | undefined,
): void {
  const violations = examined === undefined ? ['CERT-DER'] : examined.violations
  if (violations.length === 0) return
  const message = `the ${role} certificate breaks its profile: ${violations.join(', ')}`
  const [rule, field] =
    role === 'DAC'
      ? (['FD-033', 'dacCertificate'] as const)
      : (['FD-034', 'paiCertificate'] as const)
  findings.push(factoryDataFinding({ rule, field, message }))
}

function dacDisagreements(ids: MatterIds, expected: ExpectedIds): readonly string[] {
  if (ids.problem !== undefined) return [`subject of the DAC: ${ids.problem}`]
  return [
    ...unequal('vendor id of the DAC', ids.vendorId, expected.vendorId),
    ...unequal('product id of the DAC', ids.productId, expected.productId),
  ]
}

function paiDisagreements(ids: MatterIds, expected: ExpectedIds): readonly string[] {
  if (ids.problem !== undefined) return [`subject of the PAI: ${ids.problem}`]
  return [
    ...unequal('vendor id of the PAI', ids.vendorId, expected.vendorId),
    ...(ids.productId === undefined
      ? []
      : unequal('product id of the PAI', ids.productId, expected.productId)),
  ]
}

function pairDisagreements(dac: MatterIds, pai: MatterIds): readonly string[] {
  if (dac.problem !== undefined || pai.problem !== undefined) return []
  const isVendorSame = dac.vendorId === pai.vendorId
  const isProductSame = pai.productId === undefined || dac.productId === pai.productId
  return isVendorSame && isProductSame ? [] : ['DAC and PAI carry different ids']
}

/** Nothing to compare with when the expected id is missing. */
function unequal(
  what: string,
  found: number | undefined,
  expected: number | undefined,
): readonly string[] {
  if (expected === undefined || found === expected) return []
  const shown = found === undefined ? 'missing' : idText(found)
  return [`${what} is ${shown}, but must be ${idText(expected)}`]
}

/** `0xFFF1`. */
export function idText(id: number): string {
  return `0x${id.toString(16).toUpperCase().padStart(4, '0')}`
}
