import type { Finding } from '@keyline/bytes'
import type { Certificate } from '@keyline/x509'
import { checkDacLink } from '../certificate/chain.ts'
import { isValidAt } from '../certificate/link.ts'
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
  const disagreements = idDisagreements(dac?.ids, pai?.ids, expected)
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

function idDisagreements(
  dac: MatterIds | undefined,
  pai: MatterIds | undefined,
  expected: ExpectedIds,
): readonly string[] {
  const disagreements: string[] = []
  const compare = (what: string, found: number | undefined, wanted: number | undefined): void => {
    // Nothing to compare with when the expected id is missing.
    if (wanted === undefined || found === wanted) return
    const shown = found === undefined ? 'missing' : idText(found)
    disagreements.push(`${what} is ${shown}, but must be ${idText(wanted)}`)
  }
  if (dac?.problem !== undefined) disagreements.push(`subject of the DAC: ${dac.problem}`)
  else if (dac !== undefined) {
    compare('vendor id of the DAC', dac.vendorId, expected.vendorId)
    compare('product id of the DAC', dac.productId, expected.productId)
  }
  if (pai?.problem !== undefined) disagreements.push(`subject of the PAI: ${pai.problem}`)
  else if (pai !== undefined) {
    compare('vendor id of the PAI', pai.vendorId, expected.vendorId)
    if (pai.productId !== undefined) {
      compare('product id of the PAI', pai.productId, expected.productId)
    }
  }
  if (dac !== undefined && pai !== undefined && !isSameIds(dac, pai)) {
    disagreements.push('DAC and PAI carry different ids')
  }
  return disagreements
}

function isSameIds(dac: MatterIds, pai: MatterIds): boolean {
  if (dac.problem !== undefined || pai.problem !== undefined) return true
  const isProductSame = pai.productId === undefined || dac.productId === pai.productId
  return dac.vendorId === pai.vendorId && isProductSame
}

/** `0xFFF1`. */
export function idText(id: number): string {
  return `0x${id.toString(16).toUpperCase().padStart(4, '0')}`
}
