import { CryptoError, curvePublicKey, publicKeyLength, type CurvePublicKey } from '@keyline/crypto'
import { concat } from '@keyline/bytes'
import { cborExcerpt } from '../cbor/diagnostic.ts'
import { encodeCbor } from '../cbor/encode.ts'
import { cborMap, isCborMap, type CborValue } from '../cbor/value.ts'
import { EatError } from '../errors.ts'

/** Labels and values of a COSE_Key of an elliptic curve (RFC 9053 section 7.1). */
const KeyLabel = { keyType: 1, curve: -1, x: -2, y: -3 } as const
const keyTypeEc2 = 2
const curves = { 'P-256': 1, 'P-384': 2, 'P-521': 3 } as const

type CoseCurve = keyof typeof curves

/** The map `{1: 2, -1: curve, -2: X, -3: Y}` in this order, as TF-M writes it and hashes it into the Instance ID. */
export function encodeCoseKey(key: CurvePublicKey): Uint8Array<ArrayBuffer> {
  const { curve, octets } = key
  if (!isCoseCurve(curve)) throw new EatError('COSE_KEY', `${curve} has no COSE_Key here`)
  const half = octets.length / 2
  return encodeCbor(
    cborMap(
      [KeyLabel.keyType, keyTypeEc2],
      [KeyLabel.curve, curves[curve]],
      [KeyLabel.x, octets.subarray(0, half)],
      [KeyLabel.y, octets.subarray(half)],
    ),
  )
}

/** @throws EatError `COSE_KEY` */
export function readCoseKey(value: CborValue): CurvePublicKey {
  if (!isCborMap(value) || value.get(KeyLabel.keyType) !== keyTypeEc2) {
    return refuse(`${cborExcerpt(value)} is no map of key type 2`)
  }
  const id = value.get(KeyLabel.curve)
  const curve = Object.keys(curves).find((name) => isCoseCurve(name) && curves[name] === id)
  if (curve === undefined || !isCoseCurve(curve)) return refuse('the curve is not 1, 2 or 3')
  const x = value.get(KeyLabel.x)
  const y = value.get(KeyLabel.y)
  const length = publicKeyLength(curve) / 2
  if (!isCoordinate(x, length) || !isCoordinate(y, length)) {
    return refuse(`x and y are not two byte strings of ${length} octets`)
  }
  try {
    return curvePublicKey(curve, concat(x, y))
  } catch (cause) {
    if (!(cause instanceof CryptoError)) throw cause
    throw new EatError('COSE_KEY', `x and y are no point on ${curve}`, { cause })
  }
}

function isCoseCurve(name: string): name is CoseCurve {
  return Object.hasOwn(curves, name)
}

function isCoordinate(value: CborValue | undefined, length: number): value is Uint8Array {
  return value instanceof Uint8Array && value.length === length
}

function refuse(message: string): never {
  throw new EatError('COSE_KEY', message)
}
