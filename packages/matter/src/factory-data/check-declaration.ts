import { isKeylineError, type Finding } from '@keyline/bytes'
import { CertificationType, type CertificationDeclaration } from '../declaration/content.ts'
import { parseDeclaration, type ParsedDeclaration } from '../declaration/parse.ts'
import { idText, type ExpectedIds } from './check-certificates.ts'
import type { ContentMemory } from './content-memory.ts'
import type { FactoryData } from './factory-data.ts'
import { factoryDataFinding } from './rules.ts'

/** Declarations that were examined, by their octets: devices of a batch share one. */
export type DeclarationMemory = ContentMemory<ExaminedDeclaration>

/** A declaration on its own, with FD-030. */
interface ExaminedDeclaration {
  readonly parsed: ParsedDeclaration | undefined
  readonly problems: readonly Finding[]
}

export interface CheckedDeclaration {
  readonly findings: readonly Finding[]
  readonly parsed: ParsedDeclaration | undefined
  /** What DAC and PAI must carry. */
  readonly expectedIds: ExpectedIds
}

/** FD-030 … FD-032. Who signed the declaration is asked by the commissioner's checks, not here. */
export function checkDeclaration(
  data: FactoryData,
  declarations: DeclarationMemory,
): CheckedDeclaration {
  const { certificationDeclaration: der, vendorId, productId } = data
  if (der === undefined) {
    return { findings: [], parsed: undefined, expectedIds: { vendorId, productId } }
  }
  const { parsed, problems } = declarations.recall(der, examine)
  if (parsed === undefined) {
    return { findings: problems, parsed, expectedIds: { vendorId, productId } }
  }
  const { declaration } = parsed
  const findings: Finding[] = problems.slice()
  if (vendorId !== undefined && declaration.vendorId !== vendorId) {
    const message = `the declaration is made out to ${idText(declaration.vendorId)}`
    const value = idText(vendorId)
    findings.push(factoryDataFinding({ rule: 'FD-031', field: 'vendorId', value, message }))
  }
  if (productId !== undefined && !declaration.productIds.includes(productId)) {
    const message = `the declaration lists ${declaration.productIds.length} products, not this one`
    const value = idText(productId)
    findings.push(factoryDataFinding({ rule: 'FD-032', field: 'productId', value, message }))
  }
  return { findings, parsed, expectedIds: declaration.dacOrigin ?? { vendorId, productId } }
}

/** Values that a commissioner overlooks but that no declaration to ship may have (matter-factory-data 11.2). */
function valueProblems(declaration: CertificationDeclaration): readonly string[] {
  const { formatVersion, productIds, securityLevel, securityInformation } = declaration
  const problems: string[] = []
  if (formatVersion !== 1) problems.push(`format_version is ${formatVersion}, not 1`)
  if (productIds.length === 0) problems.push('product_id_array is empty')
  if (securityLevel !== 0) problems.push(`security_level is ${securityLevel}, not 0`)
  if (securityInformation !== 0) {
    problems.push(`security_information is ${securityInformation}, not 0`)
  }
  if (declaration.certificationType > CertificationType.official) {
    problems.push(`certification_type ${declaration.certificationType} is reserved`)
  }
  if (declaration.authorizedPaas?.length === 0) problems.push('authorized_paa_list is empty')
  return problems
}

function examine(der: Uint8Array): ExaminedDeclaration {
  try {
    const parsed = parseDeclaration(der)
    return { parsed, problems: valueProblems(parsed.declaration).map(broken) }
  } catch (error) {
    if (!isKeylineError(error)) throw error
    const reason = `the certification declaration cannot be read: ${error.message}`
    return { parsed: undefined, problems: [broken(reason)] }
  }
}

function broken(message: string): Finding {
  return factoryDataFinding({ rule: 'FD-030', field: 'certificationDeclaration', message })
}
