import { equalOctets, toHexUpper } from '@keyline/bytes'
import type { Signer } from '@keyline/crypto'
import { buildSignedData, verifyEcdsa } from '@keyline/x509'
import { MatterError } from '../errors.ts'
import {
  CertificationType,
  decodeDeclarationContent,
  encodeDeclarationContent,
  type CertificationDeclaration,
} from './content.ts'
import { openEnvelope, type EnvelopeViolation } from './envelope.ts'
import { declarationSigners, type DeclarationSigner } from './signers.ts'

/** Production believes official signers alone; test believes the SDK test signer too. */
export type TrustPolicy = 'test' | 'production'

export interface DeclarationInput {
  readonly declaration: CertificationDeclaration
  readonly signer: Signer
  /** Subject key identifier of the signer's certificate, 20 octets. */
  readonly signerKeyId: Uint8Array
}

/** A signed declaration: CMS signed data in DER (matter-factory-data 11.1). */
export function buildDeclaration(input: DeclarationInput): Promise<Uint8Array<ArrayBuffer>> {
  const { declaration, signer, signerKeyId } = input
  return buildSignedData({
    content: encodeDeclarationContent(declaration),
    keyId: signerKeyId,
    signer,
  })
}

/** The commissioner's checks that concern a declaration alone. */
export type DeclarationCheck = 'ATT-16' | 'ATT-17' | 'ATT-18' | 'ATT-19' | 'ATT-20'

export type DeclarationResult =
  | {
      readonly ok: true
      readonly declaration: CertificationDeclaration
      readonly signer: DeclarationSigner
    }
  | {
      readonly ok: false
      readonly check: DeclarationCheck
      readonly violations: readonly EnvelopeViolation[]
      /** ATT-16 alone: the signer itself is at fault, or cannot be reached. */
      readonly isSignerAtFault: boolean
      readonly message: string
    }

export interface DeclarationTrust {
  readonly policy: TrustPolicy
  /** The published ones unless given. */
  readonly signers?: readonly DeclarationSigner[] | undefined
}

/**
 * Checks ATT-16 to ATT-20 over a declaration (matter-factory-data 12.2): envelope, signer, signature, content, values.
 * The first failure decides.
 */
export function verifyDeclaration(der: Uint8Array, trust: DeclarationTrust): DeclarationResult {
  const { policy, signers = declarationSigners } = trust
  const opened = openEnvelope(der)
  if (!opened.ok) return { ...opened, check: 'ATT-16' }
  const { content, signature, signerKeyId } = opened.envelope
  const signer = signers.find(({ keyId }) => equalOctets(keyId, signerKeyId))
  if (signer === undefined) {
    return failure('ATT-17', `no known signer has the key identifier ${toHexUpper(signerKeyId)}`)
  }
  if (signer.trust === 'test' && policy === 'production') {
    return failure('ATT-17', `${signer.name} signs for tests, the policy is production`)
  }
  const { publicKey } = signer
  if (!verifyEcdsa({ publicKey, message: content, signature })) {
    return failure('ATT-18', `the signature is not one of ${signer.name}`)
  }
  const declaration = decodeOrMessage(content)
  if (typeof declaration === 'string') return failure('ATT-19', declaration)
  const { certificationType, formatVersion } = declaration
  if (signer.trust === 'test' && certificationType > CertificationType.provisional) {
    return failure('ATT-17', `${signer.name} may not sign certification type ${certificationType}`)
  }
  if (formatVersion !== 1) return failure('ATT-20', `format_version is ${formatVersion}, not 1`)
  if (certificationType > CertificationType.official) {
    return failure('ATT-20', `certification_type ${certificationType} is reserved`)
  }
  return { ok: true, declaration, signer }
}

function decodeOrMessage(content: Uint8Array): CertificationDeclaration | string {
  try {
    return decodeDeclarationContent(content)
  } catch (error) {
    if (error instanceof MatterError) return error.message
    throw error
  }
}

function failure(check: DeclarationCheck, message: string): DeclarationResult {
  return { ok: false, check, violations: [], isSignerAtFault: false, message }
}
