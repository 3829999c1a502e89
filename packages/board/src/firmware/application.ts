import { concat } from '@keyline/bytes'
import { encodeAttestationElements, Tag } from '@keyline/matter'
import { encodeBasic, pxpLimits, type MessageType } from '@keyline/matter/pxp'
import { attestationServices } from './attestation-application.ts'
import { developmentCredentials } from './development-credentials.ts'
import { DeviceKey } from '../storage/device-key.ts'
import { FactoryDataRegion } from './factory-data-region.ts'
import type { Hardware } from './hardware.ts'
import { signedBy } from './key-place.ts'
import {
  serveRequests,
  Unservable,
  type Answer,
  type Service,
  type Services,
} from './request-service.ts'

/** ST's application fixes this text when it is compiled and does not read record 28. */
const hardwareVersionString = 'rev B'

/** What the SDK says of a product without factory data. */
const testProduct = {
  vendorId: 0xfff1,
  productId: 0x8004,
  vendorName: 'TEST_VENDOR',
  productName: 'TEST_PRODUCT',
  serialNumber: 'TEST_SN',
  hardwareVersion: 0,
}

/**
 * The operational firmware (provisioning-station section 12.2): a Matter device reduced to what a station can ask.
 * It reads its factory data as ST's applications do.
 */
export function application(hardware: Hardware): Promise<void> {
  return serveRequests(hardware, services)
}

const services: Services = new Map<MessageType, Service>([
  ['ATTREQ', attest],
  ['BASIC', (hardware) => [{ type: 'BASIC', payload: basicInformation(hardware) }]],
  ...attestationServices,
])

/** Attestation elements with the nonce, and the signature over them and the challenge. */
function attest(hardware: Hardware, request: Uint8Array): readonly Answer[] {
  const { faults, random } = hardware
  const { nonceLength, attestationChallengeLength } = pxpLimits
  if (request.length !== nonceLength + attestationChallengeLength) {
    throw new Unservable(`ATTREQ has ${request.length} octets`)
  }
  const declaration = declarationOf(hardware)
  const isOtherNonce = faults.strikes('attestation-other-nonce')
  const isOtherDeclaration = faults.strikes('attestation-other-declaration')
  const isOtherKey = faults.strikes('attestation-other-key')
  const elements = encodeAttestationElements({
    certificationDeclaration: isOtherDeclaration ? altered(declaration) : declaration,
    nonce: isOtherNonce ? random.bytes(nonceLength) : request.subarray(0, nonceLength),
    timestamp: 0,
  })
  const message = concat(elements, request.subarray(nonceLength))
  const signature = isOtherKey ? DeviceKey.draw(random).sign(message) : sign(hardware, message)
  if (signature === undefined) throw new Unservable('the device has no attestation key')
  return [
    { type: 'ATTRSP', payload: elements },
    { type: 'ATTSIG', payload: signature },
  ]
}

/** Without factory data the SDK has a declaration of its own; none is simulated. */
function declarationOf(hardware: Hardware): Uint8Array {
  if (showsTestCredentials(hardware)) return Uint8Array.of(0)
  return new FactoryDataRegion(hardware).read().require(Tag.certificationDeclaration)
}

function sign(hardware: Hardware, message: Uint8Array): Uint8Array | undefined {
  if (showsTestCredentials(hardware)) return developmentCredentials().key.sign(message)
  return signedBy(hardware, hardware.keyPlace, message)
}

/** The build switch that decides whether the application reads its factory data is off. */
function showsTestCredentials({ image }: Hardware): boolean {
  return image.readsFactoryData === false
}

function basicInformation(hardware: Hardware): Uint8Array {
  const { version } = hardware.image
  const software = {
    hardwareVersionString,
    softwareVersion: versionNumber(version),
    softwareVersionString: version,
  }
  if (showsTestCredentials(hardware)) return encodeBasic({ ...testProduct, ...software })
  const data = new FactoryDataRegion(hardware).read()
  return encodeBasic({
    vendorId: data.requireNumber(Tag.vendorId),
    productId: data.requireNumber(Tag.productId),
    vendorName: data.requireText(Tag.vendorName),
    productName: data.requireText(Tag.productName),
    serialNumber: data.requireText(Tag.serialNumber),
    hardwareVersion: data.requireNumber(Tag.hardwareVersion),
    ...software,
  })
}

/** `1.2.3` → 0x00010203 (16, 8 and 8 bits). */
function versionNumber(version: string): number {
  const [major = 0, minor = 0, patch = 0] = version.split('.').map(Number)
  return ((major & 0xffff) << 16) | ((minor & 0xff) << 8) | (patch & 0xff)
}

/** One bit in the last octet, which is part of the signature of the declaration. */
function altered(declaration: Uint8Array): Uint8Array {
  return declaration.with(declaration.length - 1, (declaration.at(-1) ?? 0) ^ 1)
}
