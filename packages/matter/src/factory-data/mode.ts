import type { FactoryDataField } from './factory-data.ts'

/** Reconfiguration writes a complete set; a provisioning run leaves the credentials to the board. */
export type FactoryDataMode = 'reconfigure' | 'provisioning'

interface ModeRules {
  readonly required: readonly FactoryDataField[]
  readonly forbidden: readonly FactoryDataField[]
}

const alwaysRequired = [
  'certificationDeclaration',
  'discriminator',
  'iterations',
  'salt',
  'verifier',
  'vendorId',
  'productId',
] as const satisfies readonly FactoryDataField[]

const credentials = [
  'dacCertificate',
  'paiCertificate',
  'dacPublicKey',
] as const satisfies readonly FactoryDataField[]

/** Fields by mode (matter-factory-data 6.2); the private key is decided by where the key rests. */
export const modeRules: Readonly<Record<FactoryDataMode, ModeRules>> = {
  reconfigure: { required: [...alwaysRequired, ...credentials], forbidden: [] },
  provisioning: { required: alwaysRequired, forbidden: [...credentials, 'dacPrivateKey'] },
}

/** Fields whose absence is worth a warning (FD-051). */
export const recommendedFields = [
  'vendorName',
  'productName',
  'serialNumber',
  'hardwareVersion',
] as const satisfies readonly FactoryDataField[]
