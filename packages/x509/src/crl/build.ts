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
  /**
   * DER of the name of who issued the certificate, in the first entry of an indirect list that is of another issuer than
   * the one before it.
   */
  readonly certificateIssuer?: Uint8Array | undefined
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
  /** DER of the extension's value; critical. Only an issuer with partitioned or indirect lists has one. */
  readonly issuingDistributionPoint?: Uint8Array | undefined
  /** The certificates, or their DER as {@link RevokedWriter} has written it. */
  readonly revoked: Iterable<RevokedInput> | RevokedWriter
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
function derRevoked(revoked: Iterable<RevokedInput> | RevokedWriter): readonly Uint8Array[] {
  const writer = revoked instanceof RevokedWriter ? revoked : new RevokedWriter()
  if (!(revoked instanceof RevokedWriter)) for (const entry of revoked) writer.add(entry)
  return writer.size === 0 ? [] : [derValue(DerTag.sequence, writer.der)]
}

/**
 * Entries of a list as they come, so that a long list can be written in parts, and the next one begin where the last
 * ended. What repeats from entry to entry is encoded once.
 */
export class RevokedWriter {
  readonly #entries: ByteWriter
  #size = 0
  #time: { readonly ms: number; readonly der: Uint8Array } | undefined

  /** @param expectedOctets memory that is taken at once */
  constructor(expectedOctets = 256) {
    this.#entries = new ByteWriter(expectedOctets)
  }

  /** How many entries there are. */
  get size(): number {
    return this.#size
  }

  /** DER of the entries, one behind the other. */
  get der(): Uint8Array {
    return this.#entries.finish()
  }

  /** @throws X509Error `X509_VALUE` */
  add({ serialNumber, revokedAt, reason, certificateIssuer }: RevokedInput): void {
    const serial = derInteger(serialNumber)
    const time = this.#derTime(revokedAt)
    const extensions = derEntryExtensions(reason, certificateIssuer)
    const length = serial.length + time.length + extensions.length
    // One copy of each part: a long list has as many of them as a line made devices.
    if (length < 0x80)
      this.#entries.u8(DerTag.sequence).u8(length).octets(serial).octets(time).octets(extensions)
    else this.#entries.octets(derSequence(serial, time, extensions))
    this.#size++
  }

  #derTime(time: Readonly<Date>): Uint8Array {
    const ms = time.getTime()
    if (this.#time?.ms !== ms) this.#time = { ms, der: derTime(time) }
    return this.#time.der
  }
}

/** Extensions of an entry that has a reason alone, by that reason. */
const ofReasonAlone = new Map<RevocationReason, Uint8Array>()

const none = new Uint8Array()

function derEntryExtensions(
  reason: RevocationReason | undefined,
  certificateIssuer: Uint8Array | undefined,
): Uint8Array {
  if (certificateIssuer !== undefined) {
    const members = reason === undefined ? [] : [derReason(reason)]
    return derSequence(...members, derCertificateIssuer(certificateIssuer))
  }
  if (reason === undefined) return none
  const known = ofReasonAlone.get(reason)
  if (known !== undefined) return known
  const der = derSequence(derReason(reason))
  ofReasonAlone.set(reason, der)
  return der
}

function derReason(reason: RevocationReason): Uint8Array {
  const code = derValue(DerTag.enumerated, Uint8Array.of(revocationReasons.indexOf(reason)))
  return derExtension({ oid: Oid.reasonCode, critical: false, value: code })
}

/** GeneralNames with one directory name; critical, since it says whose serial number the entry has. */
function derCertificateIssuer(issuer: Uint8Array): Uint8Array {
  const value = derSequence(derTagged(4, issuer))
  return derExtension({ oid: Oid.certificateIssuer, critical: true, value })
}
