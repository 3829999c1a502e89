import type { FactoryDataField } from './factory-data.ts'

/** Where each field stands in the extended form. */
export const extendedPaths: Readonly<Record<FactoryDataField, string>> = {
  certificationDeclaration: 'attestation.certificationDeclaration',
  firmwareInformation: 'attestation.firmwareInformation',
  dacCertificate: 'attestation.dac',
  paiCertificate: 'attestation.pai',
  dacPrivateKey: 'attestation.privateKey',
  dacPublicKey: 'attestation.publicKey',
  discriminator: 'commissioning.discriminator',
  iterations: 'commissioning.iterations',
  salt: 'commissioning.salt',
  verifier: 'commissioning.verifier',
  passcode: 'commissioning.passcode',
  vendorName: 'device.vendorName',
  vendorId: 'device.vendorId',
  productName: 'device.productName',
  productId: 'device.productId',
  serialNumber: 'device.serialNumber',
  manufacturingDate: 'device.manufacturingDate',
  hardwareVersion: 'device.hardwareVersion',
  hardwareVersionString: 'device.hardwareVersionString',
  rotatingDeviceId: 'device.rotatingIdUniqueId',
  enableKey: 'device.enableKey',
}

/** Members of the extended form that no field holds, and that may differ from device to device. */
export const otherPaths = [
  'commissioning.flow',
  'commissioning.discovery',
  'commissioning.storePasscode',
  'info.uniqueId',
  'info.partNumber',
  'info.productUrl',
  'info.productLabel',
  'info.productFinish',
  'info.primaryColor',
  'info.softwareVersion',
  'info.softwareVersionString',
] as const

/** Words that stand in place of octets. */
export const octetWords: ReadonlySet<string> = new Set(['random', 'derive', 'none'])
