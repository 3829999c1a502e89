import { concat, Secret, type Random } from '@keyline/bytes'
import { decryptGcm, encryptGcm } from '@keyline/crypto'

/** A wrapped private key in memory order (sections 4.4, 5.4). */
export interface WrappedBlob {
  /** 16 octets: IVR0 … IVR3, little endian; the first word is 2. */
  readonly iv: Uint8Array
  /** 16 octets: the words of the tag, little endian each. */
  readonly tag: Uint8Array
  /** One number, or the exponent and phi of RSA: the octets of each part of the ciphertext turned round. */
  readonly parts: readonly Uint8Array[]
}

export const blobIvLength = 16
export const blobTagLength = 16

/** The counter that the first IV word holds. */
const firstIvWord = Uint8Array.of(2, 0, 0, 0)

export function hasCounterOfTwo(iv: Uint8Array): boolean {
  return firstIvWord.every((octet, index) => iv[index] === octet)
}

/** A fresh IV: the counter, then twelve random octets. */
export function drawIv(random: Random): Uint8Array {
  return concat(firstIvWord, random.bytes(blobIvLength - firstIvWord.length))
}

interface BlobContext {
  /** 32 octets. */
  readonly key: Uint8Array
  readonly additionalData: Uint8Array
}

/** Wraps numbers, each big endian at its full length, under one IV and one tag. */
export function wrapNumbers(
  { key, additionalData }: BlobContext,
  { iv, numbers }: { readonly iv: Uint8Array; readonly numbers: readonly Uint8Array[] },
): WrappedBlob {
  using plaintext = new Secret(concat(...numbers.map(toWords)))
  const encrypted = encryptGcm({
    key,
    nonce: nonceOf(iv),
    associatedData: additionalData,
    plaintext: plaintext.reveal(),
  })
  const ciphertext = encrypted.subarray(blobTagLength)
  return {
    iv,
    tag: turnedWords(encrypted.subarray(0, blobTagLength)),
    parts: split(ciphertext, numbers).map((part) => part.toReversed()),
  }
}

/** The numbers of a blob, when its tag holds; they are the caller's to wipe. */
export function unwrapNumbers(
  { key, additionalData }: BlobContext,
  { iv, tag, parts }: WrappedBlob,
): readonly Secret[] | undefined {
  const plaintext = decryptGcm({
    key,
    nonce: nonceOf(iv),
    associatedData: additionalData,
    encrypted: concat(turnedWords(tag), ...parts.map((part) => part.toReversed())),
  })
  if (plaintext === undefined) return undefined
  using all = new Secret(plaintext)
  return split(all.reveal(), parts).map((part) => new Secret(fromWords(part)))
}

/** `BE32(IVR3) ‖ BE32(IVR2) ‖ BE32(IVR1)`: the last twelve octets in memory, turned round. */
function nonceOf(iv: Uint8Array): Uint8Array {
  return iv.subarray(4).toReversed()
}

function turnedWords(octets: Uint8Array): Uint8Array {
  const turned = Uint8Array.from(octets)
  for (let offset = 0; offset < turned.length; offset += 4) {
    turned.subarray(offset, offset + 4).reverse()
  }
  return turned
}

/** A number as the PKA is fed with it: 32-bit words, the least significant first, each big endian. */
function toWords(octets: Uint8Array): Uint8Array {
  const words = new Uint8Array(octets.length)
  for (let end = octets.length, offset = 0; end > 0; end -= 4) {
    const word = octets.subarray(Math.max(0, end - 4), end)
    words.set(word, offset)
    offset += word.length
  }
  return words
}

function fromWords(words: Uint8Array): Uint8Array {
  const octets = new Uint8Array(words.length)
  for (let start = 0; start < words.length; start += 4) {
    const word = words.subarray(start, start + 4)
    octets.set(word, words.length - start - word.length)
  }
  return octets
}

/** Views of the octets, as long as the given parts and in their order. */
function split(octets: Uint8Array, like: readonly Uint8Array[]): readonly Uint8Array[] {
  let offset = 0
  return like.map(({ length }) => octets.subarray(offset, (offset += length)))
}
