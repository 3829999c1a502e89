import { encodeUtf8 } from '@keyline/bytes'
import { DerReader } from '../der/reader.ts'
import { contextPrimitive, DerTag } from '../der/tag.ts'
import {
  derBitString,
  derBoolean,
  derInteger,
  derOctetString,
  derOid,
  derSequence,
  derTagged,
  derTaggedPrimitive,
} from '../der/writer.ts'
import { X509Error } from '../errors.ts'
import { Oid } from '../oids.ts'

/** One extension of a certificate. */
export interface Extension {
  /** Dotted. */
  readonly oid: string
  readonly critical: boolean
  /** DER of the extension's own value. */
  readonly value: Uint8Array
}

export interface BasicConstraints {
  readonly ca: boolean
  readonly pathLength?: number | undefined
}

/** Names of the key usage bits, in the order of their bit numbers (RFC 5280 section 4.2.1.3). */
export const keyUsages = [
  'digitalSignature',
  'nonRepudiation',
  'keyEncipherment',
  'dataEncipherment',
  'keyAgreement',
  'keyCertSign',
  'cRLSign',
  'encipherOnly',
  'decipherOnly',
] as const
export type KeyUsage = (typeof keyUsages)[number]

export function derExtension(extension: Extension): Uint8Array<ArrayBuffer> {
  const { oid, critical, value } = extension
  const members = critical ? [derOid(oid), derBoolean(true)] : [derOid(oid)]
  return derSequence(...members, derOctetString(value))
}

/** Reads the members of a list of extensions, of which there is at least one, in their order, doubles included. */
export function readExtensionList(list: DerReader): readonly Extension[] {
  const extensions: Extension[] = []
  do {
    const extension = list.sequence('extension')
    const oid = extension.oid('extnID')
    const isWritten = extension.isNext(DerTag.boolean)
    const critical = isWritten && extension.boolean('critical')
    if (isWritten && !critical) throw malformed(`extension ${oid} writes its default, not critical`)
    const value = extension.octetString('extnValue')
    extension.end('extension')
    extensions.push({ oid, critical, value })
  } while (!list.isAtEnd)
  return extensions
}

/** Critical. */
export function basicConstraints(constraints: BasicConstraints): Extension {
  const { ca, pathLength } = constraints
  const members = ca ? [derBoolean(true)] : []
  if (pathLength !== undefined) members.push(derInteger(pathLength))
  return { oid: Oid.basicConstraints, critical: true, value: derSequence(...members) }
}

/** Critical. */
export function keyUsage(usages: readonly KeyUsage[]): Extension {
  const bits = usages.map((usage) => keyUsages.indexOf(usage))
  const count = Math.max(0, ...bits.map((bit) => bit + 1))
  const octets = new Uint8Array(Math.ceil(count / 8))
  for (const bit of bits) octets[bit >> 3] = (octets[bit >> 3] ?? 0) | (0x80 >> (bit & 7))
  const unusedBits = octets.length * 8 - count
  return { oid: Oid.keyUsage, critical: true, value: derBitString(octets, unusedBits) }
}

/** Not critical. */
export function subjectKeyIdentifier(keyId: Uint8Array): Extension {
  return { oid: Oid.subjectKeyIdentifier, critical: false, value: derOctetString(keyId) }
}

/** Not critical; the key identifier alone. */
export function authorityKeyIdentifier(keyId: Uint8Array): Extension {
  const value = derSequence(derTaggedPrimitive(0, keyId))
  return { oid: Oid.authorityKeyIdentifier, critical: false, value }
}

/** Not critical; one distribution point with one URI. */
export function crlDistributionPoint(uri: string): Extension {
  const fullName = derTagged(0, derTaggedPrimitive(6, encodeUtf8(uri)))
  const value = derSequence(derSequence(derTagged(0, fullName)))
  return { oid: Oid.crlDistributionPoints, critical: false, value }
}

/** @throws X509Error `DER_MALFORMED` also when the default FALSE is written out */
export function readBasicConstraints(value: Uint8Array): BasicConstraints {
  const members = enterOnly(value, 'basicConstraints')
  const ca = members.isNext(DerTag.boolean) && members.boolean('cA')
  if (!ca && value[2] === DerTag.boolean) throw malformed('basicConstraints writes its default')
  const pathLength = members.isAtEnd ? undefined : members.smallInteger('pathLenConstraint')
  members.end('basicConstraints')
  return { ca, pathLength }
}

/** @throws X509Error `DER_MALFORMED` also for trailing zero bits (X.690 section 11.2.2) */
export function readKeyUsage(value: Uint8Array): readonly KeyUsage[] {
  const reader = new DerReader(value)
  const { octets, unusedBits } = reader.bitString('keyUsage')
  reader.end('keyUsage')
  const bits = octets.length * 8 - unusedBits
  const isSet = (bit: number): boolean => (((octets[bit >> 3] ?? 0) << (bit & 7)) & 0x80) !== 0
  if (bits > 0 && !isSet(bits - 1)) throw malformed('keyUsage has trailing zero bits')
  if (bits > keyUsages.length) throw malformed('keyUsage has bits without a meaning')
  return keyUsages.filter((_, bit) => bit < bits && isSet(bit))
}

export function readSubjectKeyIdentifier(value: Uint8Array): Uint8Array {
  const reader = new DerReader(value)
  const keyId = reader.octetString('subjectKeyIdentifier')
  reader.end('subjectKeyIdentifier')
  return keyId
}

/** The key identifier; undefined where only issuer and serial number stand there. */
export function readAuthorityKeyIdentifier(value: Uint8Array): Uint8Array | undefined {
  const members = enterOnly(value, 'authorityKeyIdentifier')
  const keyId = members.isNext(contextPrimitive(0))
    ? members.content(contextPrimitive(0), 'keyIdentifier')
    : undefined
  let last = 0x80
  while (!members.isAtEnd) {
    const { tag } = members.any('authorityKeyIdentifier')
    if (tag !== 0xa1 && tag !== 0x82) throw malformed('authorityKeyIdentifier has a foreign member')
    if ((tag & 0x1f) <= (last & 0x1f)) throw malformed('authorityKeyIdentifier is out of order')
    last = tag
  }
  return keyId
}

function enterOnly(value: Uint8Array, field: string): DerReader {
  const reader = new DerReader(value)
  const members = reader.sequence(field)
  reader.end(field)
  return members
}

function malformed(message: string): X509Error {
  return new X509Error('DER_MALFORMED', message)
}
