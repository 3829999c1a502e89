import { concat, decode, encode, fromHex, lengthPrefixed, listToEnd, u16be } from '@keyline/bytes'
import { curvePublicKey, publicKeyOn, type CurvePublicKey } from './algorithm.ts'
import {
  hostKeys,
  keyWithInformation,
  type HostKeys,
  type KeyWithInformation,
} from './form/provisioning.ts'
import { keyInformation, keyLengthOf, type KeyInformation } from './symmetric-key.ts'
import { pad, unpad } from './session.ts'

/** Salt of every HKDF of section 5. */
export const kdfSalt: Uint8Array = fromHex(
  'e45d4cfd2015de9e0aa9a9f6a49f45100f99d9633fb1b2dddbeee675d54de25b',
)

/** Labels of section 5.9. */
const Label = {
  volatileBaseKek: 0x10,
  volatileWorkingKek: 0x11,
  symmetricKey: 0x12,
  confirmationKey: 0x13,
} as const

export const kekLength = 32

/** The ephemeral public keys of an agreement. */
export interface EphemeralKeys {
  readonly host: CurvePublicKey
  readonly device: CurvePublicKey
}

/** Info of the base KEK: device before host, raw (section 5.3.1). */
export function baseKekInfo({ host, device }: EphemeralKeys): Uint8Array<ArrayBuffer> {
  return concat(device.publicKey, host.publicKey)
}

/** Info of working KEK number `index`, counted from 1 in one octet. */
export function workingKekInfo(index: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.of(Label.volatileBaseKek, Label.volatileWorkingKek, index & 0xff)
}

/** Info of established host keys: host before device, raw (section 5.7). */
export function hostKeyInfo({ host, device }: EphemeralKeys): Uint8Array<ArrayBuffer> {
  return concat(host.publicKey, device.publicKey)
}

/** Info of established symmetric keys; the public keys do not enter (section 5.6). */
export const symmetricKeyInfo: Uint8Array = Uint8Array.of(Label.symmetricKey, Label.confirmationKey)

export const confirmationKeyLength = 32
export const confirmationMacLength = 8

/** Octets of the whole key stream: the confirmation key, then the keys in order. */
export function establishedLength(keys: readonly KeyInformation[]): number {
  return keys.reduce((sum, key) => sum + keyLengthOf(key), confirmationKeyLength)
}

const informationList = listToEnd(lengthPrefixed(u16be, keyInformation), 255)

/** What goes under the confirmation MAC: the records as they stand in the command. */
export function confirmationInput(keys: readonly KeyInformation[]): Uint8Array<ArrayBuffer> {
  return encode(informationList, keys, 'key information')
}

/** What the owner of an authentication key signs: `curve ‖ host key ‖ device key` in wire encoding (section 5.3). */
export function authenticationInput({ host, device }: EphemeralKeys): Uint8Array<ArrayBuffer> {
  const devicePoint = encode(publicKeyOn(host.curve), device.publicKey, 'device public key')
  return concat(encode(curvePublicKey, host, 'host public key'), devicePoint)
}

const envelopeMultiple = 8

/** Inside of the envelope of `1F 08`: 40 or 72 octets (section 5.4). */
export function encodeHostKeyEnvelope(keys: HostKeys): Uint8Array<ArrayBuffer> {
  return pad(encode(hostKeys, keys, 'host keys'), envelopeMultiple)
}

/** @throws BytesError; nothing when the padding is wrong */
export function decodeHostKeyEnvelope(octets: Uint8Array): HostKeys | undefined {
  const inside = unpad(octets, envelopeMultiple)
  return inside && decode(hostKeys, inside, 'host keys')
}

/** Inside of the envelope of `1F 09`: `KIR ‖ key ‖ 80 ‖ 00…` (section 5.5). */
export function encodeKeyEnvelope(key: KeyWithInformation): Uint8Array<ArrayBuffer> {
  return pad(encode(keyWithInformation, key, 'symmetric key'), envelopeMultiple)
}

/** @throws BytesError; nothing when the padding is wrong */
export function decodeKeyEnvelope(octets: Uint8Array): KeyWithInformation | undefined {
  const inside = unpad(octets, envelopeMultiple)
  return inside && decode(keyWithInformation, inside, 'symmetric key')
}
