import { concat, Secret } from '@keyline/bytes'
import { CryptoError } from './errors.ts'
import { pbkdf2Sha256, pbkdf2Sha256Sync, type Pbkdf2Input } from './hash.ts'
import { p256Order, P256Multiplier } from './p256.ts'

export interface Spake2pInput {
  /** 1 … 99 999 998. */
  readonly passcode: number
  /** 16 … 32 octets. */
  readonly salt: Uint8Array
  /** 1 000 … 100 000. */
  readonly iterations: number
}

/** The verifier of matter-factory-data section 7 with its parts. Numbers are 32 octets, big endian. */
export interface Spake2pVerifier {
  readonly w0: Uint8Array
  /** w1 · G, 65 octets uncompressed. */
  readonly L: Uint8Array
  /** w0 ‖ L, 97 octets: what the device stores. */
  readonly verifier: Uint8Array
}

/** w0 and w1 of a passcode; the device never holds w1. */
export interface Spake2pScalars {
  /** Output of PBKDF2, 80 octets, before it is reduced. */
  readonly ws: Uint8Array
  readonly w0: Uint8Array
  readonly w1: Uint8Array
}

/** @throws CryptoError `SPAKE2P_PARAMETER` */
export async function spake2pScalars(input: Spake2pInput): Promise<Spake2pScalars> {
  const derivation = derivationOf(input)
  using _password = new Secret(derivation.password)
  return scalarsOf(await pbkdf2Sha256(derivation))
}

/** @throws CryptoError `SPAKE2P_PARAMETER` */
export async function spake2pVerifier(input: Spake2pInput): Promise<Spake2pVerifier> {
  return verifierOf(await spake2pScalars(input), new P256Multiplier())
}

/** The same on this thread, for a worker that makes many. @throws CryptoError `SPAKE2P_PARAMETER` */
export function spake2pVerifierSync(
  input: Spake2pInput,
  multiplier: P256Multiplier = new P256Multiplier(),
): Spake2pVerifier {
  const derivation = derivationOf(input)
  using _password = new Secret(derivation.password)
  return verifierOf(scalarsOf(pbkdf2Sha256Sync(derivation)), multiplier)
}

/** @throws CryptoError `SPAKE2P_PARAMETER` */
function derivationOf(input: Spake2pInput): Pbkdf2Input {
  requireParameters(input)
  const password = new Uint8Array(4)
  new DataView(password.buffer).setUint32(0, input.passcode, true)
  const { salt, iterations } = input
  return { password, salt, iterations, length: 80 }
}

function scalarsOf(ws: Uint8Array): Spake2pScalars {
  return { ws, w0: reduce(ws.subarray(0, 40)), w1: reduce(ws.subarray(40)) }
}

function verifierOf(scalars: Spake2pScalars, multiplier: P256Multiplier): Spake2pVerifier {
  using _ws = new Secret(scalars.ws)
  using w1 = new Secret(scalars.w1)
  const L = multiplier.pointOf(w1.reveal())
  return { w0: scalars.w0, L, verifier: concat(scalars.w0, L) }
}

/** 40 octets modulo n; the 8 extra octets make the bias negligible. Not through a text, which stays in memory. */
function reduce(octets: Uint8Array): Uint8Array<ArrayBuffer> {
  const input = new DataView(octets.buffer, octets.byteOffset, octets.length)
  let value = 0n
  for (let offset = 0; offset < 40; offset += 8) {
    value = (value << 64n) | input.getBigUint64(offset)
  }
  value %= p256Order
  if (value === 0n) {
    throw new CryptoError('SPAKE2P_PARAMETER', 'a derived scalar is 0; draw another salt')
  }
  const scalar = new Uint8Array(32)
  const output = new DataView(scalar.buffer)
  for (let offset = 24; offset >= 0; offset -= 8) {
    output.setBigUint64(offset, value)
    value >>= 64n
  }
  return scalar
}

/** The passcode itself stands in no message. */
function requireParameters({ passcode, salt, iterations }: Spake2pInput): void {
  if (!isWithin(passcode, 1, 99_999_998)) {
    throw new CryptoError('SPAKE2P_PARAMETER', 'the passcode is outside 1 to 99999998')
  }
  if (!isWithin(salt.length, 16, 32)) {
    const message = `the salt length is ${salt.length}, outside 16 to 32 octets`
    throw new CryptoError('SPAKE2P_PARAMETER', message)
  }
  if (!isWithin(iterations, 1000, 100_000)) {
    const message = `the iteration count is ${iterations}, outside 1000 to 100000`
    throw new CryptoError('SPAKE2P_PARAMETER', message)
  }
}

function isWithin(value: number, least: number, most: number): boolean {
  return Number.isInteger(value) && value >= least && value <= most
}
