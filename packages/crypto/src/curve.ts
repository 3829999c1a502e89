/** The short Weierstrass curves: NIST (FIPS 186-5, SP 800-186) and Brainpool (RFC 5639). */
export const weierstrassCurves = {
  'P-256': {
    openssl: 'prime256v1',
    length: 32,
    oid: '06082a8648ce3d030107',
    p: 0xffffffff00000001000000000000000000000000ffffffffffffffffffffffffn,
    a: 0xffffffff00000001000000000000000000000000fffffffffffffffffffffffcn,
    n: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
  },
  'P-384': {
    openssl: 'secp384r1',
    length: 48,
    oid: '06052b81040022',
    p: 0xfffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff0000000000000000ffffffffn,
    a: 0xfffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff0000000000000000fffffffcn,
    n: 0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n,
  },
  'P-521': {
    openssl: 'secp521r1',
    length: 66,
    oid: '06052b81040023',
    p: 2n ** 521n - 1n,
    a: 2n ** 521n - 4n,
    n: 0x1fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409n,
  },
  brainpoolP256r1: {
    openssl: 'brainpoolP256r1',
    length: 32,
    oid: '06092b2403030208010107',
    p: 0xa9fb57dba1eea9bc3e660a909d838d726e3bf623d52620282013481d1f6e5377n,
    a: 0x7d5a0975fc2c3057eef67530417affe7fb8055c126dc5c6ce94a4b44f330b5d9n,
    n: 0xa9fb57dba1eea9bc3e660a909d838d718c397aa3b561a6f7901e0e82974856a7n,
  },
  brainpoolP384r1: {
    openssl: 'brainpoolP384r1',
    length: 48,
    oid: '06092b240303020801010b',
    p: 0x8cb91e82a3386d280f5d6f7e50e641df152f7109ed5456b412b1da197fb71123acd3a729901d1a71874700133107ec53n,
    a: 0x7bc382c63d8c150c3c72080ace05afa0c2bea28e4fb22787139165efba91f90f8aa5814a503ad4eb04a8c7dd22ce2826n,
    n: 0x8cb91e82a3386d280f5d6f7e50e641df152f7109ed5456b31f166e6cac0425a7cf3ab6af6b7fc3103b883202e9046565n,
  },
  brainpoolP512r1: {
    openssl: 'brainpoolP512r1',
    length: 64,
    oid: '06092b240303020801010d',
    p: 0xaadd9db8dbe9c48b3fd4e6ae33c9fc07cb308db3b3c9d20ed6639cca703308717d4d9b009bc66842aecda12ae6a380e62881ff2f2d82c68528aa6056583a48f3n,
    a: 0x7830a3318b603b89e2327145ac234cc594cbdd8d3df91610a83441caea9863bc2ded5d5aa8253aa10a2ef1c98b9ac8b57f1117a72bf2c7b9e7c1ac4d77fc94can,
    n: 0xaadd9db8dbe9c48b3fd4e6ae33c9fc07cb308db3b3c9d20ed6639cca70330870553e5c414ca92619418661197fac10471db1d381085ddaddb58796829ca90069n,
  },
} as const satisfies Readonly<Record<string, WeierstrassParameters>>

/** What is known of a short Weierstrass curve y² = x³ + ax + b over the field of p elements. */
export interface WeierstrassParameters {
  /** As `node:crypto` calls the curve. */
  readonly openssl: string
  /** Octets of a coordinate, of a private key and of each half of a signature. */
  readonly length: number
  /** Object identifier of the named curve, DER in hexadecimal digits (RFC 5480, RFC 5639). */
  readonly oid: string
  readonly p: bigint
  readonly a: bigint
  /** Order of the base point; the cofactor is 1. */
  readonly n: bigint
}

/** Curve 25519 in its two forms (RFC 7748, RFC 8032): keys of 32 octets, little endian. */
export const edwardsCurves = {
  X25519: { oid: '06032b656e', length: 32 },
  Ed25519: { oid: '06032b6570', length: 32 },
} as const

export type WeierstrassCurve = keyof typeof weierstrassCurves
export type Curve = WeierstrassCurve | keyof typeof edwardsCurves

export function isWeierstrass(curve: Curve): curve is WeierstrassCurve {
  return Object.hasOwn(weierstrassCurves, curve)
}

/** Octets of a private key and of one coordinate. */
export function coordinateLength(curve: Curve): number {
  return isWeierstrass(curve) ? weierstrassCurves[curve].length : edwardsCurves[curve].length
}

/** Octets of a raw public key: X ‖ Y, or the 32 of curve 25519. */
export function publicKeyLength(curve: Curve): number {
  return coordinateLength(curve) * (isWeierstrass(curve) ? 2 : 1)
}
