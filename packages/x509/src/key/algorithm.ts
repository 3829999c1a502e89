import type { DerReader } from '../der/reader.ts'
import { derOid, derSequence } from '../der/writer.ts'
import { Oid } from '../oids.ts'

/** AlgorithmIdentifier (RFC 5280 section 4.1.1.2). */
export interface AlgorithmIdentifier {
  /** Dotted. */
  readonly oid: string
  /** DER of the parameters; absent where there are none. */
  readonly parameters?: Uint8Array | undefined
}

export const ecdsaWithSha256Der = derSequence(derOid(Oid.ecdsaWithSha256))
export const sha256Der = derSequence(derOid(Oid.sha256))

/** Reads the members of an AlgorithmIdentifier. */
export function readAlgorithm(reader: DerReader, field: string): AlgorithmIdentifier {
  const members = reader.sequence(field)
  const oid = members.oid(field)
  const parameters = members.isAtEnd ? undefined : members.whole(field)
  members.end(field)
  return { oid, parameters }
}

/** True for `ecdsa-with-SHA256`, whose parameters must be absent (RFC 5758 section 3.2). */
export function isEcdsaWithSha256(algorithm: AlgorithmIdentifier): boolean {
  return algorithm.oid === Oid.ecdsaWithSha256 && algorithm.parameters === undefined
}
