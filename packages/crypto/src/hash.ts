import { createHash, createHmac, hash, hkdfSync, pbkdf2, pbkdf2Sync } from 'node:crypto'
import { BytesError, concat } from '@keyline/bytes'
import { ownOctets } from './own-octets.ts'

/** Hash functions under the names of FIPS 180-4 and FIPS 202, with what `node:crypto` calls them. */
const hashNames = {
  'SHA-256': 'sha256',
  'SHA-384': 'sha384',
  'SHA-512': 'sha512',
  'SHA3-256': 'sha3-256',
  'SHA3-384': 'sha3-384',
  'SHA3-512': 'sha3-512',
} as const

export type HashAlgorithm = keyof typeof hashNames

/** As `node:crypto` calls the hash function. */
export function hashName(algorithm: HashAlgorithm): (typeof hashNames)[HashAlgorithm] {
  return hashNames[algorithm]
}

/** The digest of the parts one behind the other. */
export function hashOf(
  algorithm: HashAlgorithm,
  ...parts: readonly Uint8Array[]
): Uint8Array<ArrayBuffer> {
  return digest(hashNames[algorithm], parts)
}

/** A digest over pieces that come one by one. */
export interface HashStream {
  update(piece: Uint8Array): void
  /** Ends it. */
  digest(): Uint8Array<ArrayBuffer>
}

export function hashStream(algorithm: HashAlgorithm): HashStream {
  const state = createHash(hashNames[algorithm])
  return {
    update: (piece) => void state.update(piece),
    digest: () => ownOctets(state.digest()),
  }
}

/** SHA-256 of the parts one behind the other, 32 octets. */
export function sha256(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  return digest('sha256', parts)
}

/** SHA-1 of the parts, 20 octets: for key identifiers of X.509 alone, never as a safeguard. */
export function sha1(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  return digest('sha1', parts)
}

function digest(algorithm: string, parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const [only] = parts
  if (only !== undefined && parts.length === 1) return ownOctets(hash(algorithm, only, 'buffer'))
  const state = createHash(algorithm)
  for (const part of parts) state.update(part)
  return ownOctets(state.digest())
}

/** HMAC over a hash function, as long as its digest. */
export function hmacOf(
  algorithm: HashAlgorithm,
  key: Uint8Array,
  message: Uint8Array,
): Uint8Array<ArrayBuffer> {
  return ownOctets(createHmac(hashNames[algorithm], key).update(message).digest())
}

/** HMAC-SHA-256, 32 octets. */
export function hmacSha256(key: Uint8Array, message: Uint8Array): Uint8Array<ArrayBuffer> {
  return hmacOf('SHA-256', key, message)
}

export interface HkdfInput {
  readonly secret: Uint8Array
  readonly salt: Uint8Array
  readonly info: Uint8Array
  /** Octets of output, at most 8 160. */
  readonly length: number
}

/** HKDF-SHA-256 (RFC 5869). @throws BytesError `BYTES_RANGE` */
export function hkdfSha256(input: HkdfInput): Uint8Array<ArrayBuffer> {
  const { secret, salt, info, length } = input
  requireWhole('the output length of HKDF', length, 0, 255 * 32)
  return new Uint8Array(hkdfSync('sha256', secret, salt, info, length))
}

/**
 * The second half of HKDF-SHA-256 alone (RFC 5869 section 2.3), from a pseudorandom key; the first half is
 * `hmacSha256(salt, secret)`.
 * @throws BytesError `BYTES_RANGE`
 */
export function hkdfExpandSha256(input: {
  readonly pseudorandomKey: Uint8Array
  readonly info: Uint8Array
  /** Octets of output, at most 8 160. */
  readonly length: number
}): Uint8Array<ArrayBuffer> {
  const { pseudorandomKey, info, length } = input
  requireWhole('the output length of HKDF', length, 0, 255 * 32)
  const blocks = new Uint8Array(Math.ceil(length / 32) * 32)
  let last: Uint8Array = new Uint8Array()
  for (let offset = 0; offset < length; offset += 32) {
    const counter = Uint8Array.of(offset / 32 + 1)
    last = hmacSha256(pseudorandomKey, concat(last, info, counter))
    blocks.set(last, offset)
  }
  return blocks.slice(0, length)
}

export interface Pbkdf2Input {
  readonly password: Uint8Array
  readonly salt: Uint8Array
  readonly iterations: number
  /** Octets of the derived key. */
  readonly length: number
}

/**
 * PBKDF2-HMAC-SHA-256 (RFC 8018) on the thread pool, so that other slots go on meanwhile.
 * @throws BytesError `BYTES_RANGE` for a count or length outside 1 to 2^31 − 1
 */
export async function pbkdf2Sha256(input: Pbkdf2Input): Promise<Uint8Array<ArrayBuffer>> {
  const { password, salt, iterations, length } = input
  requireWhole('the iteration count of PBKDF2', iterations, 1, 2 ** 31 - 1)
  requireWhole('the key length of PBKDF2', length, 1, 2 ** 31 - 1)
  return new Promise((resolve, reject) => {
    pbkdf2(password, salt, iterations, length, 'sha256', (error, key) => {
      if (error === null) resolve(ownOctets(key))
      else reject(error)
    })
  })
}

/**
 * PBKDF2-HMAC-SHA-256 on this thread: for a worker that has nothing else to do.
 * @throws BytesError `BYTES_RANGE` as {@link pbkdf2Sha256}
 */
export function pbkdf2Sha256Sync(input: Pbkdf2Input): Uint8Array<ArrayBuffer> {
  const { password, salt, iterations, length } = input
  requireWhole('the iteration count of PBKDF2', iterations, 1, 2 ** 31 - 1)
  requireWhole('the key length of PBKDF2', length, 1, 2 ** 31 - 1)
  return ownOctets(pbkdf2Sync(password, salt, iterations, length, 'sha256'))
}

function requireWhole(what: string, value: number, least: number, most: number): void {
  if (Number.isInteger(value) && value >= least && value <= most) return
  throw new BytesError('BYTES_RANGE', `${what} is ${value}, but must be ${least} to ${most}`)
}
