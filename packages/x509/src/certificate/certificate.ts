import { derLimits } from '../der/limits.ts'
import { DerReader, type BitString } from '../der/reader.ts'
import { assertStrictDer } from '../der/strict.ts'
import { contextConstructed, contextPrimitive, DerTag } from '../der/tag.ts'
import { X509Error } from '../errors.ts'
import { readAlgorithm, type AlgorithmIdentifier } from '../key/algorithm.ts'
import { readSpki, type SubjectPublicKeyInfo } from '../key/public-key.ts'
import { readNameDer } from '../name/name.ts'
import { readExtensionList, type Extension } from './extension.ts'

/**
 * A certificate as views into its DER (RFC 5280 section 4.1). The DER is strict throughout, except inside the values of
 * extensions, which `readBasicConstraints` and its siblings read. What the values mean is not judged here.
 */
export class Certificate {
  /** The whole certificate. */
  readonly der: Uint8Array
  /** What the signature covers. */
  readonly tbs: Uint8Array
  /** 1, 2 or 3. */
  readonly version: number
  /** Content octets of the INTEGER: two's complement, big endian, shortest form. */
  readonly serialNumber: Uint8Array
  /** The algorithm named inside the signed part. */
  readonly tbsSignatureAlgorithm: AlgorithmIdentifier
  /** DER of the name, verbatim: names are compared as octets. */
  readonly issuer: Uint8Array
  readonly notBefore: Readonly<Date>
  readonly notAfter: Readonly<Date>
  readonly subject: Uint8Array
  readonly spki: SubjectPublicKeyInfo
  /** In their order, doubles included. */
  readonly extensions: readonly Extension[]
  readonly signatureAlgorithm: AlgorithmIdentifier
  readonly signature: BitString

  /** @see parseCertificate */
  constructor(der: Uint8Array) {
    assertStrictDer(der, derLimits.certificate)
    const outer = new DerReader(der).sequence('certificate')
    this.der = der
    this.tbs = outer.whole('tbsCertificate', DerTag.sequence)
    this.signatureAlgorithm = readAlgorithm(outer, 'signatureAlgorithm')
    this.signature = outer.bitString('signatureValue')
    outer.end('certificate')

    const members = new DerReader(this.tbs).sequence('tbsCertificate')
    this.version = members.isNext(contextConstructed(0)) ? readVersion(members) : 1
    this.serialNumber = members.integer('serialNumber')
    this.tbsSignatureAlgorithm = readAlgorithm(members, 'signature')
    this.issuer = readNameDer(members, 'issuer')
    const validity = members.sequence('validity')
    this.notBefore = validity.time('notBefore')
    this.notAfter = validity.time('notAfter')
    validity.end('validity')
    this.subject = readNameDer(members, 'subject')
    this.spki = readSpki(members, 'subjectPublicKeyInfo')
    if (members.isNext(contextPrimitive(1))) members.skip('issuerUniqueID')
    if (members.isNext(contextPrimitive(2))) members.skip('subjectUniqueID')
    this.extensions = members.isNext(contextConstructed(3)) ? readExtensions(members) : []
    members.end('tbsCertificate')
  }

  /** The subject's point on P-256, 65 octets; undefined when its key is none. */
  get publicPoint(): Uint8Array | undefined {
    return this.spki.point
  }
}

/**
 * Parses one certificate of at most 8 KiB.
 * @throws X509Error `DER_LIMIT`, `DER_MALFORMED`, `CERTIFICATE_MALFORMED`, `TIME_MALFORMED`
 */
export function parseCertificate(der: Uint8Array): Certificate {
  return new Certificate(der)
}

/** The only extension of this type; undefined when there is none, or more than one. */
export function extensionOf(certificate: Certificate, oid: string): Extension | undefined {
  let found: Extension | undefined
  for (const extension of certificate.extensions) {
    if (extension.oid !== oid) continue
    if (found !== undefined) return undefined
    found = extension
  }
  return found
}

function readVersion(members: DerReader): number {
  const wrapper = members.enter(contextConstructed(0), 'version')
  const number = wrapper.smallInteger('version')
  wrapper.end('version')
  if (number < 1 || number > 2) {
    throw new X509Error('CERTIFICATE_MALFORMED', `the version number is ${number}, not 1 or 2`)
  }
  return number + 1
}

function readExtensions(members: DerReader): readonly Extension[] {
  const wrapper = members.enter(contextConstructed(3), 'extensions')
  const list = wrapper.sequence('extensions')
  wrapper.end('extensions')
  return readExtensionList(list)
}
