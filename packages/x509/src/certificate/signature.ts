import type { P256PublicKey } from '@keyline/crypto'
import { isEcdsaWithSha256 } from '../key/algorithm.ts'
import { verifyEcdsa } from '../key/signature.ts'
import type { Certificate } from './certificate.ts'

/** A certificate whose signature has held, and the key that made it, one character an octet. */
interface Held {
  readonly der: string
  readonly point: string
}

/**
 * Certificates proven lately, by their signature, the oldest first. On a line the same certificate is proven at its
 * issue, before it reaches the board, and when it is read back. It counts octet for octet, and with the same key.
 * Kept as texts: the runtime makes them in half the time of copied octets.
 */
const heldLately = new Map<string, Held>()
const heldLatelyLimit = 256

/** True when the certificate is signed by this key with `ecdsa-with-SHA256`, in both of its algorithm fields. */
export function isSignedBy(certificate: Certificate, publicKey: P256PublicKey): boolean {
  const name = octetText(certificate.signature.octets)
  const held = heldLately.get(name)
  if (
    held !== undefined &&
    held.der === octetText(certificate.der) &&
    held.point === octetText(publicKey.point)
  ) {
    return true
  }
  if (!verifySignature(certificate, publicKey)) return false
  const [oldest] = heldLately.keys()
  if (oldest !== undefined && heldLately.size >= heldLatelyLimit) heldLately.delete(oldest)
  heldLately.set(name, { der: octetText(certificate.der), point: octetText(publicKey.point) })
  return true
}

function verifySignature(certificate: Certificate, publicKey: P256PublicKey): boolean {
  const { tbs, tbsSignatureAlgorithm, signatureAlgorithm, signature } = certificate
  return (
    isEcdsaWithSha256(tbsSignatureAlgorithm) &&
    isEcdsaWithSha256(signatureAlgorithm) &&
    signature.unusedBits === 0 &&
    verifyEcdsa({ publicKey, message: tbs, signature: signature.octets })
  )
}

/** One character an octet, so that equal texts mean equal octets. */
function octetText(octets: Uint8Array): string {
  return Buffer.from(octets.buffer, octets.byteOffset, octets.length).toString('latin1')
}
