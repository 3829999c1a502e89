import { p256Order, verifyP256Der, type P256PublicKey } from '@keyline/crypto'
import { DerReader } from '../der/reader.ts'
import { X509Error } from '../errors.ts'

export interface EcdsaVerification {
  readonly publicKey: P256PublicKey
  readonly message: Uint8Array
  /** DER sequence of r and s. */
  readonly signature: Uint8Array
}

/** True for a strict DER sequence of two integers in 1 … n − 1 of P-256. */
export function isEcdsaSignature(der: Uint8Array): boolean {
  try {
    const outer = new DerReader(der)
    const members = outer.sequence('signature')
    const r = members.integer('r')
    const s = members.integer('s')
    members.end('signature')
    outer.end('signature')
    return isScalar(r) && isScalar(s)
  } catch (error) {
    if (error instanceof X509Error) return false
    throw error
  }
}

/** ECDSA with SHA-256 over P-256, the signature in strict DER; s and n − s are both accepted. */
export function verifyEcdsa(input: EcdsaVerification): boolean {
  return isEcdsaSignature(input.signature) && verifyP256Der(input)
}

const orderOctets = Uint8Array.from({ length: 32 }, (_, place) =>
  Number((p256Order >> BigInt(8 * (31 - place))) & 0xffn),
)

/** 1 … n − 1, from the content octets of a shortest INTEGER. */
function isScalar(content: Uint8Array): boolean {
  const [first = 0] = content
  if (first >= 0x80) return false
  const magnitude = first === 0 ? content.subarray(1) : content
  if (magnitude.length === 0 || magnitude.length > 32) return false
  if (magnitude.length < 32) return true
  for (let place = 0; place < 32; place++) {
    const difference = (magnitude[place] ?? 0) - (orderOctets[place] ?? 0)
    if (difference !== 0) return difference < 0
  }
  return false
}
