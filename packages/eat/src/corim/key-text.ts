import { BytesError, concat, equalOctets, fromBase64, fromHex, toBase64 } from '@keyline/bytes'
import {
  CryptoError,
  curvePublicKey,
  publicKeyLength,
  weierstrassCurves,
  type CurvePublicKey,
} from '@keyline/crypto'

/** Curves of attestation keys. */
const curves = ['P-256', 'P-384', 'P-521'] as const
type KeyCurve = (typeof curves)[number]

const ecPublicKey = fromHex('06072a8648ce3d0201')
const armour = /^-----BEGIN PUBLIC KEY-----([A-Za-z0-9+/=\s]+)-----END PUBLIC KEY-----$/

/**
 * Reads a public key from PEM, or from base64 without armour, of a SubjectPublicKeyInfo on P-256, P-384 or P-521.
 * @returns nothing when it is something else
 */
export function readKeyText(text: string): CurvePublicKey | undefined {
  const digits = (armour.exec(text.trim())?.[1] ?? text).replace(/\s+/g, '')
  try {
    const der = fromBase64(digits)
    for (const curve of curves) {
      const prefix = spkiPrefix(curve)
      const isOnCurve =
        der.length === prefix.length + publicKeyLength(curve) &&
        equalOctets(der.subarray(0, prefix.length), prefix)
      if (isOnCurve) return curvePublicKey(curve, der.subarray(prefix.length))
    }
    return undefined
  } catch (error) {
    if (error instanceof BytesError || error instanceof CryptoError) return undefined
    throw error
  }
}

/** SubjectPublicKeyInfo of a key in PEM. @throws BytesError `BYTES_RANGE` for a key on another curve */
export function keyText(key: CurvePublicKey): string {
  const curve = curves.find((name) => name === key.curve)
  if (curve === undefined) throw new TypeError(`a key on ${key.curve} is no attestation key`)
  const digits = toBase64(concat(spkiPrefix(curve), key.octets)).replace(/(.{64})(?=.)/g, '$1\n')
  return `-----BEGIN PUBLIC KEY-----\n${digits}\n-----END PUBLIC KEY-----\n`
}

/** All of a SubjectPublicKeyInfo in front of X and Y (RFC 5480): lengths, two identifiers, the start of the point. */
function spkiPrefix(curve: KeyCurve): Uint8Array {
  const algorithm = sequence(concat(ecPublicKey, fromHex(weierstrassCurves[curve].oid)))
  const pointLength = 2 + publicKeyLength(curve)
  const point = concat(Uint8Array.of(0x03, ...derLength(pointLength)), Uint8Array.of(0x00, 0x04))
  const length = algorithm.length + point.length + publicKeyLength(curve)
  return concat(Uint8Array.of(0x30, ...derLength(length)), algorithm, point)
}

function sequence(content: Uint8Array): Uint8Array {
  return concat(Uint8Array.of(0x30, ...derLength(content.length)), content)
}

/** Up to 255 octets. */
function derLength(length: number): readonly number[] {
  return length < 0x80 ? [length] : [0x81, length]
}
