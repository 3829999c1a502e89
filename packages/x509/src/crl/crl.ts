import {
  readAuthorityKeyIdentifier,
  readExtensionList,
  type Extension,
} from '../certificate/extension.ts'
import { derLimits } from '../der/limits.ts'
import { DerReader, type BitString } from '../der/reader.ts'
import { assertStrictDer } from '../der/strict.ts'
import { contextConstructed, DerTag } from '../der/tag.ts'
import { X509Error } from '../errors.ts'
import { readAlgorithm, type AlgorithmIdentifier } from '../key/algorithm.ts'
import { readNameDer } from '../name/name.ts'
import { Oid } from '../oids.ts'
import { readEntry, type RevokedCertificate } from './entry.ts'

const longestNumberOctets = 20

/**
 * A certificate revocation list of version 2 as views into its DER (RFC 5280 section 5). Its structure is proven; who
 * signed it, whether it is current, and extensions that are not named here are not judged: whoever relies on a list
 * looks at `extensions` for critical ones that it does not know.
 */
export class Crl implements Iterable<RevokedCertificate> {
  /** The whole list. */
  readonly der: Uint8Array
  /** What the signature covers. */
  readonly tbs: Uint8Array
  /** The algorithm named inside the signed part. */
  readonly tbsSignatureAlgorithm: AlgorithmIdentifier
  /** DER of the name, verbatim: names are compared as octets. */
  readonly issuer: Uint8Array
  readonly thisUpdate: Readonly<Date>
  readonly nextUpdate?: Readonly<Date> | undefined
  /** Of the list, in their order; those of the entries are read with the entries. */
  readonly extensions: readonly Extension[]
  /** Key identifier of the issuer, where the list names it. */
  readonly authorityKeyId?: Uint8Array | undefined
  /** Content octets of the list's number: big endian, at most 20. */
  readonly number?: Uint8Array | undefined
  /** DER of the extension's value, not read. */
  readonly issuingDistributionPoint?: Uint8Array | undefined
  readonly signatureAlgorithm: AlgorithmIdentifier
  readonly signature: BitString
  /** Revoked certificates. */
  readonly size: number
  readonly #revoked: Uint8Array | undefined

  /** @see parseCrl */
  constructor(der: Uint8Array) {
    assertStrictDer(der, derLimits.crl)
    const outer = new DerReader(der).sequence('certificateList')
    this.der = der
    this.tbs = outer.whole('tbsCertList', DerTag.sequence)
    this.signatureAlgorithm = readAlgorithm(outer, 'signatureAlgorithm')
    this.signature = outer.bitString('signatureValue')
    outer.end('certificateList')

    const members = new DerReader(this.tbs).sequence('tbsCertList')
    // Version 1 leaves its number out, and has no extensions.
    const version = members.isNext(DerTag.integer) ? members.smallInteger('version') + 1 : 1
    if (version !== 2) throw malformed(`the version is ${version}, not 2`)
    this.tbsSignatureAlgorithm = readAlgorithm(members, 'signature')
    this.issuer = readNameDer(members, 'issuer')
    this.thisUpdate = members.time('thisUpdate')
    const hasNextUpdate = members.isNext(DerTag.utcTime) || members.isNext(DerTag.generalizedTime)
    this.nextUpdate = hasNextUpdate ? members.time('nextUpdate') : undefined
    this.#revoked = members.isNext(DerTag.sequence)
      ? members.content(DerTag.sequence, 'revokedCertificates')
      : undefined
    this.extensions = members.isNext(contextConstructed(0)) ? readExtensions(members) : []
    members.end('tbsCertList')
    if (this.#revoked?.length === 0) throw malformed('an empty list of certificates is written out')

    this.authorityKeyId = this.#read(Oid.authorityKeyIdentifier, readAuthorityKeyIdentifier)
    this.number = this.#read(Oid.crlNumber, readNumber)
    this.issuingDistributionPoint = this.#read(Oid.issuingDistributionPoint, (value) => value)
    this.size = countOf(this)
  }

  /** The revoked certificates in their order; each is read when its turn comes. */
  *[Symbol.iterator](): Generator<RevokedCertificate, void> {
    const entries = new DerReader(this.#revoked ?? new Uint8Array())
    let certificateIssuer: Uint8Array | undefined
    while (!entries.isAtEnd) {
      const entry = readEntry(entries, certificateIssuer)
      certificateIssuer = entry.certificateIssuer
      yield entry
    }
  }

  #read<T>(oid: string, read: (value: Uint8Array) => T): T | undefined {
    const [found, ...others] = this.extensions.filter((extension) => extension.oid === oid)
    if (others.length > 0) throw malformed(`extension ${oid} stands more than once`)
    return found === undefined ? undefined : read(found.value)
  }
}

/**
 * Parses one list of at most 16 MiB. All entries are read once, so that going through them later fails no more.
 * @throws X509Error `DER_LIMIT`, `DER_MALFORMED`, `CRL_MALFORMED`, `TIME_MALFORMED`
 */
export function parseCrl(der: Uint8Array): Crl {
  return new Crl(der)
}

function countOf(entries: Iterable<RevokedCertificate>): number {
  let count = 0
  for (const _ of entries) count++
  return count
}

function readExtensions(members: DerReader): readonly Extension[] {
  const wrapper = members.enter(contextConstructed(0), 'crlExtensions')
  const list = wrapper.sequence('crlExtensions')
  wrapper.end('crlExtensions')
  return readExtensionList(list)
}

function readNumber(value: Uint8Array): Uint8Array {
  const reader = new DerReader(value)
  const number = reader.integer('cRLNumber')
  reader.end('cRLNumber')
  if ((number[0] ?? 0) >= 0x80 || number.length > longestNumberOctets) {
    throw malformed(`cRLNumber is negative or longer than ${longestNumberOctets} octets`)
  }
  return number
}

function malformed(message: string): X509Error {
  return new X509Error('CRL_MALFORMED', message)
}
