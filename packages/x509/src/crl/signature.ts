import type { P256PublicKey } from '@keyline/crypto'
import { isEcdsaWithSha256 } from '../key/algorithm.ts'
import { verifyEcdsa } from '../key/signature.ts'
import type { Crl } from './crl.ts'

/** True when the list is signed by this key with `ecdsa-with-SHA256`, in both of its algorithm fields. */
export function isCrlSignedBy(crl: Crl, publicKey: P256PublicKey): boolean {
  const { tbs, tbsSignatureAlgorithm, signatureAlgorithm, signature } = crl
  return (
    isEcdsaWithSha256(tbsSignatureAlgorithm) &&
    isEcdsaWithSha256(signatureAlgorithm) &&
    signature.unusedBits === 0 &&
    verifyEcdsa({ publicKey, message: tbs, signature: signature.octets })
  )
}
