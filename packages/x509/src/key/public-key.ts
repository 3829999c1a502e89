import { equalOctets } from '@keyline/bytes'
import { DerReader, type BitString } from '../der/reader.ts'
import { DerTag } from '../der/tag.ts'
import { derOid } from '../der/writer.ts'
import { Oid } from '../oids.ts'
import { readAlgorithm, type AlgorithmIdentifier } from './algorithm.ts'
import { isOnP256 } from './p256-curve.ts'

const prime256v1Der = derOid(Oid.prime256v1)

/** SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7); what the bit string holds is not looked at until the point is asked for. */
export class SubjectPublicKeyInfo {
  readonly der: Uint8Array
  readonly algorithm: AlgorithmIdentifier
  readonly key: BitString
  #point: Uint8Array | undefined
  #isJudged = false

  constructor(der: Uint8Array, field: string) {
    const members = new DerReader(der).sequence(field)
    this.der = der
    this.algorithm = readAlgorithm(members, 'key algorithm')
    this.key = members.bitString('key')
    members.end(field)
  }

  /**
   * The uncompressed point of a P-256 key, 65 octets, proven to lie on the curve when first asked for; undefined for
   * another algorithm, curve or form, or a point off the curve.
   */
  get point(): Uint8Array | undefined {
    if (!this.#isJudged) this.#point = pointOf(this)
    this.#isJudged = true
    return this.#point
  }
}

export function readSpki(reader: DerReader, field: string): SubjectPublicKeyInfo {
  return new SubjectPublicKeyInfo(reader.whole(field, DerTag.sequence), field)
}

function pointOf({ algorithm, key }: SubjectPublicKeyInfo): Uint8Array | undefined {
  const isP256 =
    algorithm.oid === Oid.ecPublicKey &&
    algorithm.parameters !== undefined &&
    equalOctets(algorithm.parameters, prime256v1Der) &&
    key.unusedBits === 0 &&
    isOnP256(key.octets)
  return isP256 ? key.octets : undefined
}
