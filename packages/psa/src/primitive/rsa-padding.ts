import { concat, equalSecret, fromHex, type Random } from '@keyline/bytes'
import { hashOf, type HashAlgorithm } from '@keyline/crypto'

/** DigestInfo before the digest (RFC 8017 section 9.2, note 1), and the length of the digest. */
const digestInfos: Partial<
  Record<HashAlgorithm, { readonly prefix: string; readonly length: number }>
> = {
  'SHA-256': { prefix: '3031300d060960864801650304020105000420', length: 32 },
  'SHA-384': { prefix: '3041300d060960864801650304020205000430', length: 48 },
  'SHA-512': { prefix: '3051300d060960864801650304020305000440', length: 64 },
}

/** What RSA pads: a digest or message, under a hash, for a modulus of a size. */
interface Padded {
  readonly hash: HashAlgorithm
  readonly modulusBits: number
}

/** EMSA-PKCS1-v1_5 (RFC 8017 section 9.2) of a digest; as long as the modulus. */
export function padPkcs1(
  digest: Uint8Array,
  { hash, modulusBits }: Padded,
): Uint8Array<ArrayBuffer> {
  const info = concat(fromHex(digestInfos[hash]?.prefix ?? ''), digest)
  const length = Math.ceil(modulusBits / 8)
  const filler = new Uint8Array(length - info.length - 3).fill(0xff)
  return concat(Uint8Array.of(0, 1), filler, Uint8Array.of(0), info)
}

/** EMSA-PSS (section 9.1) with MGF1 of the same hash and a salt as long as the digest; as long as the modulus. */
export function padPss(
  digest: Uint8Array,
  { hash, modulusBits, random }: Padded & { readonly random: Random },
): Uint8Array<ArrayBuffer> {
  const salt = random.bytes(digest.length)
  const length = Math.ceil((modulusBits - 1) / 8)
  const seed = hashOf(hash, new Uint8Array(8), digest, salt)
  const block = concat(new Uint8Array(length - 2 * digest.length - 2), Uint8Array.of(1), salt)
  const masked = combined(block, maskOf(hash, seed, block.length))
  masked[0] = (masked[0] ?? 0) & topMask(modulusBits)
  const encoded = concat(masked, seed, Uint8Array.of(0xbc))
  return concat(new Uint8Array(Math.ceil(modulusBits / 8) - length), encoded)
}

/** Section 9.1.2, from a number as long as the modulus. */
export function isPssOf(
  digest: Uint8Array,
  { hash, modulusBits, padded }: Padded & { readonly padded: Uint8Array },
): boolean {
  const length = Math.ceil((modulusBits - 1) / 8)
  const excess = padded.length - length
  const encoded = padded.subarray(excess)
  const blockLength = length - digest.length - 1
  const masked = encoded.subarray(0, blockLength)
  const seed = encoded.subarray(blockLength, -1)
  const [first = 0] = masked
  if (padded.subarray(0, excess).some((octet) => octet !== 0)) return false
  if (encoded.at(-1) !== 0xbc || (first & ~topMask(modulusBits)) !== 0) return false
  const block = combined(masked, maskOf(hash, seed, blockLength))
  block[0] = (block[0] ?? 0) & topMask(modulusBits)
  const saltStart = blockLength - digest.length
  if (block[saltStart - 1] !== 1 || block.subarray(0, saltStart - 1).some((octet) => octet !== 0)) {
    return false
  }
  return equalSecret(seed, hashOf(hash, new Uint8Array(8), digest, block.subarray(saltStart)))
}

/**
 * EME-OAEP (section 7.1.2) with MGF1 of the same hash. Nothing when anything is wrong with it: all of it is looked at
 * before the answer, so that neither the answer nor its time tell what it was.
 */
export function openOaep(
  padded: Uint8Array,
  { hash, label }: { readonly hash: HashAlgorithm; readonly label: Uint8Array },
): Uint8Array<ArrayBuffer> | undefined {
  const labelHash = hashOf(hash, label)
  const { length } = labelHash
  const maskedSeed = padded.subarray(1, 1 + length)
  const maskedBlock = padded.subarray(1 + length)
  const seed = combined(maskedSeed, maskOf(hash, maskedBlock, length))
  const block = combined(maskedBlock, maskOf(hash, seed, maskedBlock.length))
  let wrong = padded[0] ?? 0
  for (let index = 0; index < length; index++) {
    wrong |= (block[index] ?? 0) ^ (labelHash[index] ?? 0)
  }
  let start = 0
  for (let index = length; index < block.length; index++) {
    const octet = block[index] ?? 0
    const isBeforeMark = start === 0
    const isMark = isBeforeMark && octet === 1
    start = isMark ? index + 1 : start
    wrong |= isBeforeMark && !isMark ? octet : 0
  }
  return wrong === 0 && start !== 0 ? block.slice(start) : undefined
}

/** MGF1 (appendix B.2.1). */
function maskOf(hash: HashAlgorithm, seed: Uint8Array, length: number): Uint8Array {
  const counter = new Uint8Array(4)
  const view = new DataView(counter.buffer)
  const pieces: Uint8Array[] = []
  for (let done = 0, index = 0; done < length; index++) {
    view.setUint32(0, index)
    const piece = hashOf(hash, seed, counter)
    pieces.push(piece)
    done += piece.length
  }
  return concat(...pieces).subarray(0, length)
}

function combined(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(a, (octet, index) => octet ^ (b[index] ?? 0))
}

/** The bits of the first octet that a number of modulusBits − 1 bits may have set. */
function topMask(modulusBits: number): number {
  return 0xff >> ((8 - ((modulusBits - 1) % 8)) % 8)
}
