import { concat } from '@keyline/bytes'
import { CryptoError } from './errors.ts'
import { pbkdf2Sha256 } from './hash.ts'
import { p256Order, p256PointOf } from './p256.ts'

export interface Spake2pInput {
  /** 1 … 99 999 998. */
  readonly passcode: number
  /** 16 … 32 octets. */
  readonly salt: Uint8Array
  /** 1 000 … 100 000. */
  readonly iterations: number
}

/** The verifier of matter-factory-data section 7 with its intermediate values. Numbers are 32 octets, big endian. */
export interface Spake2pVerifier {
  readonly w0: Uint8Array
  /** w1 · G, 65 octets uncompressed. */
  readonly L: Uint8Array
  /** w0 ‖ L, 97 octets: what the device stores. */
  readonly verifier: Uint8Array
}

/** w0 and w1 of a passcode; the device never holds w1. */
export interface Spake2pScalars {
  readonly ws: Uint8Array
  readonly w0: Uint8Array
  readonly w1: Uint8Array
}

/** @throws CryptoError `SPAKE2P_PARAMETER` */
export async function spake2pScalars(input: Spake2pInput): Promise<Spake2pScalars> {
  requireRange('passcode', input.passcode, 1, 99_999_998)
  requireRange('salt length', input.salt.length, 16, 32)
  requireRange('iterations', input.iterations, 1000, 100_000)
  const password = new Uint8Array(4)
  new DataView(password.buffer).setUint32(0, input.passcode, true)
  const { salt, iterations } = input
  const ws = await pbkdf2Sha256({ password, salt, iterations, length: 80 })
  return { ws, w0: reduce(ws.subarray(0, 40)), w1: reduce(ws.subarray(40)) }
}

/** @throws CryptoError `SPAKE2P_PARAMETER` */
export async function spake2pVerifier(input: Spake2pInput): Promise<Spake2pVerifier> {
  const { ws, w0, w1 } = await spake2pScalars(input)
  const L = p256PointOf(w1)
  ws.fill(0)
  w1.fill(0)
  return { w0, L, verifier: concat(w0, L) }
}

/** 40 octets modulo n; the 8 extra octets make the bias negligible. */
function reduce(octets: Uint8Array): Uint8Array<ArrayBuffer> {
  const value = BigInt(`0x${Buffer.from(octets).toString('hex')}`) % p256Order
  if (value === 0n) {
    throw new CryptoError('SPAKE2P_PARAMETER', 'a derived scalar is 0; draw another salt')
  }
  return Uint8Array.from(Buffer.from(value.toString(16).padStart(64, '0'), 'hex'))
}

function requireRange(field: string, value: number, least: number, most: number): void {
  if (Number.isInteger(value) && value >= least && value <= most) return
  throw new CryptoError(
    'SPAKE2P_PARAMETER',
    `${field} is ${field === 'passcode' ? 'outside' : `${value}, outside`} ${least} to ${most}`,
  )
}
