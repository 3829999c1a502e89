import { createHash, createHmac, hkdfSync, pbkdf2, type Hash } from 'node:crypto'

/** SHA-256, 32 octets. */
export function sha256(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  return digest(createHash('sha256'), parts)
}

/** SHA-1, 20 octets: for key identifiers of X.509 alone, never as a safeguard. */
export function sha1(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  return digest(createHash('sha1'), parts)
}

function digest(hash: Hash, parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  for (const part of parts) hash.update(part)
  return Uint8Array.from(hash.digest())
}

/** HMAC-SHA-256, 32 octets. */
export function hmacSha256(key: Uint8Array, message: Uint8Array): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(createHmac('sha256', key).update(message).digest())
}

export interface HkdfInput {
  readonly secret: Uint8Array
  readonly salt: Uint8Array
  readonly info: Uint8Array
  /** Octets of output, at most 8 160. */
  readonly length: number
}

/** HKDF-SHA-256 (RFC 5869). */
export function hkdfSha256(input: HkdfInput): Uint8Array<ArrayBuffer> {
  return new Uint8Array(hkdfSync('sha256', input.secret, input.salt, input.info, input.length))
}

export interface Pbkdf2Input {
  readonly password: Uint8Array
  readonly salt: Uint8Array
  readonly iterations: number
  readonly length: number
}

/** PBKDF2-HMAC-SHA-256 (RFC 8018) on the thread pool, so that other slots go on meanwhile. */
export function pbkdf2Sha256(input: Pbkdf2Input): Promise<Uint8Array<ArrayBuffer>> {
  return new Promise((resolve, reject) => {
    const { password, salt, iterations, length } = input
    pbkdf2(password, salt, iterations, length, 'sha256', (error, key) => {
      if (error === null) resolve(Uint8Array.from(key))
      else reject(error)
    })
  })
}
