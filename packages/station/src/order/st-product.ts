import type { Finding } from '@keyline/bytes'
import { parseStJson, type FactoryData } from '@keyline/matter'
import type { WorkOrder } from '@keyline/ledger/records'
import { orderFinding } from './order-rules.ts'

/** What the caller adds to ST's JSON, which names a product and no more. */
export interface StOrderDefaults {
  readonly id: string
  readonly quantity: number
  readonly images: WorkOrder['images']
}

/** Values of one device; a run draws its own for each unit. */
const ofOneDevice = [
  ['SERIAL_NUMBER', 'serialNumber'],
  ['SPAKE2_SETUP_PASSCODE', 'passcode'],
  ['SETUP_DISCRIMINATOR', 'discriminator'],
  ['SPAKE2_SALT', 'salt'],
  ['SPAKE2_VERIFIER', 'verifier'],
  ['DEVICE_ATTESTATION_CERTIFICATE', 'dacCertificate'],
  ['PAI_CERTIFICATE', 'paiCertificate'],
  ['DEVICE_ATTESTATION_PRIV_KEY', 'dacPrivateKey'],
  ['DEVICE_ATTESTATION_PUB_KEY', 'dacPublicKey'],
] as const satisfies readonly (readonly [string, keyof FactoryData])[]

export interface StOrder {
  readonly order: WorkOrder | undefined
  readonly declaration: Uint8Array | undefined
  readonly findings: readonly Finding[]
}

/** Makes a work order of ST's `Provisioning_FactoryData.json`. Source: matter-factory-data section 3. */
export function orderOfStJson(text: string, defaults: StOrderDefaults): StOrder {
  const parsed = parseStJson(text)
  const findings: Finding[] = [...parsed.findings]
  const { data } = parsed
  for (const [name, field] of ofOneDevice) {
    if (data[field] === undefined) continue
    findings.push(
      orderFinding('ORD-11', name, '', 'belongs to one device and is drawn afresh for each unit'),
    )
  }
  const { vendorId, productId, certificationDeclaration } = data
  for (const [name, value] of [
    ['VENDOR_ID', vendorId],
    ['PRODUCT_ID', productId],
    ['CERTIFICATION_DECLARATION', certificationDeclaration],
  ] as const) {
    if (value === undefined) findings.push(orderFinding('ORD-01', name, '', 'is missing'))
  }
  if (vendorId === undefined || productId === undefined) {
    return { order: undefined, declaration: certificationDeclaration, findings }
  }
  const order: WorkOrder = {
    format: 'keyline-work-order/1',
    id: defaults.id,
    policy: 'test',
    platform: 'wba',
    security: 0,
    quantity: defaults.quantity,
    serialNumbers: { pool: 'st-json', pattern: 'ST-{######}' },
    product: {
      vendorId,
      productId,
      vendorName: data.vendorName ?? '',
      productName: data.productName ?? '',
      hardwareVersion: data.hardwareVersion ?? 0,
      hardwareVersionString: data.hardwareVersionString ?? '',
    },
    commissioning: {
      iterations: data.iterations ?? 1000,
      flow: 0,
      discovery: ['ble'],
      storePasscode: true,
    },
    certificationDeclaration: { file: '(in the JSON)', sha256: '0'.repeat(64) },
    factoryDataAddress: 0x081ec000,
    images: defaults.images,
  }
  return { order, declaration: certificationDeclaration, findings }
}
