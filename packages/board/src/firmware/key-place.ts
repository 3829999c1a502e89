import type { Random } from '@keyline/bytes'
import type { KeyStore, ProvisioningMode } from '@keyline/matter/pxp'
import { Algorithm, KeyType, Lifetime, PsaStatus, Usage, type KeyAttributes } from '@keyline/psa'
import { attestationKeySlot } from '../storage/customer-key-storage.ts'
import { DeviceKey } from '../storage/device-key.ts'
import type { SigningKey } from '../storage/signing-key.ts'
import { FactoryDataRegion } from './factory-data-region.ts'
import type { Hardware, KeyPlace } from './hardware.ts'

/** Object id of the raw key in internal trusted storage (provisioning-station section 9.1). */
export const itsKeyId = 0x1fff_0001
/** Id of the persistent key, agreed by provisioning and operational firmware. */
const psaKeyId = 0x0000_0001

const keyAttributes: KeyAttributes = {
  lifetime: Lifetime.persistent,
  id: psaKeyId,
  type: KeyType.eccPairSecpR1,
  bits: 256,
  usage: Usage.signMessage,
  algorithm: Algorithm.ecdsaSha256,
}

/** Where a build keeps its key in a mode (9.4); `undefined`: it has no place for it. */
export function choosePlace(hardware: Hardware, mode: ProvisioningMode): KeyPlace | undefined {
  const { image, part } = hardware
  if (image.trustedFirmware === true) return 'psa'
  if (mode === 'test') return 'flash'
  const stores = image.stores ?? part.keyStores
  return (['cks', 'its'] as const).find((secure) => stores.includes(secure))
}

/** The stores that a build offers, for IDENT. */
export function storesOf({ image, part }: Hardware): readonly KeyStore[] {
  if (image.stores !== undefined) return image.stores
  return image.trustedFirmware === true ? ['its'] : part.keyStores
}

/** What STORED calls a place. */
export function storeNameOf(place: KeyPlace): KeyStore {
  return place === 'psa' ? 'its' : place
}

/**
 * Makes a key: in the key service when it stays there, else in the memory of the firmware.
 * @param foreign draws the key elsewhere than in this board, which a good board never does
 */
export function makeKey(
  hardware: Hardware,
  place: KeyPlace,
  foreign?: Random,
): SigningKey | undefined {
  const { psa } = hardware.storage
  if (place !== 'psa') return DeviceKey.draw(foreign ?? hardware.random)
  if (psa === undefined || hardware.faults.strikes('secure-storage-refuses')) return undefined
  psa.destroyKey(psaKeyId)
  const made =
    foreign === undefined
      ? psa.generateKey(keyAttributes)
      : psa.importKey({
          attributes: keyAttributes,
          data: DeviceKey.draw(foreign).secret().reveal(),
        })
  if (made.status !== PsaStatus.success) return undefined
  const { status, buffer: publicKey } = psa.exportPublicKey(psaKeyId)
  if (status !== PsaStatus.success) return undefined
  return {
    publicKey,
    sign: (message) => signedBy(hardware, place, message) ?? new Uint8Array(64),
  }
}

/** Puts a key into secure storage. False when it is refused; a key in flash is written with the certificates. */
export function keepKey(hardware: Hardware, place: KeyPlace, key: SigningKey): boolean {
  const { its, psa, cks } = hardware.storage
  const scalar = key.secret?.().reveal()
  if (place === 'flash') return true
  if (place === 'psa' && scalar === undefined) return true
  if (scalar === undefined || hardware.faults.strikes('secure-storage-refuses')) return false
  if (place === 'cks') return cks?.write(attestationKeySlot, new DeviceKey(scalar)) ?? false
  if (place === 'its') return its?.set(itsKeyId, scalar) === PsaStatus.success
  psa?.destroyKey(psaKeyId)
  const kept = psa?.importKey({ attributes: keyAttributes, data: scalar })
  return kept?.status === PsaStatus.success
}

/** Signs with the key that stands in a place, and with no other. */
export function signedBy(
  hardware: Hardware,
  place: KeyPlace,
  message: Uint8Array,
): Uint8Array | undefined {
  const { its, psa, cks } = hardware.storage
  if (place === 'flash') return new FactoryDataRegion(hardware).read().storedKey()?.sign(message)
  if (place === 'cks') {
    const publicKey = new FactoryDataRegion(hardware).read().publicKey()
    return publicKey && cks?.sign(attestationKeySlot, publicKey, message)
  }
  if (place === 'its') {
    const scalar = its?.get(itsKeyId)
    if (scalar?.status !== PsaStatus.success) return undefined
    return new DeviceKey(scalar.value).sign(message)
  }
  const use = { key: psaKeyId, algorithm: Algorithm.ecdsaSha256, message }
  const signature = psa?.signMessage(use)
  return signature?.status === PsaStatus.success ? signature.buffer : undefined
}
