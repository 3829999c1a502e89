import type { HashAlgorithm } from '@keyline/crypto'

/** Algorithm identifiers, 32 bit (section 2.4). A family takes the low octet of a hash: {@link withHash}. */
export const Algorithm = {
  none: 0,
  sha256: 0x0200_0009,
  sha384: 0x0200_000a,
  sha512: 0x0200_000b,
  anyHash: 0x0200_00ff,
  hmac: 0x0380_0000,
  hmacSha256: 0x0380_0009,
  ecb: 0x0440_4400,
  cbc: 0x0440_4000,
  ccm: 0x0550_0100,
  gcm: 0x0550_0200,
  rsaPkcs1Sign: 0x0600_0200,
  rsaPss: 0x0600_0300,
  ecdsa: 0x0600_0600,
  ecdsaSha256: 0x0600_0609,
  ecdsaSha384: 0x0600_060a,
  ecdsaSha512: 0x0600_060b,
  deterministicEcdsa: 0x0600_0700,
  rsaOaep: 0x0700_0300,
  ecdh: 0x0902_0000,
} as const

/** An algorithm that names a hash is the base of its family plus the low octet of the hash. */
export function withHash(family: number, hash: number): number {
  return family | (hash & hashMask)
}

const hashMask = 0xff
const anyHashOctet = 0xff

interface HashEntry {
  /** Octets of a digest. */
  readonly length: number
  /** Absent: known by name and not built in. */
  readonly name?: HashAlgorithm
}

/** Hashes of the PSA specification by the low octet of their identifier. */
const hashes: ReadonlyMap<number, HashEntry> = new Map<number, HashEntry>([
  [0x03, { length: 16 }],
  [0x04, { length: 20 }],
  [0x05, { length: 20 }],
  [0x08, { length: 28 }],
  [0x09, { length: 32, name: 'SHA-256' }],
  [0x0a, { length: 48, name: 'SHA-384' }],
  [0x0b, { length: 64, name: 'SHA-512' }],
  [0x0c, { length: 28 }],
  [0x0d, { length: 32 }],
  [0x10, { length: 28 }],
  [0x11, { length: 32 }],
  [0x12, { length: 48 }],
  [0x13, { length: 64 }],
])

/** A concrete hash function: category 0x02 and no wildcard. Its length is 0 when nobody knows it. */
export function hashFunction(algorithm: number): HashEntry | undefined {
  if (algorithm >>> 8 !== 0x02_0000 || (algorithm & hashMask) === anyHashOctet) return undefined
  return hashes.get(algorithm & hashMask) ?? { length: 0 }
}

export type SignatureFamily = 'ecdsa' | 'deterministic-ecdsa' | 'rsa-pkcs1' | 'rsa-pss'

const signatureFamilies: ReadonlyMap<number, SignatureFamily> = new Map([
  [Algorithm.ecdsa, 'ecdsa'],
  [Algorithm.deterministicEcdsa, 'deterministic-ecdsa'],
  [Algorithm.rsaPkcs1Sign, 'rsa-pkcs1'],
  [Algorithm.rsaPss, 'rsa-pss'],
])

/** What the low octet of a signature algorithm says of its hash. */
export type SignatureHash =
  | { readonly kind: 'named'; readonly name: HashAlgorithm; readonly length: number }
  | { readonly kind: 'wildcard' }
  /** ECDSA alone: the caller knows what it signs. */
  | { readonly kind: 'unnamed' }
  /** A hash that this build lacks. */
  | { readonly kind: 'missing' }

export interface SignatureAlgorithm {
  readonly family: SignatureFamily
  readonly hash: SignatureHash
}

/** An algorithm that signs hashes, or nothing. */
export function signatureAlgorithm(algorithm: number): SignatureAlgorithm | undefined {
  const family = signatureFamilies.get(algorithm - (algorithm & hashMask))
  const hash = signatureHash(algorithm & hashMask)
  if (family === undefined || (hash.kind === 'unnamed' && family !== 'ecdsa')) return undefined
  return { family, hash }
}

function signatureHash(octet: number): SignatureHash {
  if (octet === 0) return { kind: 'unnamed' }
  if (octet === anyHashOctet) return { kind: 'wildcard' }
  const { name, length = 0 } = hashes.get(octet) ?? {}
  return name === undefined ? { kind: 'missing' } : { kind: 'named', name, length }
}

/** Hash of a full-length HMAC; nothing for another algorithm or a hash that this build lacks. */
export function hmacHash(algorithm: number): HashAlgorithm | undefined {
  const isHmac = algorithm - (algorithm & hashMask) === Algorithm.hmac
  return isHmac ? hashes.get(algorithm & hashMask)?.name : undefined
}

/** OAEP with any hash octet. */
export function isOaep(algorithm: number): boolean {
  return algorithm - (algorithm & hashMask) === Algorithm.rsaOaep
}

/** Hash of an OAEP algorithm; nothing when the build lacks it. */
export function oaepHash(algorithm: number): HashAlgorithm | undefined {
  return isOaep(algorithm) ? hashes.get(algorithm & hashMask)?.name : undefined
}

export function isKeyAgreement(algorithm: number): boolean {
  return algorithm >>> 24 === 0x09
}

/** ECDH alone or combined with a derivation. */
export function isEcdh(algorithm: number): boolean {
  return isKeyAgreement(algorithm) && (algorithm & 0xffff_0000) === Algorithm.ecdh
}

/** What a key may do with the shared secret is left to it: no derivation is named. */
export function isRawKeyAgreement(algorithm: number): boolean {
  return isKeyAgreement(algorithm) && (algorithm & 0xffff) === 0
}

/**
 * The policy rule: the same algorithm; or any named hash of the family where the policy says ANY_HASH; or an agreement
 * that feeds its secret into a derivation where the policy permits the bare agreement.
 */
export function permits(policy: number, algorithm: number): boolean {
  if (policy === algorithm) return algorithm !== Algorithm.none
  const allowed = signatureAlgorithm(policy)
  if (allowed?.hash.kind === 'wildcard') {
    const asked = signatureAlgorithm(algorithm)
    return asked?.family === allowed.family && asked.hash.kind === 'named'
  }
  return isEcdh(policy) && isRawKeyAgreement(policy) && isEcdh(algorithm)
}
