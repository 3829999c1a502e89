import { concat, Secret } from '@keyline/bytes'
import { hmacSha256, p256Order, p256PointOf, sha256 } from '@keyline/crypto'

export interface RandomSource {
  bytes(length: number): Uint8Array
}

/**
 * A P-256 key in the memory of a simulated board. Signatures are deterministic (RFC 6979), so that the same
 * seed replays the same octets. Not constant in time: for simulated devices only.
 */
export class DeviceKey {
  /** 65 octets, `04 ‖ X ‖ Y`. */
  readonly publicKey: Uint8Array
  readonly #scalar: Uint8Array

  /** @param scalar 32 octets, big endian, 1 … n − 1. @throws CryptoError `KEY_INVALID` */
  constructor(scalar: Uint8Array) {
    this.#scalar = Uint8Array.from(scalar)
    this.publicKey = p256PointOf(scalar)
  }

  /** Draws a scalar by rejection (FIPS 186-5 A.2.2). */
  static draw(random: RandomSource): DeviceKey {
    for (;;) {
      const scalar = random.bytes(32)
      const value = numberOf(scalar)
      if (value > 0n && value < p256Order) return new DeviceKey(scalar)
    }
  }

  /** A copy of the scalar, 32 octets, for the storage inside the board. */
  secret(): Secret {
    return new Secret(Uint8Array.from(this.#scalar))
  }

  /** ECDSA with SHA-256: 64 octets r ‖ s. */
  sign(message: Uint8Array): Uint8Array {
    const digest = sha256(message)
    const z = numberOf(digest)
    const d = numberOf(this.#scalar)
    const candidates = nonces(this.#scalar, digest)
    for (;;) {
      const k = candidates.next().value
      const r = numberOf(p256PointOf(octetsOf(k)).subarray(1, 33)) % p256Order
      const s = (inverse(k) * ((z + r * d) % p256Order)) % p256Order
      if (r !== 0n && s !== 0n) return concat(octetsOf(r), octetsOf(s))
    }
  }
}

/** The candidates for k of RFC 6979 section 3.2, steps b to h. */
function* nonces(scalar: Uint8Array, digest: Uint8Array): Generator<bigint, never, void> {
  const reduced = octetsOf(numberOf(digest) % p256Order)
  let v: Uint8Array = new Uint8Array(32).fill(0x01)
  let key: Uint8Array = new Uint8Array(32)
  for (const mark of [0x00, 0x01]) {
    key = hmacSha256(key, concat(v, Uint8Array.of(mark), scalar, reduced))
    v = hmacSha256(key, v)
  }
  for (;;) {
    v = hmacSha256(key, v)
    const k = numberOf(v)
    if (k > 0n && k < p256Order) yield k
    key = hmacSha256(key, concat(v, Uint8Array.of(0x00)))
    v = hmacSha256(key, v)
  }
}

/** Inverse modulo n by the extended Euclidean algorithm. */
function inverse(value: bigint): bigint {
  let [previous, current] = [p256Order, value]
  let [before, factor] = [0n, 1n]
  while (current > 1n) {
    const quotient = previous / current
    ;[previous, current] = [current, previous - quotient * current]
    ;[before, factor] = [factor, before - quotient * factor]
  }
  return factor < 0n ? factor + p256Order : factor
}

function numberOf(octets: Uint8Array): bigint {
  const { buffer, byteOffset, length } = octets
  return BigInt(`0x${Buffer.from(buffer, byteOffset, length).toString('hex')}`)
}

function octetsOf(value: bigint): Uint8Array {
  return Uint8Array.from(Buffer.from(value.toString(16).padStart(64, '0'), 'hex'))
}
