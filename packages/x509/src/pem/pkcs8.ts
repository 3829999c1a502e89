import { createCipheriv } from 'node:crypto'
import { concat, Secret, systemRandom, type Random } from '@keyline/bytes'
import { p256ToPkcs8, pbkdf2Sha256, type P256KeyPair } from '@keyline/crypto'
import { derInteger, derNull, derOctetString, derOid, derSequence } from '../der/writer.ts'
import { Oid } from '../oids.ts'
import { pemEncode } from './pem.ts'

export interface Pkcs8Options {
  /** PBKDF2 iterations; 600 000 unless given. */
  readonly iterations?: number | undefined
  readonly random?: Random | undefined
}

const defaultIterations = 600_000

/**
 * A private key as `ENCRYPTED PRIVATE KEY` PEM: PKCS#8 under PBES2 with PBKDF2-HMAC-SHA-256 and AES-256-CBC (RFC 8018).
 * Salt of 16 octets and initialisation vector are drawn afresh. `p256FromEncoded` of the crypto package opens it.
 */
export async function encryptPkcs8(
  pair: P256KeyPair,
  passphrase: Secret,
  options: Pkcs8Options = {},
): Promise<string> {
  const { iterations = defaultIterations, random = systemRandom } = options
  const salt = random.bytes(16)
  const iv = random.bytes(16)
  using key = new Secret(
    await pbkdf2Sha256({ password: passphrase.reveal(), salt, iterations, length: 32 }),
  )
  using plain = p256ToPkcs8(pair)
  const cipher = createCipheriv('aes-256-cbc', key.reveal(), iv)
  const encrypted = concat(cipher.update(plain.reveal()), cipher.final())

  const prf = derSequence(derOid(Oid.hmacWithSha256), derNull())
  const derivation = derSequence(derOctetString(salt), derInteger(iterations), prf)
  const scheme = derSequence(
    derSequence(derOid(Oid.pbkdf2), derivation),
    derSequence(derOid(Oid.aes256Cbc), derOctetString(iv)),
  )
  const algorithm = derSequence(derOid(Oid.pbes2), scheme)
  return pemEncode('ENCRYPTED PRIVATE KEY', derSequence(algorithm, derOctetString(encrypted)))
}
