import { encodeUtf8, isKeylineError, type Secret } from '@keyline/bytes'
import {
  CryptoError,
  keyPairSigner,
  p256FromEncoded,
  type P256PublicKey,
  type Signer,
} from '@keyline/crypto'
import { DerReader, Oid, pemDecode, pemEncode } from '@keyline/x509'
import { IssuerError } from '../errors.ts'
import type { KeyCustody } from './held-signer.ts'

/** A signer whose key came from a file: for tests and small lines, refused under the policy production. */
export class FileSigner implements Signer {
  readonly custody: KeyCustody = 'file'
  readonly #signer: Signer

  constructor(signer: Signer) {
    this.#signer = signer
  }

  get publicKey(): P256PublicKey {
    return this.#signer.publicKey
  }

  sign(message: Uint8Array): Promise<Uint8Array> {
    return this.#signer.sign(message)
  }
}

export interface FileSignerInput {
  /** Text of the file: `ENCRYPTED PRIVATE KEY`, PKCS#8 under PBES2. */
  readonly pem: string
  readonly passphrase: Secret
}

const label = 'ENCRYPTED PRIVATE KEY'

/**
 * Opens the key file of a CA. The key stays behind the handle.
 * @throws IssuerError `ISSUER_KEY_FILE`, `ISSUER_PASSPHRASE`
 */
export function openFileSigner(input: FileSignerInput): FileSigner {
  const pem = encodeUtf8(pemEncode(label, encryptedKey(input.pem)))
  try {
    const pair = p256FromEncoded({ octets: pem, passphrase: input.passphrase })
    return new FileSigner(keyPairSigner(pair))
  } catch (cause) {
    if (!(cause instanceof CryptoError)) throw cause
    if (cause.code === 'KEY_PASSPHRASE') {
      throw new IssuerError('ISSUER_PASSPHRASE', cause.message, { cause })
    }
    throw new IssuerError('ISSUER_KEY_FILE', cause.message, { cause })
  }
}

/** DER of EncryptedPrivateKeyInfo, of which only the scheme is looked at. */
function encryptedKey(pem: string): Uint8Array {
  try {
    const der = pemDecode(pem, label)
    const scheme = new DerReader(der).sequence('key').sequence('encryptionAlgorithm').oid('scheme')
    if (scheme === Oid.pbes2) return der
    throw new IssuerError('ISSUER_KEY_FILE', `the key is encrypted with ${scheme}, not with PBES2`)
  } catch (cause) {
    if (cause instanceof IssuerError || !isKeylineError(cause)) throw cause
    throw new IssuerError('ISSUER_KEY_FILE', cause.message, { cause })
  }
}
