import { createCipheriv, createDecipheriv, type CipherKey } from 'node:crypto'
import { CryptoError } from './errors.ts'
import { ownOctets } from './own-octets.ts'

const blockLength = 16

/** AES key sizes in bits, by the octets of the key. */
const keyBits: ReadonlyMap<number, 128 | 192 | 256> = new Map([
  [16, 128],
  [24, 192],
  [32, 256],
])

/** Size of an AES key in bits. @throws CryptoError `CIPHER_PARAMETER` unless it has 16, 24 or 32 octets */
export function aesBits(key: Uint8Array): 128 | 192 | 256 {
  const bits = keyBits.get(key.length)
  if (bits !== undefined) return bits
  throw new CryptoError('CIPHER_PARAMETER', `an AES key has 16, 24 or 32 octets, not ${key.length}`)
}

export interface EcbInput {
  /** 16, 24 or 32 octets. */
  readonly key: Uint8Array
  /** Whole blocks of 16 octets. */
  readonly octets: Uint8Array
}

/** AES-ECB (SP 800-38A) without padding. @throws CryptoError `CIPHER_PARAMETER` */
export function encryptEcb({ key, octets }: EcbInput): Uint8Array<ArrayBuffer> {
  requireBlocks(octets)
  const cipher = createCipheriv(`aes-${aesBits(key)}-ecb`, key, null)
  return ownOctets(cipher.setAutoPadding(false).update(octets))
}

/** Undoes `encryptEcb`. @throws CryptoError `CIPHER_PARAMETER` */
export function decryptEcb({ key, octets }: EcbInput): Uint8Array<ArrayBuffer> {
  requireBlocks(octets)
  const decipher = createDecipheriv(`aes-${aesBits(key)}-ecb`, key, null)
  return ownOctets(decipher.setAutoPadding(false).update(octets))
}

export interface CbcInput extends EcbInput {
  /** 16 octets. */
  readonly iv: Uint8Array
}

/** AES-CBC (SP 800-38A) over whole blocks, without padding. @throws CryptoError `CIPHER_PARAMETER` */
export function encryptCbc({ key, iv, octets }: CbcInput): Uint8Array<ArrayBuffer> {
  requireBlocks(octets)
  requireIv(iv)
  const cipher = createCipheriv(`aes-${aesBits(key)}-cbc`, key, iv)
  return ownOctets(cipher.setAutoPadding(false).update(octets))
}

/** Undoes `encryptCbc`; the padding, if there is one, is left to the caller. @throws CryptoError `CIPHER_PARAMETER` */
export function decryptCbc({ key, iv, octets }: CbcInput): Uint8Array<ArrayBuffer> {
  requireBlocks(octets)
  requireIv(iv)
  const decipher = createDecipheriv(`aes-${aesBits(key)}-cbc`, key, iv)
  return ownOctets(decipher.setAutoPadding(false).update(octets))
}

/**
 * AES-CTR (SP 800-38A): the key stream of a counter block, from which encryption and decryption are the same.
 * @throws CryptoError `CIPHER_PARAMETER`
 */
export function applyCtr({ key, iv, octets }: CbcInput): Uint8Array<ArrayBuffer> {
  requireIv(iv)
  return ownOctets(createCipheriv(`aes-${aesBits(key)}-ctr`, key, iv).update(octets))
}

const marker = 0x80

/** Appends `80 00…` up to the next multiple of 16 (ISO/IEC 7816-4); a whole block when there is no room left. */
export function padIso7816(octets: Uint8Array): Uint8Array<ArrayBuffer> {
  const padded = new Uint8Array((Math.floor(octets.length / blockLength) + 1) * blockLength)
  padded.set(octets)
  padded[octets.length] = marker
  return padded
}

/** What stands before `80 00…`, as a view; nothing unless the last block ends that way. */
export function unpadIso7816(padded: Uint8Array): Uint8Array | undefined {
  let end = padded.length - 1
  const least = Math.max(0, padded.length - blockLength)
  while (end > least && padded[end] === 0) end--
  return padded.length % blockLength === 0 && padded[end] === marker
    ? padded.subarray(0, end)
    : undefined
}

/**
 * AES-CMAC (SP 800-38B, RFC 4493) under one kept key.
 *
 * One CBC encryption lives as long as the key: what it carries over from the last block of a message is taken out of
 * the first block of the next, so that no cipher has to be made for each MAC.
 */
export class Cmac {
  readonly #encrypt: (blocks: Uint8Array) => Uint8Array
  readonly #wholeKey: Uint8Array
  readonly #cutKey: Uint8Array
  #carried: Uint8Array = new Uint8Array(blockLength)

  /** @param key 16, 24 or 32 octets. @throws CryptoError `CIPHER_PARAMETER` */
  constructor(key: CipherKey & Uint8Array) {
    const cipher = createCipheriv(`aes-${aesBits(key)}-cbc`, key, this.#carried)
    cipher.setAutoPadding(false)
    this.#encrypt = (blocks) => cipher.update(blocks)
    this.#carried = ownOctets(cipher.update(new Uint8Array(blockLength)))
    this.#wholeKey = doubled(this.#carried)
    this.#cutKey = doubled(this.#wholeKey)
  }

  /** The MAC of a message of any length, 16 octets. Truncation keeps the leading octets. */
  compute(message: Uint8Array): Uint8Array<ArrayBuffer> {
    const { length } = message
    const blocks = new Uint8Array(Math.max(1, Math.ceil(length / blockLength)) * blockLength)
    blocks.set(message)
    const isCut = length < blocks.length
    if (isCut) blocks[length] = marker
    addInto(blocks, blocks.length - blockLength, isCut ? this.#cutKey : this.#wholeKey)
    addInto(blocks, 0, this.#carried)
    const mac = new Uint8Array(this.#encrypt(blocks).subarray(-blockLength))
    this.#carried = mac
    return mac.slice()
  }
}

/** AES-CMAC of one message, 16 octets; a kept `Cmac` is faster for more. @throws CryptoError `CIPHER_PARAMETER` */
export function aesCmac(key: Uint8Array, message: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Cmac(key).compute(message)
}

/** Twice the element of GF(2^128), as the subkeys of SP 800-38B section 6.1 are made. */
function doubled(block: Uint8Array): Uint8Array {
  const result = new Uint8Array(blockLength)
  let carry = (block[0] ?? 0) >> 7 === 1 ? 0x87 : 0
  for (let index = blockLength - 1; index >= 0; index--) {
    const octet = block[index] ?? 0
    result[index] = ((octet << 1) & 0xff) ^ carry
    carry = octet >> 7
  }
  return result
}

function addInto(target: Uint8Array, offset: number, block: Uint8Array): void {
  for (let index = 0; index < blockLength; index++) {
    target[offset + index] = (target[offset + index] ?? 0) ^ (block[index] ?? 0)
  }
}

function requireBlocks(octets: Uint8Array): void {
  if (octets.length % blockLength === 0) return
  throw new CryptoError(
    'CIPHER_PARAMETER',
    `the input has ${octets.length} octets, but must be whole blocks of 16`,
  )
}

function requireIv(iv: Uint8Array): void {
  if (iv.length === blockLength) return
  throw new CryptoError('CIPHER_PARAMETER', `the IV has ${iv.length} octets, not 16`)
}
