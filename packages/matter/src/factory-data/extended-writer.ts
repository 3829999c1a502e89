import { toHex, type JsonValue } from '@keyline/bytes'
import { isPem } from './extended-attestation.ts'
import type { FactoryDataInfo } from './extended-info.ts'
import { discoveryNames, extendedFormat } from './extended-json.ts'
import type { FactoryData } from './factory-data.ts'
import type { ProfileName } from './profile.ts'
import { stOctets } from './st-json.ts'

/** What stands beside the set; an `ExtendedFactoryData` has all of it. */
export interface ExtendedHeader {
  readonly profile: ProfileName
  readonly policy: 'test' | 'production'
  /** The passcode of a set that does not store it. */
  readonly passcode?: number | undefined
  /** Commissioning flow of the onboarding payload. */
  readonly flow?: number | undefined
  /** Bits of the discovery capabilities. */
  readonly discovery?: number | undefined
  readonly info?: FactoryDataInfo | undefined
}

/**
 * The extended form of a set (matter-factory-data 3.1), octets in hexadecimal. `parseExtendedJson` brings it
 * back without loss, whatever the values; nothing is left to be drawn or derived. Holds the private key when the set does.
 */
export function factoryDataToExtendedJson(data: FactoryData, header: ExtendedHeader): string {
  const { profile, policy, flow, discovery, info = {} } = header
  const passcode = data.passcode ?? header.passcode
  const isPasscodeHidden = passcode !== undefined && data.passcode === undefined
  const document: JsonValue = {
    format: extendedFormat,
    profile,
    policy,
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
      passcode,
      iterations: data.iterations,
      salt: hex(data.salt),
      verifier: hex(data.verifier) ?? 'none',
      flow,
      discovery: discovery === undefined ? undefined : discoveryList(discovery),
      storePasscode: isPasscodeHidden ? false : undefined,
    },
    attestation: {
      certificationDeclaration: hex(data.certificationDeclaration),
      firmwareInformation: hex(data.firmwareInformation),
      dac: hex(data.dacCertificate),
      pai: hex(data.paiCertificate),
      privateKey: scalar(data.dacPrivateKey?.reveal()),
      publicKey: hex(data.dacPublicKey) ?? 'none',
    },
    info: { ...info },
  }
  return `${JSON.stringify(document, undefined, 2)}\n`
}

/** Octets that the reader would take for a text around others stand as a list, which it takes as it is. */
function hex(octets: Uint8Array | undefined): JsonValue | undefined {
  if (octets === undefined) return undefined
  return isPem(octets) ? stOctets(octets) : { hex: toHex(octets) }
}

/** The reader takes more than a scalar for a key container. */
function scalar(octets: Uint8Array | undefined): JsonValue | undefined {
  return octets !== undefined && octets.length > 32 ? stOctets(octets) : hex(octets)
}

function discoveryList(bits: number): readonly string[] {
  return discoveryNames.filter((_, bit) => (bits & (1 << bit)) !== 0)
}
