import { constants, verify, type KeyObject } from 'node:crypto'
import { CryptoError } from './errors.ts'
import { hashName, type HashAlgorithm } from './hash.ts'

/**
 * Verifies RSASSA-PSS with the salt as long as the digest and MGF1 over the same hash (RFC 8017 section 8.1.2).
 * @throws CryptoError `KEY_INVALID` for a key that is no RSA key
 */
export function verifyRsaPss(
  publicKey: KeyObject,
  input: {
    readonly message: Uint8Array
    readonly hash: HashAlgorithm
    readonly signature: Uint8Array
  },
): boolean {
  if (publicKey.asymmetricKeyType !== 'rsa') {
    const type = publicKey.asymmetricKeyType ?? publicKey.type
    throw new CryptoError('KEY_INVALID', `a key for RSASSA-PSS is of type ${type}, not rsa`)
  }
  const key = {
    key: publicKey,
    padding: constants.RSA_PKCS1_PSS_PADDING,
    saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
  }
  return verify(hashName(input.hash), input.message, key, input.signature)
}
