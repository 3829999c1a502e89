import type { WeierstrassCurve } from '@keyline/crypto'

/** Key types, 16 bit (section 2.3): a pair is 0x7100, a public key 0x4100, plus the family of its curve. */
export const KeyType = {
  none: 0x0000,
  rawData: 0x1001,
  hmac: 0x1100,
  derive: 0x1200,
  aes: 0x2400,
  rsaPublic: 0x4001,
  rsaPair: 0x7001,
  eccPublicSecpR1: 0x4112,
  eccPairSecpR1: 0x7112,
  eccPairSecpK1: 0x7117,
  eccPairBrainpool: 0x7130,
  eccPairMontgomery: 0x7141,
  eccPairTwistedEdwards: 0x7142,
} as const

/** Families of elliptic curves, the low octet of the type. */
export const CurveFamily = {
  secpR1: 0x12,
  secpK1: 0x17,
  brainpool: 0x30,
  montgomery: 0x41,
  twistedEdwards: 0x42,
} as const

const categoryMask = 0x7000
const pairCategory = 0x7000
const publicCategory = 0x4000

export function isKeyPair(type: number): boolean {
  return (type & categoryMask) === pairCategory
}

export function isPublicKeyType(type: number): boolean {
  return (type & categoryMask) === publicCategory
}

/** A pair or a public key. */
export function isAsymmetric(type: number): boolean {
  return isKeyPair(type) || isPublicKeyType(type)
}

export function isEccPair(type: number): boolean {
  return (type & 0xff00) === 0x7100
}

export function isEccPublic(type: number): boolean {
  return (type & 0xff00) === 0x4100
}

export function isRsa(type: number): boolean {
  return type === KeyType.rsaPair || type === KeyType.rsaPublic
}

interface CurveEntry {
  readonly family: number
  readonly bits: number
  /** Absent: known by name and not built in. */
  readonly curve?: WeierstrassCurve | 'X25519'
}

/** Every curve of the PSA specification. */
const curves: readonly CurveEntry[] = [
  { family: CurveFamily.secpR1, bits: 192 },
  { family: CurveFamily.secpR1, bits: 224 },
  { family: CurveFamily.secpR1, bits: 256, curve: 'P-256' },
  { family: CurveFamily.secpR1, bits: 384, curve: 'P-384' },
  { family: CurveFamily.secpR1, bits: 521, curve: 'P-521' },
  { family: CurveFamily.secpK1, bits: 192 },
  { family: CurveFamily.secpK1, bits: 224 },
  { family: CurveFamily.secpK1, bits: 256 },
  { family: CurveFamily.brainpool, bits: 192 },
  { family: CurveFamily.brainpool, bits: 224 },
  { family: CurveFamily.brainpool, bits: 256, curve: 'brainpoolP256r1' },
  { family: CurveFamily.brainpool, bits: 320 },
  { family: CurveFamily.brainpool, bits: 384, curve: 'brainpoolP384r1' },
  { family: CurveFamily.brainpool, bits: 512, curve: 'brainpoolP512r1' },
  { family: CurveFamily.montgomery, bits: 255, curve: 'X25519' },
  { family: CurveFamily.montgomery, bits: 448 },
  { family: CurveFamily.twistedEdwards, bits: 255 },
  { family: CurveFamily.twistedEdwards, bits: 448 },
]

/** The curve of an elliptic key by family and bits: `unknown` is no curve at all. */
export function curveOf(type: number, bits: number): CurveEntry | 'unknown' {
  return curves.find((entry) => entry.family === (type & 0xff) && entry.bits === bits) ?? 'unknown'
}

/** The curve whose private keys, or points `04 ‖ X ‖ Y` for a public type, have this length. */
export function curveOfLength(type: number, length: number): CurveEntry | 'unknown' {
  const lengthOf = isEccPublic(type) ? publicLength : privateLength
  return (
    curves.find((entry) => entry.family === (type & 0xff) && lengthOf(entry) === length) ??
    'unknown'
  )
}

function privateLength({ bits }: CurveEntry): number {
  return Math.ceil(bits / 8)
}

function publicLength(entry: CurveEntry): number {
  const isOneCoordinate =
    entry.family === CurveFamily.montgomery || entry.family === CurveFamily.twistedEdwards
  return isOneCoordinate ? privateLength(entry) : 1 + 2 * privateLength(entry)
}
