import { seededRandom, systemRandom, type Random } from '@keyline/bytes'
import {
  deterministicNonces,
  drawPrivateKey,
  randomNonces,
  type Curve,
  type NonceSource,
} from '@keyline/crypto'

/** What a chip draws: one source for octets, one for private keys, so that a recorded run can be replayed. */
export interface Randomness {
  bytes(length: number): Uint8Array
  privateKey(curve: Curve): Uint8Array
  /** Secret numbers of an ECDSA signature over a digest of this length. */
  nonces(digestLength: number): NonceSource
  /** How often a seeded source was asked; part of a snapshot. */
  position: number
}

/** The generator of the operating system. */
export function trueRandomness(random: Random = systemRandom): Randomness {
  return {
    bytes: (length) => random.bytes(length),
    privateKey: (curve) => drawPrivateKey(curve, random),
    nonces: () => randomNonces(random),
    position: 0,
  }
}

/** For tests: the same seed gives the same chip. Signatures take their nonces from RFC 6979. */
export function seededRandomness(seed: string): Randomness {
  return {
    bytes(length) {
      this.position++
      return seededRandom(`${seed} ${this.position}`).bytes(length)
    },
    privateKey(curve) {
      this.position++
      return drawPrivateKey(curve, seededRandom(`${seed} ${this.position}`))
    },
    nonces: nonceRule,
    position: 0,
  }
}

/** The hash of RFC 6979 follows the length of the digest. */
export function nonceRule(digestLength: number): NonceSource {
  if (digestLength === 48) return deterministicNonces('SHA-384')
  return deterministicNonces(digestLength === 64 ? 'SHA-512' : 'SHA-256')
}
