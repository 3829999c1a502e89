import { concat, encode, equalSecret } from '@keyline/bytes'
import { applyCtr, encryptCcm, firstCounterBlock, gcmStream } from '@keyline/crypto'
import { ccmCounter, ccmNonceLength, Form, Status, type KeyModeName } from '@keyline/stsafe/layout'
import { contextLimit, lengthOf, type CipherContext } from '../nvm/volatile.ts'
import type { Context } from './context.ts'
import { demand, present } from './refusal.ts'
import { service, serviceBy, type Service } from './service.ts'
import { demandIv, ofMode, slotOf, tagLengthOf } from './symmetric.ts'
import { countedNonce, symmetricKey, usableKey } from './symmetric-slot.ts'

type Direction = CipherContext['direction']
type Started = Pick<CipherContext, 'direction' | 'mode' | 'nonce' | 'totalAad' | 'totalMessage'>

/** A nonce of 13 octets leaves two for the length of the message. */
const longestCcmMessage = 0xffff

const startEncrypt: Readonly<Partial<Record<KeyModeName, Service>>> = {
  'CCM*': service(Form.startEncryptCcm, (context, request) => {
    const { slot, totalAad, totalMessage, aad, message } = request
    demandCcm(request.nonce, totalMessage)
    const { nonce, counter } = countedNonce(context, slot, request.nonce)
    start(context, slot, { direction: 'encrypt', mode: 'CCM*', nonce, totalAad, totalMessage })
    const ciphertext = feed(context, 'encrypt', aad, message)
    return { octets: concat(ciphertext, encode(ccmCounter, counter, 'counter')) }
  }),
  GCM: service(Form.startEncryptGcm, (context, { slot, iv, aad, message }) => {
    startGcm(context, slot, 'encrypt', iv)
    return { ciphertext: feed(context, 'encrypt', aad, message) }
  }),
}

const startDecrypt: Readonly<Partial<Record<KeyModeName, Service>>> = {
  'CCM*': service(Form.startDecryptCcm, (context, request) => {
    const { slot, nonce, totalAad, totalCiphertext, aad, ciphertext } = request
    demandCcm(nonce, totalCiphertext)
    const totalMessage = totalCiphertext
    start(context, slot, { direction: 'decrypt', mode: 'CCM*', nonce, totalAad, totalMessage })
    return { plaintext: feed(context, 'decrypt', aad, ciphertext) }
  }),
  GCM: service(Form.startDecryptGcm, (context, { slot, iv, aad, ciphertext }) => {
    startGcm(context, slot, 'decrypt', iv)
    return { plaintext: feed(context, 'decrypt', aad, ciphertext) }
  }),
}

/** Section 3.11. One operation at a time; a new start discards the old one. */
export const chunkedServices: readonly Service[] = [
  serviceBy(Form.startEncryptGcm, (context, [slot]) => {
    const { information } = usableKey(context, slotOf(slot), 'encryptChunks')
    return ofMode(startEncrypt, information.mode)
  }),
  service(Form.processEncrypt, (context, { aad, message }) => ({
    ciphertext: feed(context, 'encrypt', aad, message),
  })),
  service(Form.finishEncrypt, (context, { aad, message }) => {
    const ciphertext = feed(context, 'encrypt', aad, message)
    return { octets: concat(ciphertext, finish(context)) }
  }),
  serviceBy(Form.startDecryptGcm, (context, [slot]) => {
    const { information } = usableKey(context, slotOf(slot), 'decryptChunks')
    return ofMode(startDecrypt, information.mode)
  }),
  service(Form.processDecrypt, (context, { aad, ciphertext }) => ({
    plaintext: feed(context, 'decrypt', aad, ciphertext),
  })),
  service(Form.finishDecrypt, (context, { aad, ciphertext, tag }) => {
    const plaintext = feed(context, 'decrypt', aad, ciphertext)
    const expected = finish(context)
    demand(tag.length === expected.length, Status.inconsistentCommandData)
    return equalSecret(tag, expected)
      ? { verification: 1, plaintext }
      : { verification: 0, plaintext: new Uint8Array() }
  }),
]

function demandCcm(nonce: Uint8Array, totalMessage: number): void {
  demand(nonce.length === ccmNonceLength, Status.inconsistentCommandData)
  demand(totalMessage <= longestCcmMessage, Status.valueOutOfRange)
}

function startGcm(context: Context, slot: number, direction: Direction, iv: Uint8Array): void {
  demandIv(iv)
  start(context, slot, { direction, mode: 'GCM', nonce: iv, totalAad: 0, totalMessage: 0 })
}

function start(context: Context, slot: number, started: Started): void {
  const { key, information } = symmetricKey(context, slot)
  context.volatile.cipher = {
    ...started,
    nonce: Uint8Array.from(started.nonce),
    key,
    tagLength: tagLengthOf(information),
    aadParts: [],
    parts: [],
    stream: undefined,
  }
}

/** Takes in one piece of associated data and one of the message; the piece of the result. */
function feed(
  { volatile }: Context,
  direction: Direction,
  aad: Uint8Array,
  message: Uint8Array,
): Uint8Array {
  const cipher = present(volatile.cipher, Status.sessionError)
  demand(cipher.direction === direction, Status.sessionError)
  const before = lengthOf(cipher.parts)
  demand(aad.length === 0 || before === 0, Status.inconsistentCommandData)
  const total = lengthOf(cipher.aadParts) + before + aad.length + message.length
  demand(total <= contextLimit, Status.bufferLengthExceeded)
  if (aad.length > 0) cipher.aadParts.push(Uint8Array.from(aad))
  if (message.length === 0) return new Uint8Array()
  if (cipher.mode === 'CCM*') {
    cipher.parts.push(Uint8Array.from(message))
    return keyStreamAt(cipher, before, message)
  }
  const stream = streamOf(cipher)
  cipher.parts.push(Uint8Array.from(message))
  return stream.update(message)
}

/** The running state of GCM, made again from what came in where a snapshot was restored. */
function streamOf(cipher: CipherContext) {
  if (cipher.stream !== undefined) return cipher.stream
  const stream = gcmStream({ direction: cipher.direction, key: cipher.key, iv: cipher.nonce })
  for (const part of cipher.aadParts) stream.authenticate(part)
  for (const part of cipher.parts) stream.update(part)
  cipher.stream = stream
  return stream
}

/** The piece at this place of the message with the key stream of CCM* applied. */
function keyStreamAt({ key, nonce }: CipherContext, offset: number, piece: Uint8Array): Uint8Array {
  const lead = offset % 16
  const iv = firstCounterBlock(nonce)
  new DataView(iv.buffer).setUint16(14, ((offset - lead) / 16 + 1) & 0xffff)
  return applyCtr({ key, iv, octets: concat(new Uint8Array(lead), piece) }).subarray(lead)
}

/** The tag; the operation is over. @throws Refusal `02` where the lengths are not those that start has announced */
function finish(context: Context): Uint8Array {
  const cipher = present(context.volatile.cipher, Status.sessionError)
  context.volatile.cipher = undefined
  if (cipher.mode === 'GCM') return streamOf(cipher).tag().slice(0, cipher.tagLength)
  const { key, nonce, tagLength, totalAad, totalMessage, direction } = cipher
  const [associatedData, message] = [concat(...cipher.aadParts), concat(...cipher.parts)]
  const isWhole = associatedData.length === totalAad && message.length === totalMessage
  demand(isWhole, Status.inconsistentCommandData)
  const plaintext = direction === 'encrypt' ? message : keyStreamAt(cipher, 0, message)
  const sealed = encryptCcm({ key, nonce, associatedData, plaintext, tagLength })
  return sealed.subarray(plaintext.length)
}
