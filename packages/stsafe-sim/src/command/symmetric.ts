import { concat, encode, equalSecret } from '@keyline/bytes'
import {
  aesCmac,
  decryptCcm,
  decryptEcb,
  encryptCcm,
  encryptEcb,
  gcmStream,
  hmacSha256,
  isTagOf,
} from '@keyline/crypto'
import { ccmCounter, Form, Status, type KeyModeName } from '@keyline/stsafe/layout'
import type { SymmetricKey } from '../nvm/state.ts'
import { demand, Refusal } from './refusal.ts'
import { service, serviceBy, type Service } from './service.ts'
import { countedNonce, putSymmetricKey, symmetricKey, usableKey } from './symmetric-slot.ts'

/** Longest IV that the GCM of the host computer takes. */
export const longestIv = 128

type ByMode = Readonly<Partial<Record<KeyModeName, Service>>>

const encrypt: ByMode = {
  ECB: service(Form.encryptEcb, (context, { slot, message }) => {
    const { key } = symmetricKey(context, slot)
    demand(message.length % 16 === 0, Status.inconsistentCommandData)
    return { ciphertext: encryptEcb({ key, octets: message }) }
  }),
  'CCM*': service(Form.encryptCcm, (context, { slot, nonce: given, aad, message }) => {
    const { key, information } = symmetricKey(context, slot)
    const { nonce, counter } = countedNonce(context, slot, given)
    const tagLength = tagLengthOf(information)
    const input = { key, nonce, associatedData: aad, plaintext: message, tagLength }
    return { octets: concat(encryptCcm(input), encode(ccmCounter, counter, 'counter')) }
  }),
  GCM: service(Form.encryptGcm, (context, { slot, iv, aad, message }) => {
    const { key, information } = symmetricKey(context, slot)
    demandIv(iv)
    const stream = gcmStream({ direction: 'encrypt', key, iv })
    stream.authenticate(aad)
    const ciphertext = stream.update(message)
    return { octets: concat(ciphertext, stream.tag().subarray(0, tagLengthOf(information))) }
  }),
}

const decrypt: ByMode = {
  ECB: service(Form.decryptEcb, (context, { slot, ciphertext }) => {
    const { key } = symmetricKey(context, slot)
    demand(ciphertext.length % 16 === 0, Status.inconsistentCommandData)
    return { plaintext: decryptEcb({ key, octets: ciphertext }) }
  }),
  'CCM*': service(Form.decryptCcm, (context, { slot, nonce, aad, ciphertext }) => {
    const { key, information } = symmetricKey(context, slot)
    const tagLength = tagLengthOf(information)
    demand(ciphertext.length >= tagLength, Status.inconsistentCommandData)
    const input = { key, nonce, associatedData: aad, encrypted: ciphertext, tagLength }
    return verified(decryptCcm(input))
  }),
  GCM: service(Form.decryptGcm, (context, { slot, iv, aad, ciphertext, tag }) => {
    const { key, information } = symmetricKey(context, slot)
    demandIv(iv)
    demand(tag.length === tagLengthOf(information), Status.inconsistentCommandData)
    const stream = gcmStream({ direction: 'decrypt', key, iv })
    stream.authenticate(aad)
    const plaintext = stream.update(ciphertext)
    return verified(isTagOf(tag, stream.tag()) ? plaintext : undefined)
  }),
}

/** Sections 3.9 and 3.10. The mode of the key decides the form of an encryption. */
export const symmetricServices: readonly Service[] = [
  service(Form.generateMac, (context, { slot, macLength, message }) => {
    const key = usableKey(context, slot, 'generateMac')
    return { mac: macOf(key, macLength, message) }
  }),
  service(Form.verifyMac, (context, { slot, mac, message }) => {
    const key = usableKey(context, slot, 'verifyMac')
    return { result: equalSecret(macOf(key, mac.length, message), mac) ? 1 : 0 }
  }),
  service(Form.eraseSymmetricKeySlot, (context, { slot }) => {
    const { information } = symmetricKey(context, slot)
    demand(information.lock !== 'locked', Status.keyBlocked)
    putSymmetricKey(context, slot, undefined)
    return {}
  }),
  serviceBy(Form.encryptEcb, (context, [slot]) => {
    const { information } = usableKey(context, slotOf(slot), 'encrypt')
    return ofMode(encrypt, information.mode)
  }),
  serviceBy(Form.decryptEcb, (context, [slot]) => {
    const { information } = usableKey(context, slotOf(slot), 'decrypt')
    return ofMode(decrypt, information.mode)
  }),
]

/** The slot, which stands first and must be there before a form can be chosen. */
export function slotOf(octet: number | undefined): number {
  if (octet === undefined) throw new Refusal(Status.inconsistentCommandData)
  return octet
}

/** @throws Refusal `1C` for a mode that has no such service */
export function ofMode(services: ByMode, mode: KeyModeName): Service {
  const found = services[mode]
  if (found === undefined) throw new Refusal(Status.wrongModeOfOperation)
  return found
}

export function tagLengthOf(information: SymmetricKey['information']): number {
  return 'tagLength' in information ? information.tagLength : 0
}

/** @throws Refusal */
export function demandIv(iv: Uint8Array): void {
  demand(iv.length >= 1 && iv.length <= longestIv, Status.valueOutOfRange)
}

/** A failed verification shows no plaintext; the status stays OK. */
function verified(plaintext: Uint8Array | undefined) {
  return plaintext === undefined
    ? { verification: 0, plaintext: new Uint8Array() }
    : { verification: 1, plaintext }
}

function macOf(
  { information, key }: SymmetricKey,
  length: number,
  message: Uint8Array,
): Uint8Array {
  if (information.mode !== 'CMAC' && information.mode !== 'HMAC') {
    throw new Refusal(Status.wrongModeOfOperation)
  }
  const isCmac = information.mode === 'CMAC'
  const isAllowed = length >= information.minMacLength && length <= (isCmac ? 16 : 32)
  demand(isAllowed, Status.wrongMacLength)
  return (isCmac ? aesCmac(key, message) : hmacSha256(key, message)).subarray(0, length)
}
