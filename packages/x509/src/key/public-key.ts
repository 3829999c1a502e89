import { equalOctets } from '@keyline/bytes'
import { CryptoError, p256PublicKey, sha1, type P256PublicKey } from '@keyline/crypto'
import { DerReader, type BitString } from '../der/reader.ts'
import { DerTag } from '../der/tag.ts'
import { derOid } from '../der/writer.ts'
import { Oid } from '../oids.ts'
import { readAlgorithm, type AlgorithmIdentifier } from './algorithm.ts'

const prime256v1Der = derOid(Oid.prime256v1)

/** SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7); what the bit string holds is not looked at until the key is asked for. */
export class SubjectPublicKeyInfo {
  readonly der: Uint8Array
  readonly algorithm: AlgorithmIdentifier
  readonly key: BitString
  #p256: P256PublicKey | undefined
  #isImported = false

  constructor(der: Uint8Array, field: string) {
    const members = new DerReader(der).sequence(field)
    this.der = der
    this.algorithm = readAlgorithm(members, `${field} algorithm`)
    this.key = members.bitString(`${field} key`)
    members.end(field)
  }

  /**
   * The P-256 key, imported when first asked for, and kept; undefined for another algorithm, curve or form,
   * or a point off the curve.
   */
  get p256(): P256PublicKey | undefined {
    if (!this.#isImported) this.#p256 = importP256(this)
    this.#isImported = true
    return this.#p256
  }
}

export function readSpki(reader: DerReader, field: string): SubjectPublicKeyInfo {
  return new SubjectPublicKeyInfo(reader.whole(field, DerTag.sequence), field)
}

function importP256({ algorithm, key }: SubjectPublicKeyInfo): P256PublicKey | undefined {
  const isP256 =
    algorithm.oid === Oid.ecPublicKey &&
    algorithm.parameters !== undefined &&
    equalOctets(algorithm.parameters, prime256v1Der) &&
    key.unusedBits === 0
  if (!isP256) return undefined
  try {
    return p256PublicKey(key.octets)
  } catch (error) {
    if (error instanceof CryptoError) return undefined
    throw error
  }
}

/** Key identifier as certificate makers derive it: SHA-1 of the 65-octet point, 20 octets (RFC 5280 section 4.2.1.2). */
export function keyIdentifier(point: Uint8Array): Uint8Array<ArrayBuffer> {
  return sha1(point)
}
