import { DerReader, X509Error } from '@keyline/x509'
import type { Random } from '@keyline/bytes'
import { bitLength, numberOf, octetsOf, powerModulo } from './modular.ts'

/** The numbers of an RSA private key that its use needs; each as long as the modulus. */
export interface RsaPrivateNumbers {
  readonly modulus: Uint8Array
  readonly exponent: Uint8Array
  /** (p − 1)(q − 1). */
  readonly phi: Uint8Array
  readonly publicExponent: bigint
  readonly bits: number
}

/** Version, n, e, d, p, q, dP, dQ, qInv. */
const memberCount = 9

export interface RsaPublicNumbers {
  readonly modulus: Uint8Array
  readonly publicExponent: bigint
  readonly bits: number
}

/** As {@link readRsaPrivateKey}, and with factors that are primes: for a key that comes from outside. */
export function checkRsaPrivateKey(der: Uint8Array): RsaPrivateNumbers | undefined {
  const numbers = readRsaPrivateKey(der)
  const [, , , , p = 0n, q = 0n] = readIntegers(der, memberCount) ?? []
  return numbers !== undefined && isLikelyPrime(p) && isLikelyPrime(q) ? numbers : undefined
}

/** DER RSAPrivateKey (RFC 8017 appendix A.1.2) of two factors; nothing unless its numbers belong together. */
export function readRsaPrivateKey(der: Uint8Array): RsaPrivateNumbers | undefined {
  const numbers = readIntegers(der, memberCount)
  if (numbers === undefined) return undefined
  const [version, n = 0n, e = 0n, d = 0n, p = 0n, q = 0n, dP = 0n, dQ = 0n, qInverse = 0n] = numbers
  if (version !== 0n || p < 3n || q < 3n || p === q || n !== p * q || e < 3n) return undefined
  const isOfPair =
    d < n &&
    (e * d) % (p - 1n) === 1n &&
    (e * d) % (q - 1n) === 1n &&
    dP === d % (p - 1n) &&
    dQ === d % (q - 1n) &&
    qInverse < p &&
    (qInverse * q) % p === 1n
  if (!isOfPair) return undefined
  const bits = bitLength(n)
  const length = Math.ceil(bits / 8)
  return {
    modulus: octetsOf(n, length),
    exponent: octetsOf(d, length),
    phi: octetsOf((p - 1n) * (q - 1n), length),
    publicExponent: e,
    bits,
  }
}

/** DER RSAPublicKey (RFC 8017 appendix A.1.1). */
export function readRsaPublicKey(der: Uint8Array): RsaPublicNumbers | undefined {
  const [n = 0n, e = 0n] = readIntegers(der, 2) ?? []
  if (n % 2n === 0n || e < 3n || e % 2n === 0n || e >= n) return undefined
  const bits = bitLength(n)
  return { modulus: octetsOf(n, Math.ceil(bits / 8)), publicExponent: e, bits }
}

/**
 * operand^exponent mod modulus, as long as the modulus; the exponent is masked with a random multiple of phi. Nothing
 * for an operand of another length or not below the modulus.
 */
export function rsaPrivatePower(
  key: Pick<RsaPrivateNumbers, 'modulus' | 'exponent' | 'phi'>,
  operand: Uint8Array,
  random: Random,
): Uint8Array<ArrayBuffer> | undefined {
  const modulus = numberOf(key.modulus)
  const base = numberOf(operand)
  if (operand.length !== key.modulus.length || base >= modulus) return undefined
  const exponent = numberOf(key.exponent) + numberOf(random.bytes(4)) * numberOf(key.phi)
  return octetsOf(powerModulo(base, exponent, modulus), key.modulus.length)
}

/** operand^e mod modulus, with the same refusals. */
export function rsaPublicPower(
  key: RsaPublicNumbers,
  operand: Uint8Array,
): Uint8Array<ArrayBuffer> | undefined {
  const modulus = numberOf(key.modulus)
  const base = numberOf(operand)
  if (operand.length !== key.modulus.length || base >= modulus) return undefined
  return octetsOf(powerModulo(base, key.publicExponent, modulus), key.modulus.length)
}

/** Fermat's test to the base 2. Composites pass it rarely, and the owner of a key has nothing to gain from one. */
function isLikelyPrime(value: bigint): boolean {
  return powerModulo(2n, value - 1n, value) === 1n
}

/** A sequence of exactly so many integers that are not negative, and nothing behind it. */
function readIntegers(der: Uint8Array, count: number): readonly bigint[] | undefined {
  try {
    const outer = new DerReader(der)
    const members = outer.sequence('RSA key')
    outer.end('RSA key')
    const numbers: bigint[] = []
    for (let index = 0; index < count; index++) {
      const content = members.integer('number of an RSA key')
      if ((content[0] ?? 0) >= 0x80) return undefined
      numbers.push(numberOf(content))
    }
    members.end('RSA key')
    return numbers
  } catch (error) {
    if (error instanceof X509Error) return undefined
    throw error
  }
}
