import { encodeUtf8, type Finding } from '@keyline/bytes'
import type { UnitSecrets, WorkOrder } from '@keyline/ledger/records'
import { checkFactoryData, encodeImage, profiles } from '@keyline/matter'
import { checkAttestation } from './check-attestation.ts'
import { checkImages, type ImageContent } from './check-images.ts'
import { factoryDataOf } from '../unit/factory-data-of.ts'
import { longestSerialNumber, patternCapacity } from '../unit/serial-number.ts'
import { orderFinding } from './order-rules.ts'
import { isSupported } from './supported.ts'

export interface OrderContent extends ImageContent {
  /** Absent when the file could not be read; then its rules are not evaluated. */
  readonly declaration: Uint8Array | undefined
}

/** All rules of an order that need no board: its own, those of factory data and of the declaration. */
export async function checkOrder(content: OrderContent): Promise<readonly Finding[]> {
  return [
    ...checkPlan(content.order),
    ...checkAttestation(content.order),
    ...checkImages(content),
    ...(await checkProduct(content)),
  ]
}

function checkPlan(order: WorkOrder): readonly Finding[] {
  const findings: Finding[] = []
  if (!isSupported(order)) {
    const value = `${order.platform}/${order.security}`
    findings.push(orderFinding('ORD-05', 'platform/security', value, 'has no flow yet'))
  }
  findings.push(...checkSerialNumbers(order))
  const limit = order.certificateLimit
  if (limit !== undefined && limit < order.quantity) {
    const message = `is below the quantity ${order.quantity}`
    findings.push(orderFinding('ORD-07', 'certificateLimit', String(limit), message))
  }
  return findings
}

/** Whether the pattern gives a lawful number for every unit. */
export function checkSerialNumbers(
  order: Pick<WorkOrder, 'serialNumbers' | 'quantity'>,
): readonly Finding[] {
  const findings: Finding[] = []
  const { pattern } = order.serialNumbers
  const length = encodeUtf8(longestSerialNumber(pattern)).length
  if (length > 32) {
    findings.push(
      orderFinding('ORD-06', 'serialNumbers.pattern', pattern, `gives ${length} octets`),
    )
  }
  if (patternCapacity(pattern) < order.quantity) {
    const message = `gives ${patternCapacity(pattern)} numbers for ${order.quantity} units`
    findings.push(orderFinding('ORD-06', 'serialNumbers.pattern', pattern, message))
  }
  return findings
}

/** The rules of factory data over the product with the longest serial number and a sample identity. */
async function checkProduct(content: OrderContent): Promise<readonly Finding[]> {
  const { order, declaration } = content
  if (declaration === undefined) return []
  const profile = profiles[order.platform]
  const secrets = sampleSecrets(order.commissioning.iterations)
  const serialNumber = longestSerialNumber(order.serialNumbers.pattern)
  const sample = factoryDataOf({ order, declaration, serialNumber, secrets })
  const checked = await checkFactoryData(sample, {
    profile,
    mode: 'provisioning',
    policy: order.policy,
    knownVerifier: secrets,
  })
  // The identity of the sample is nobody's: only what the order says is judged here.
  const findings = checked.filter((finding) => !identityFields.has(finding.field))
  const length = encodeImage(sample).length
  const limit = profile.maxProvisioningImage
  if (length > limit && !findings.some((finding) => finding.rule === 'FD-008')) {
    findings.push(orderFinding('ORD-04', 'image', String(length), `has more than ${limit} octets`))
  }
  return findings
}

const identityFields: ReadonlySet<string> = new Set([
  'SETUP_DISCRIMINATOR',
  'SPAKE2_SALT',
  'SPAKE2_VERIFIER',
  'SPAKE2_SETUP_PASSCODE',
])

/** Lawful in form, secret of nothing: w0 = 1 and L = the base point of P-256. */
function sampleSecrets(iterations: number): UnitSecrets {
  const verifier = new Uint8Array(97)
  verifier[31] = 1
  verifier.set(basePoint, 32)
  return { discriminator: 1, passcode: 1, salt: new Uint8Array(32).fill(1), iterations, verifier }
}

const basePoint = Uint8Array.from(
  Buffer.from(
    '046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296' +
      '4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5',
    'hex',
  ),
)
