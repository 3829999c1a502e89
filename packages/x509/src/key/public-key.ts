import { equalOctets } from '@keyline/bytes'
import { CryptoError, p256PublicKey, sha1, type P256PublicKey } from '@keyline/crypto'
import { DerReader, type BitString } from '../der/reader.ts'
import { derOid } from '../der/writer.ts'
import { Oid } from '../oids.ts'
import { readAlgorithm, type AlgorithmIdentifier } from './algorithm.ts'

/** SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7); what the bit string holds is not looked at. */
export interface SubjectPublicKeyInfo {
  readonly der: Uint8Array
  readonly algorithm: AlgorithmIdentifier
  readonly key: BitString
}

const prime256v1Der = derOid(Oid.prime256v1)

export function readSpki(reader: DerReader, field: string): SubjectPublicKeyInfo {
  const { whole, content } = reader.element(0x30, field)
  const members = new DerReader(content)
  const algorithm = readAlgorithm(members, `${field} algorithm`)
  const key = members.bitString(`${field} key`)
  members.end(field)
  return { der: whole, algorithm, key }
}

/** The P-256 key of a SubjectPublicKeyInfo; undefined for another algorithm, curve or form, or a point off the curve. */
export function p256KeyOf(spki: SubjectPublicKeyInfo): P256PublicKey | undefined {
  const { algorithm, key } = spki
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
