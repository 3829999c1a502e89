import type { Finding } from '@keyline/bytes'
import type { Certificate } from '@keyline/x509'
import { checkDacLink, isValidAt } from '../certificate/chain.ts'
import { matterIds, type MatterIds } from '../certificate/matter-ids.ts'
import { parseOrUndefined, profileViolations } from '../certificate/profile.ts'
import type { FactoryData } from './factory-data.ts'
import { factoryDataFinding } from './rules.ts'

/** Ids that the certificates must carry: those of the fields, or of the declaration's DAC origin. */
export interface ExpectedIds {
  readonly vendorId: number | undefined
  readonly productId: number | undefined
}

export interface CheckedCertificates {
  readonly findings: readonly Finding[]
  /** The certificates, as far as they could be read. */
  readonly dac: Certificate | undefined
  readonly pai: Certificate | undefined
}

/** FD-033 … FD-036: DAC and PAI, each on its own and against each other. */
export function checkCertificates(data: FactoryData, expected: ExpectedIds): CheckedCertificates {
  const findings: Finding[] = []
  const dac = parseAs('dacCertificate', data, findings)
  const pai = parseAs('paiCertificate', data, findings)
  if (dac !== undefined && pai !== undefined) {
    const problems: string[] = [...checkDacLink(dac, pai)]
    if (!isValidAt(pai, dac.notBefore.getTime())) problems.push('PAI-VALIDITY')
    if (problems.length > 0) {
      const message = `the PAI certificate did not issue the DAC: ${problems.join(', ')}`
      findings.push(factoryDataFinding({ rule: 'FD-035', field: 'dacCertificate', message }))
    }
  }
  const dacIds = dac === undefined ? undefined : matterIds(dac.subject)
  const paiIds = pai === undefined ? undefined : matterIds(pai.subject)
  const disagreements = [
    ...(dacIds === undefined ? [] : dacDisagreements(dacIds, expected)),
    ...(paiIds === undefined ? [] : paiDisagreements(paiIds, expected)),
    ...(dacIds === undefined || paiIds === undefined ? [] : pairDisagreements(dacIds, paiIds)),
  ]
  if (disagreements.length > 0) {
    const message = disagreements.join('; ')
    findings.push(factoryDataFinding({ rule: 'FD-036', field: 'dacCertificate', message }))
  }
  return { findings, dac, pai }
}

function parseAs(
  field: 'dacCertificate' | 'paiCertificate',
  data: FactoryData,
  findings: Finding[],
): Certificate | undefined {
  const der = data[field]
  if (der === undefined) return undefined
  const role = field === 'dacCertificate' ? 'DAC' : 'PAI'
  const certificate = parseOrUndefined(der)
  const violations = certificate === undefined ? ['CERT-DER'] : profileViolations(certificate, role)
  if (violations.length > 0) {
    const message = `the ${role} certificate breaks its profile: ${violations.join(', ')}`
    const rule = role === 'DAC' ? 'FD-033' : 'FD-034'
    findings.push(factoryDataFinding({ rule, field, message }))
  }
  return certificate
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
