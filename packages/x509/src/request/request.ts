import {
  keyPairSigner,
  p256Spki,
  type P256KeyPair,
  type P256PublicKey,
  type Signer,
} from '@keyline/crypto'
import { derLimits } from '../der/limits.ts'
import { DerReader, type BitString } from '../der/reader.ts'
import { assertStrictDer } from '../der/strict.ts'
import { contextConstructed, DerTag } from '../der/tag.ts'
import { derBitString, derInteger, derSequence, derTagged } from '../der/writer.ts'
import {
  ecdsaWithSha256Der,
  isEcdsaWithSha256,
  readAlgorithm,
  type AlgorithmIdentifier,
} from '../key/algorithm.ts'
import { readSpki, type SubjectPublicKeyInfo } from '../key/public-key.ts'
import { verifyEcdsa } from '../key/signature.ts'
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

  /** Imported when first asked for, and kept; undefined when it is not a key on P-256. */
  get publicKey(): P256PublicKey | undefined {
    return this.spki.p256
  }
}

/** Parses one request of at most 1 KiB. @throws X509Error `DER_LIMIT`, `DER_MALFORMED` */
export function parseRequest(der: Uint8Array): CertificateRequest {
  return new CertificateRequest(der)
}

/** Proof of possession: signed with `ecdsa-with-SHA256` by the key inside. */
export function isSelfSigned(request: CertificateRequest): boolean {
  const { info, publicKey, signature, signatureAlgorithm } = request
  return (
    publicKey !== undefined &&
    isEcdsaWithSha256(signatureAlgorithm) &&
    signature.unusedBits === 0 &&
    verifyEcdsa({ publicKey, message: info, signature: signature.octets })
  )
}

/** The key that asks: a pair in this process, or a signer that holds it. */
export type RequestInput =
  | { readonly subject: Uint8Array; readonly keyPair: P256KeyPair }
  | { readonly subject: Uint8Array; readonly signer: Signer }

/** DER of a request without attributes. */
export async function buildRequest(input: RequestInput): Promise<Uint8Array<ArrayBuffer>> {
  const signer = 'signer' in input ? input.signer : keyPairSigner(input.keyPair)
  const spki = p256Spki(signer.publicKey.point)
  const info = derSequence(derInteger(0), input.subject, spki, derTagged(0))
  return derSequence(info, ecdsaWithSha256Der, derBitString(await signer.sign(info)))
}
