import type { P256PublicKey } from '@keyline/crypto'
import { derLimits } from '../der/limits.ts'
import { DerReader, type BitString } from '../der/reader.ts'
import { assertStrictDer } from '../der/strict.ts'
import { contextConstructed, contextPrimitive, DerTag } from '../der/tag.ts'
import { readTime } from '../der/time.ts'
import { X509Error } from '../errors.ts'
import { isEcdsaWithSha256, readAlgorithm, type AlgorithmIdentifier } from '../key/algorithm.ts'
import { p256KeyOf, readSpki, type SubjectPublicKeyInfo } from '../key/public-key.ts'
import { verifyEcdsa } from '../key/signature.ts'
import { readName } from '../name/name.ts'
import type { Extension } from './extension.ts'

/** A certificate as views into its DER (RFC 5280 section 4.1). */
export interface Certificate {
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
  readonly subject: Uint8Array
  readonly notBefore: Readonly<Date>
  readonly notAfter: Readonly<Date>
  readonly spki: SubjectPublicKeyInfo
  /** Imported when first asked for, and kept; undefined when it is not a key on P-256. */
  readonly publicKey: P256PublicKey | undefined
  /** In their order, doubles included. */
  readonly extensions: readonly Extension[]
  readonly signatureAlgorithm: AlgorithmIdentifier
  readonly signature: BitString
}

/**
 * Parses one certificate of at most 8 KiB. The DER is strict throughout, except inside the values of extensions,
 * which are read by `readBasicConstraints` and its siblings. What the values mean is not judged here.
 * @throws X509Error `DER_LIMIT`, `DER_MALFORMED`, `CERTIFICATE_MALFORMED`, `TIME_MALFORMED`
 */
export function parseCertificate(der: Uint8Array): Certificate {
  assertStrictDer(der, derLimits.certificate)
  const outer = new DerReader(der).sequence('certificate')
  const signed = outer.element(DerTag.sequence, 'tbsCertificate')
  const signatureAlgorithm = readAlgorithm(outer, 'signatureAlgorithm')
  const signature = outer.bitString('signatureValue')
  outer.end('certificate')

  const tbs = new DerReader(signed.content)
  const version = tbs.isNext(contextConstructed(0)) ? readVersion(tbs) : 1
  const serialNumber = tbs.integer('serialNumber')
  const tbsSignatureAlgorithm = readAlgorithm(tbs, 'signature')
  const issuer = readWholeName(tbs, 'issuer')
  const validity = tbs.sequence('validity')
  const notBefore = readTime(validity.any('notBefore'), 'notBefore')
  const notAfter = readTime(validity.any('notAfter'), 'notAfter')
  validity.end('validity')
  const subject = readWholeName(tbs, 'subject')
  const spki = readSpki(tbs, 'subjectPublicKeyInfo')
  for (const number of [1, 2]) {
    if (tbs.isNext(contextPrimitive(number))) tbs.any('unique identifier')
  }
  const extensions = tbs.isNext(contextConstructed(3)) ? readExtensions(tbs) : []
  tbs.end('tbsCertificate')

  let key: { readonly value: P256PublicKey | undefined } | undefined
  return {
    der,
    tbs: signed.whole,
    version,
    serialNumber,
    tbsSignatureAlgorithm,
    issuer,
    subject,
    notBefore,
    notAfter,
    spki,
    get publicKey() {
      key ??= { value: p256KeyOf(spki) }
      return key.value
    },
    extensions,
    signatureAlgorithm,
    signature,
  }
}

/** True when the certificate is signed by this key with `ecdsa-with-SHA256`, in both of its algorithm fields. */
export function isSignedBy(certificate: Certificate, publicKey: P256PublicKey): boolean {
  const { tbs, tbsSignatureAlgorithm, signatureAlgorithm, signature } = certificate
  return (
    isEcdsaWithSha256(tbsSignatureAlgorithm) &&
    isEcdsaWithSha256(signatureAlgorithm) &&
    signature.unusedBits === 0 &&
    verifyEcdsa({ publicKey, message: tbs, signature: signature.octets })
  )
}

/** The only extension of this type; undefined when there is none, or more than one. */
export function extensionOf(certificate: Certificate, oid: string): Extension | undefined {
  const [found, ...others] = certificate.extensions.filter((extension) => extension.oid === oid)
  return others.length === 0 ? found : undefined
}

function readVersion(tbs: DerReader): number {
  const wrapper = tbs.enter(contextConstructed(0), 'version')
  const number = wrapper.smallInteger('version')
  wrapper.end('version')
  if (number < 1 || number > 2) {
    throw new X509Error('CERTIFICATE_MALFORMED', `the version number is ${number}, not 1 or 2`)
  }
  return number + 1
}

function readWholeName(tbs: DerReader, field: string): Uint8Array {
  const { whole } = tbs.element(DerTag.sequence, field)
  readName(whole)
  return whole
}

function readExtensions(tbs: DerReader): readonly Extension[] {
  const wrapper = tbs.enter(contextConstructed(3), 'extensions')
  const list = wrapper.sequence('extensions')
  wrapper.end('extensions')
  const extensions: Extension[] = []
  do {
    const members = list.sequence('extension')
    const oid = members.oid('extnID')
    const isWritten = members.isNext(DerTag.boolean)
    const critical = isWritten && members.boolean('critical')
    if (isWritten && !critical) {
      throw new X509Error('DER_MALFORMED', `extension ${oid} writes its default, not critical`)
    }
    const value = members.octetString('extnValue')
    members.end('extension')
    extensions.push({ oid, critical, value })
  } while (!list.isAtEnd)
  return extensions
}
