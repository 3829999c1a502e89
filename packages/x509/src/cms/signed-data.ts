import type { Signer } from '@keyline/crypto'
import { derLimits } from '../der/limits.ts'
import { DerReader, type DerElement } from '../der/reader.ts'
import { assertStrictDer } from '../der/strict.ts'
import { contextConstructed } from '../der/tag.ts'
import {
  derInteger,
  derOctetString,
  derOid,
  derSequence,
  derSet,
  derTagged,
  derTaggedPrimitive,
} from '../der/writer.ts'
import { X509Error } from '../errors.ts'
import {
  ecdsaWithSha256Der,
  readAlgorithm,
  sha256Der,
  type AlgorithmIdentifier,
} from '../key/algorithm.ts'
import { Oid } from '../oids.ts'

/** One signer of signed data (RFC 5652 section 5.3). */
export interface SignerInfo {
  readonly version: number
  /** Signer identifier as it stands: `[0]` a subject key identifier, or issuer and serial number. */
  readonly sid: DerElement
  readonly digestAlgorithm: AlgorithmIdentifier
  /** Content of the signed attributes; absent where the signature covers the content itself. */
  readonly signedAttributes?: Uint8Array | undefined
  readonly signatureAlgorithm: AlgorithmIdentifier
  readonly signature: Uint8Array
}

/** CMS signed data as views into its DER (RFC 5652 section 5.1). */
export interface SignedData {
  readonly version: number
  readonly digestAlgorithms: readonly AlgorithmIdentifier[]
  readonly contentType: string
  /** The encapsulated octets; absent in a detached signature. */
  readonly content?: Uint8Array | undefined
  /** Content of the certificate set and of the revocation lists, not read. */
  readonly certificates?: Uint8Array | undefined
  readonly crls?: Uint8Array | undefined
  readonly signers: readonly SignerInfo[]
}

/**
 * Parses a ContentInfo with SignedData of at most 64 KiB, strict DER. Versions, algorithms and signatures are not judged.
 * @throws X509Error `DER_LIMIT`, `DER_MALFORMED`, `CMS_MALFORMED`
 */
export function parseSignedData(der: Uint8Array): SignedData {
  assertStrictDer(der, derLimits.signedData)
  const outer = new DerReader(der).sequence('contentInfo')
  const outerType = outer.oid('contentType')
  if (outerType !== Oid.signedData) {
    throw new X509Error('CMS_MALFORMED', `the content type is ${outerType}, not signedData`)
  }
  const wrapper = outer.enter(contextConstructed(0), 'content')
  outer.end('contentInfo')
  const members = wrapper.sequence('signedData')
  wrapper.end('content')

  const version = members.smallInteger('version')
  const digestAlgorithms = readAll(members.set('digestAlgorithms'), (reader) =>
    readAlgorithm(reader, 'digestAlgorithm'),
  )
  const encapsulated = members.sequence('encapContentInfo')
  const contentType = encapsulated.oid('eContentType')
  const content = encapsulated.isAtEnd ? undefined : readContent(encapsulated)
  encapsulated.end('encapContentInfo')
  const certificates = readOptional(members, 0, 'certificates')
  const crls = readOptional(members, 1, 'crls')
  const signers = readAll(members.set('signerInfos'), readSigner)
  members.end('signedData')
  return { version, digestAlgorithms, contentType, content, certificates, crls, signers }
}

export interface SignedDataInput {
  /** Octets that are encapsulated and signed. */
  readonly content: Uint8Array
  /** Subject key identifier of the signer's certificate. */
  readonly keyId: Uint8Array
  readonly signer: Signer
}

/** Signed data with one signer, named by its key identifier, without certificates and attributes (RFC 5652). */
export async function buildSignedData(input: SignedDataInput): Promise<Uint8Array<ArrayBuffer>> {
  const { content, keyId, signer } = input
  const signerInfo = derSequence(
    derInteger(3),
    derTaggedPrimitive(0, keyId),
    sha256Der,
    ecdsaWithSha256Der,
    derOctetString(await signer.sign(content)),
  )
  const signedData = derSequence(
    derInteger(3),
    derSet(sha256Der),
    derSequence(derOid(Oid.data), derTagged(0, derOctetString(content))),
    derSet(signerInfo),
  )
  return derSequence(derOid(Oid.signedData), derTagged(0, signedData))
}

function readContent(encapsulated: DerReader): Uint8Array {
  const wrapper = encapsulated.enter(contextConstructed(0), 'eContent')
  const content = wrapper.octetString('eContent')
  wrapper.end('eContent')
  return content
}

function readSigner(reader: DerReader): SignerInfo {
  const members = reader.sequence('signerInfo')
  const version = members.smallInteger('signerInfo version')
  const sid = members.any('sid')
  const digestAlgorithm = readAlgorithm(members, 'digestAlgorithm')
  const signedAttributes = readOptional(members, 0, 'signedAttrs')
  const signatureAlgorithm = readAlgorithm(members, 'signatureAlgorithm')
  const signature = members.octetString('signature')
  readOptional(members, 1, 'unsignedAttrs')
  members.end('signerInfo')
  return { version, sid, digestAlgorithm, signedAttributes, signatureAlgorithm, signature }
}

function readOptional(members: DerReader, number: number, field: string): Uint8Array | undefined {
  const tag = contextConstructed(number)
  return members.isNext(tag) ? members.content(tag, field) : undefined
}

function readAll<T>(reader: DerReader, read: (reader: DerReader) => T): readonly T[] {
  const values: T[] = []
  while (!reader.isAtEnd) values.push(read(reader))
  return values
}
