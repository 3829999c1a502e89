import type { P256PublicKey } from '@keyline/crypto'
import { isEcdsaWithSha256 } from '../key/algorithm.ts'
import { verifyEcdsa } from '../key/signature.ts'
import type { Certificate } from './certificate.ts'

/**
 * Certificates whose signature has held lately, with the key that made it, octet for octet; the oldest first. On a
 * line the same certificate is proven at its issue, before it reaches the board, and when it is read back.
 */
const heldLately = new Set<string>()
const heldLatelyLimit = 256

/** True when the certificate is signed by this key with `ecdsa-with-SHA256`, in both of its algorithm fields. */
export function isSignedBy(certificate: Certificate, publicKey: P256PublicKey): boolean {
  const name = octetText(certificate.der) + octetText(publicKey.point)
  if (heldLately.has(name)) return true
  if (!verifySignature(certificate, publicKey)) return false
  const [oldest] = heldLately
  if (oldest !== undefined && heldLately.size >= heldLatelyLimit) heldLately.delete(oldest)
  heldLately.add(name)
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
