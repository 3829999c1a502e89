import { derLimits } from '../der/limits.ts'
import { DerReader, type BitString } from '../der/reader.ts'
import { assertStrictDer } from '../der/strict.ts'
import { contextConstructed, DerTag } from '../der/tag.ts'
import { readAlgorithm, type AlgorithmIdentifier } from '../key/algorithm.ts'
import { readSpki, type SubjectPublicKeyInfo } from '../key/public-key.ts'
import { readNameDer } from '../name/name.ts'

/** A PKCS#10 request as views into its DER (RFC 2986). Key, algorithm and signature are not judged here. */
export class CertificateRequest {
  readonly der: Uint8Array
  /** CertificationRequestInfo: what the signature covers. */
  readonly info: Uint8Array
  /** The number as it stands: 0 is version 1. */
  readonly version: number
  /** DER of the name. */
  readonly subject: Uint8Array
  readonly spki: SubjectPublicKeyInfo
  /** Content of the attributes, not read. */
  readonly attributes: Uint8Array
  readonly signatureAlgorithm: AlgorithmIdentifier
  readonly signature: BitString

  /** @see parseRequest */
  constructor(der: Uint8Array) {
    assertStrictDer(der, derLimits.request)
    const outer = new DerReader(der).sequence('request')
    this.der = der
    this.info = outer.whole('certificationRequestInfo', DerTag.sequence)
    this.signatureAlgorithm = readAlgorithm(outer, 'signatureAlgorithm')
    this.signature = outer.bitString('signature')
    outer.end('request')

    const members = new DerReader(this.info).sequence('certificationRequestInfo')
    this.version = members.smallInteger('version')
    this.subject = readNameDer(members, 'subject')
    this.spki = readSpki(members, 'subjectPKInfo')
    this.attributes = members.content(contextConstructed(0), 'attributes')
    members.end('certificationRequestInfo')
  }

  /** The point on P-256 that asks, 65 octets; undefined when its key is none. */
  get publicPoint(): Uint8Array | undefined {
    return this.spki.point
  }
}

/** Parses one request of at most 1 KiB. @throws X509Error `DER_LIMIT`, `DER_MALFORMED` */
export function parseRequest(der: Uint8Array): CertificateRequest {
  return new CertificateRequest(der)
}
