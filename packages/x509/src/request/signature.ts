import { isEcdsaWithSha256 } from '../key/algorithm.ts'
import { publicKeyOf } from '../key/key-handle.ts'
import { verifyEcdsa, verifyEcdsaInPool, type EcdsaVerification } from '../key/signature.ts'
import type { CertificateRequest } from './request.ts'

/** Proof of possession: signed with `ecdsa-with-SHA256` by the key inside. */
export function isSelfSigned(request: CertificateRequest): boolean {
  const proof = proofOf(request)
  return proof !== undefined && verifyEcdsa(proof)
}

/** The same on a thread of the runtime's pool. */
export async function isSelfSignedInPool(request: CertificateRequest): Promise<boolean> {
  const proof = proofOf(request)
  return proof !== undefined && (await verifyEcdsaInPool(proof))
}

/** What is to be verified; undefined where the form alone refuses it. */
function proofOf(request: CertificateRequest): EcdsaVerification | undefined {
  const { info, signature, signatureAlgorithm } = request
  const publicKey = publicKeyOf(request)
  const isWellFormed = isEcdsaWithSha256(signatureAlgorithm) && signature.unusedBits === 0
  if (publicKey === undefined || !isWellFormed) return undefined
  return { publicKey, message: info, signature: signature.octets }
}
