import { toHex, type JsonValue } from '@keyline/bytes'
import { extendedFormat } from './extended-json.ts'
import type { FactoryData } from './factory-data.ts'
import type { ProfileName } from './profile.ts'

export interface ExtendedHeader {
  readonly profile: ProfileName
  readonly policy: 'test' | 'production'
}

/**
 * The extended form of a set (matter-factory-data 3.1), octets in hexadecimal. `parseExtendedJson` brings it
 * back without loss. Holds the private key when the set does.
 */
export function factoryDataToExtendedJson(data: FactoryData, header: ExtendedHeader): string {
  const document: JsonValue = {
    format: extendedFormat,
    ...header,
    device: {
      vendorId: data.vendorId,
      productId: data.productId,
      vendorName: data.vendorName,
      productName: data.productName,
      serialNumber: data.serialNumber,
      hardwareVersion: data.hardwareVersion,
      hardwareVersionString: data.hardwareVersionString,
      manufacturingDate: data.manufacturingDate,
      rotatingIdUniqueId: data.rotatingDeviceId,
      enableKey: data.enableKey,
    },
    commissioning: {
      discriminator: data.discriminator,
      passcode: data.passcode,
      iterations: data.iterations,
      salt: hex(data.salt),
      verifier: hex(data.verifier),
    },
    attestation: {
      certificationDeclaration: hex(data.certificationDeclaration),
      firmwareInformation: hex(data.firmwareInformation),
      dac: hex(data.dacCertificate),
      pai: hex(data.paiCertificate),
      privateKey: hex(data.dacPrivateKey?.reveal()),
      publicKey: hex(data.dacPublicKey),
    },
  }
  return `${JSON.stringify(document, undefined, 2)}\n`
}

function hex(octets: Uint8Array | undefined): JsonValue | undefined {
  return octets === undefined ? undefined : { hex: toHex(octets) }
}
