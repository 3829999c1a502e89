import {
  contextPrimitive,
  isEcdsaWithSha256,
  Oid,
  parseSignedData,
  X509Error,
  type AlgorithmIdentifier,
  type SignedData,
  type SignerInfo,
} from '@keyline/x509/read'

/** What can be wrong with the envelope of a declaration (matter-factory-data 11.1), in the order in which it is reported. */
export const envelopeViolations = {
  'CMS-VERSION': 'the version of the signed data is not 3',
  'CMS-DIGEST': 'the digest algorithm is not SHA-256 alone',
  'CMS-ECONTENT-TYPE': 'the encapsulated content is not of the type data',
  'CMS-SIGNERINFO-VERSION': 'the version of the signer is not 3',
  'CMS-SID': 'the signer is not named by a key identifier of 20 octets',
  'CMS-SIGNERINFO-DIGEST': 'the digest algorithm of the signer is not SHA-256',
  'CMS-SIGALG': 'the signature algorithm is not ecdsa-with-SHA256',
} as const
export type EnvelopeViolation = keyof typeof envelopeViolations

/** The envelope of a declaration, opened; its signature is not verified yet. */
export interface DeclarationEnvelope {
  /** TLV octets, the message of the signature. */
  readonly content: Uint8Array
  /** Subject key identifier of the signer, 20 octets. */
  readonly signerKeyId: Uint8Array
  /** DER. */
  readonly signature: Uint8Array
}

export type EnvelopeResult =
  | { readonly ok: true; readonly envelope: DeclarationEnvelope }
  | {
      readonly ok: false
      /** None when the octets are no signed data with one signer at all. */
      readonly violations: readonly EnvelopeViolation[]
      /** The signer itself is at fault, or cannot be reached. */
      readonly isSignerAtFault: boolean
      readonly message: string
    }

const keyIdLength = 20
const version = 3

/** Opens the envelope and judges its form, all violations at once. */
export function openEnvelope(der: Uint8Array): EnvelopeResult {
  let signedData: SignedData
  try {
    signedData = parseSignedData(der)
  } catch (error) {
    if (!(error instanceof X509Error)) throw error
    return { ok: false, violations: [], isSignerAtFault: true, message: error.message }
  }
  const [signer, ...others] = signedData.signers
  if (signer === undefined) {
    return { ok: false, violations: [], isSignerAtFault: true, message: 'there is no signer' }
  }
  const ofData = dataViolations(signedData)
  const ofSigner = signerViolations(signer)
  const violations = [...ofData, ...ofSigner]
  const message = foreignMember(signedData, signer, others.length)
  const { content } = signedData
  if (violations.length > 0 || message !== undefined || content === undefined) {
    const isSignerAtFault = ofSigner.length > 0
    const first = violations[0]
    const text =
      first === undefined ? (message ?? 'the content is missing') : envelopeViolations[first]
    return { ok: false, violations, isSignerAtFault, message: text }
  }
  const envelope = { content, signerKeyId: signer.sid.content, signature: signer.signature }
  return { ok: true, envelope }
}

function dataViolations(signedData: SignedData): readonly EnvelopeViolation[] {
  const [digest, ...others] = signedData.digestAlgorithms
  const violations: EnvelopeViolation[] = []
  if (signedData.version !== version) violations.push('CMS-VERSION')
  if (digest === undefined || others.length > 0 || !isSha256(digest)) violations.push('CMS-DIGEST')
  if (signedData.contentType !== Oid.data) violations.push('CMS-ECONTENT-TYPE')
  return violations
}

function signerViolations(signer: SignerInfo): readonly EnvelopeViolation[] {
  const { sid, digestAlgorithm, signatureAlgorithm } = signer
  const violations: EnvelopeViolation[] = []
  if (signer.version !== version) violations.push('CMS-SIGNERINFO-VERSION')
  if (sid.tag !== contextPrimitive(0) || sid.content.length !== keyIdLength)
    violations.push('CMS-SID')
  if (!isSha256(digestAlgorithm)) violations.push('CMS-SIGNERINFO-DIGEST')
  if (signer.signedAttributes !== undefined || !isEcdsaWithSha256(signatureAlgorithm)) {
    violations.push('CMS-SIGALG')
  }
  return violations
}

function foreignMember(
  signedData: SignedData,
  signer: SignerInfo,
  otherSigners: number,
): string | undefined {
  if (otherSigners > 0) return `there are ${otherSigners + 1} signers, not one`
  if (signedData.certificates !== undefined) return 'certificates are enclosed'
  if (signedData.crls !== undefined) return 'revocation lists are enclosed'
  if (signer.signedAttributes !== undefined) return 'attributes are signed instead of the content'
  return undefined
}

function isSha256({ oid, parameters }: AlgorithmIdentifier): boolean {
  return oid === Oid.sha256 && parameters === undefined
}
