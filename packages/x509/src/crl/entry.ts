import { readExtensionList, type Extension } from '../certificate/extension.ts'
import { DerReader } from '../der/reader.ts'
import { DerTag } from '../der/tag.ts'
import { X509Error } from '../errors.ts'
import { Oid } from '../oids.ts'

/** Why a certificate was revoked, in the order of the codes (RFC 5280 section 5.3.1); 7 is not used. */
export const revocationReasons = [
  'unspecified',
  'keyCompromise',
  'cACompromise',
  'affiliationChanged',
  'superseded',
  'cessationOfOperation',
  'certificateHold',
  undefined,
  'removeFromCRL',
  'privilegeWithdrawn',
  'aACompromise',
] as const
export type RevocationReason = NonNullable<(typeof revocationReasons)[number]>

/** One entry of a revocation list. */
export interface RevokedCertificate {
  /** Content octets of the INTEGER: two's complement, big endian, shortest form. */
  readonly serialNumber: Uint8Array
  readonly revokedAt: Readonly<Date>
  readonly reason?: RevocationReason | undefined
  /**
   * In an indirect list, DER of the GeneralNames of who issued the certificate, from this entry or the nearest one
   * before it that names any; undefined is the issuer of the list.
   */
  readonly certificateIssuer?: Uint8Array | undefined
  readonly extensions: readonly Extension[]
}

/** @throws X509Error `DER_MALFORMED`, `CRL_MALFORMED`, `TIME_MALFORMED` */
export function readEntry(
  entries: DerReader,
  issuerBefore: Uint8Array | undefined,
): RevokedCertificate {
  const members = entries.sequence('revokedCertificate')
  const serialNumber = members.integer('userCertificate')
  const revokedAt = members.time('revocationDate')
  const extensions = members.isAtEnd
    ? []
    : readExtensionList(members.sequence('crlEntryExtensions'))
  members.end('revokedCertificate')
  const reason = valueOf(extensions, Oid.reasonCode)
  return {
    serialNumber,
    revokedAt,
    reason: reason === undefined ? undefined : readReason(reason),
    certificateIssuer: valueOf(extensions, Oid.certificateIssuer) ?? issuerBefore,
    extensions,
  }
}

function valueOf(extensions: readonly Extension[], oid: string): Uint8Array | undefined {
  let value: Uint8Array | undefined
  for (const extension of extensions) {
    if (extension.oid !== oid) continue
    if (value !== undefined) throw malformed(`extension ${oid} stands more than once in an entry`)
    value = extension.value
  }
  return value
}

function readReason(value: Uint8Array): RevocationReason {
  const reader = new DerReader(value)
  const content = reader.content(DerTag.enumerated, 'reasonCode')
  reader.end('reasonCode')
  const reason = content.length === 1 ? revocationReasons[content[0] ?? 0xff] : undefined
  if (reason === undefined) throw malformed('a reason code is none of 0 to 6 and 8 to 10')
  return reason
}

function malformed(message: string): X509Error {
  return new X509Error('CRL_MALFORMED', message)
}
