import { ByteWriter } from '@keyline/bytes'
import type { Signer } from '@keyline/crypto'
import { authorityKeyIdentifier, derExtension } from '../certificate/extension.ts'
import { DerTag } from '../der/tag.ts'
import { derTime } from '../der/time.ts'
import { derBitString, derInteger, derSequence, derTagged, derValue } from '../der/writer.ts'
import { X509Error } from '../errors.ts'
import { ecdsaWithSha256Der } from '../key/algorithm.ts'
import { Oid } from '../oids.ts'
import { revocationReasons, type RevocationReason } from './entry.ts'

/** A certificate to revoke. */
export interface RevokedInput {
  /** Unsigned, big endian. */
  readonly serialNumber: Uint8Array
  readonly revokedAt: Readonly<Date>
  /** Left out where nothing is said. */
  readonly reason?: RevocationReason | undefined
}

export interface CrlInput {
  /** DER of the name: the subject of the issuing certificate, verbatim. */
  readonly issuer: Uint8Array
  /** Key identifier of the issuer. */
  readonly authorityKeyId: Uint8Array
  readonly thisUpdate: Readonly<Date>
  readonly nextUpdate: Readonly<Date>
  /** Grows with each list of the same issuer; at most 20 octets when given as octets. */
  readonly number: number | Uint8Array
  /** DER of the extension's value; critical. Only an issuer with partitioned lists has one. */
  readonly issuingDistributionPoint?: Uint8Array | undefined
  readonly revoked: Iterable<RevokedInput>
  readonly signer: Signer
}

/** DER of a version 2 list signed with `ecdsa-with-SHA256` (RFC 5280 section 5). @throws X509Error `X509_VALUE` */
export async function buildCrl(input: CrlInput): Promise<Uint8Array<ArrayBuffer>> {
  const { authorityKeyId, issuingDistributionPoint, number } = input
  const extensions = [
    derExtension(authorityKeyIdentifier(authorityKeyId)),
    derExtension({ oid: Oid.crlNumber, critical: false, value: crlNumber(number) }),
  ]
  if (issuingDistributionPoint !== undefined) {
    const oid = Oid.issuingDistributionPoint
    extensions.push(derExtension({ oid, critical: true, value: issuingDistributionPoint }))
  }
  const tbs = derSequence(
    derInteger(1),
    ecdsaWithSha256Der,
    input.issuer,
    derTime(input.thisUpdate),
    derTime(input.nextUpdate),
    ...derRevoked(input.revoked),
    derTagged(0, derSequence(...extensions)),
  )
  return derSequence(tbs, ecdsaWithSha256Der, derBitString(await input.signer.sign(tbs)))
}

function crlNumber(number: number | Uint8Array): Uint8Array {
  const value = derInteger(number)
  if (value.length <= 22) return value
  throw new X509Error('X509_VALUE', 'the number of a revocation list has at most 20 octets')
}

/** The list of certificates; nothing at all where there are none, as an empty one must not be written. */
function derRevoked(revoked: Iterable<RevokedInput>): readonly Uint8Array[] {
  const entries = new ByteWriter()
  for (const entry of revoked) entries.octets(derEntry(entry))
  return entries.length === 0 ? [] : [derValue(DerTag.sequence, entries.finish())]
}

function derEntry({ serialNumber, revokedAt, reason }: RevokedInput): Uint8Array {
  const members = [derInteger(serialNumber), derTime(revokedAt)]
  if (reason !== undefined) {
    const code = derValue(DerTag.enumerated, Uint8Array.of(revocationReasons.indexOf(reason)))
    members.push(derSequence(derExtension({ oid: Oid.reasonCode, critical: false, value: code })))
  }
  return derSequence(...members)
}
