import { isEcdsaWithSha256 } from '../key/algorithm.ts'
import { publicKeyOf } from '../key/key-handle.ts'
import { verifyEcdsa } from '../key/signature.ts'
import type { CertificateRequest } from './request.ts'

/** Proof of possession: signed with `ecdsa-with-SHA256` by the key inside. */
export function isSelfSigned(request: CertificateRequest): boolean {
  const { info, signature, signatureAlgorithm } = request
  const publicKey = publicKeyOf(request)
  return (
    publicKey !== undefined &&
    isEcdsaWithSha256(signatureAlgorithm) &&
    signature.unusedBits === 0 &&
    verifyEcdsa({ publicKey, message: info, signature: signature.octets })
  )
}
