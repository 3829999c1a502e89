import { concat, equalOctets, toHexUpper } from '@keyline/bytes'
import { verifyP256, type P256PublicKey } from '@keyline/crypto'
import { MatterError } from '../errors.ts'
import { checkIdentity, checkTrust, type TrustedChain } from './check-chain.ts'
import {
  checkDeclaration,
  type BasicInformation,
  type FittingDeclaration,
} from './check-declaration.ts'
import {
  decodeAttestationElements,
  maxElementsLength,
  type AttestationElements,
} from './elements.ts'
import { failed, type AttestationFailure, type AttestationResult } from './result.ts'
import type { Trust } from './trust.ts'

/** The credentials of a device and what it says of itself. */
export interface CredentialsInput {
  /** X.509 DER. */
  readonly dac: Uint8Array
  readonly pai: Uint8Array
  /** CMS in DER. */
  readonly certificationDeclaration: Uint8Array
  readonly basicInformation: BasicInformation
  /** Milliseconds since 1970. */
  readonly time: number
  readonly trust: Trust
}

/** The credentials and the device's answer to one attestation request; the declaration stands in the elements. */
export interface AttestationInput extends Omit<CredentialsInput, 'certificationDeclaration'> {
  /** TLV octets as the device sent them. */
  readonly elements: Uint8Array
  /** 64 octets r ‖ s over elements ‖ challenge. */
  readonly signature: Uint8Array
  /** The one that was sent, 32 octets. */
  readonly nonce: Uint8Array
  /** Of the session, 16 octets; it is not transmitted. */
  readonly challenge: Uint8Array
  /** What the device must report of its firmware (ATT-26); not asked unless given. */
  readonly firmwareInformation?: Uint8Array | undefined
}

const nonceLength = 32
const challengeLength = 16
const signatureLength = 64

/**
 * The attestation procedure as a commissioner performs it (matter-factory-data 12.2): ATT-01 to ATT-26 in their order,
 * the first failure decides. Pure; the cost per device is two signature verifications, as `trust` remembers the rest.
 */
export function verifyAttestation(input: AttestationInput): AttestationResult {
  const { basicInformation, trust } = input
  const missing = checkInputs(input)
  if (missing !== undefined) return missing
  const identity = checkIdentity(input.dac, input.pai, trust)
  if (!identity.ok) return identity
  const unsigned = checkSignature(input, identity.dacKey)
  if (unsigned !== undefined) return unsigned
  const chain = checkTrust(identity, trust, input.time)
  if (!chain.ok) return chain
  const elements = decodeOrMessage(input.elements)
  if (typeof elements === 'string') {
    return failed('ATT-14', 'kAttestationElementsMalformed', { message: elements })
  }
  if (!equalOctets(elements.nonce, input.nonce)) {
    const fields = { sent: toHexUpper(input.nonce), answered: toHexUpper(elements.nonce) }
    return failed('ATT-15', 'kAttestationNonceMismatch', { message: 'the nonces differ', fields })
  }
  const context = { basicInformation, identity, paa: chain.paa, trust }
  const fitting = checkDeclaration(elements.certificationDeclaration, context)
  if (!fitting.ok) return fitting
  const foreign = checkFirmware(elements, input.firmwareInformation)
  if (foreign !== undefined) return foreign
  return succeeded(chain, fitting)
}

/**
 * The checks that need no answer of the device: ATT-02 to ATT-07, ATT-09 to ATT-13 and ATT-16 to ATT-25.
 * For credentials before they are written, and for devices that prove their key in another way.
 */
export function verifyCredentials(input: CredentialsInput): AttestationResult {
  const { basicInformation, trust } = input
  const identity = checkIdentity(input.dac, input.pai, trust)
  if (!identity.ok) return identity
  const chain = checkTrust(identity, trust, input.time)
  if (!chain.ok) return chain
  const context = { basicInformation, identity, paa: chain.paa, trust }
  const fitting = checkDeclaration(input.certificationDeclaration, context)
  if (!fitting.ok) return fitting
  return succeeded(chain, fitting)
}

function succeeded(chain: TrustedChain, fitting: FittingDeclaration): AttestationResult {
  const { paa, suspiciousRevocations } = chain
  const { declaration } = fitting
  return {
    ok: true,
    sdkResult: 'kSuccess',
    declaration,
    paaKeyId: paa.keyId,
    suspiciousRevocations,
  }
}

/** ATT-01. */
function checkInputs(input: AttestationInput): AttestationFailure | undefined {
  const { challenge, dac, elements, nonce, pai, signature } = input
  if (dac.length === 0) return invalid('there is no DAC')
  if (signature.length === 0) return invalid('there is no signature')
  if (elements.length === 0) return invalid('there are no attestation elements')
  if (elements.length > maxElementsLength) {
    return invalid(`the elements have ${elements.length} octets, at most ${maxElementsLength}`)
  }
  if (nonce.length !== nonceLength) return invalid(`the nonce has ${nonce.length} octets, not 32`)
  if (challenge.length !== challengeLength) {
    return invalid(`the challenge has ${challenge.length} octets, not 16`)
  }
  if (pai.length === 0) return failed('ATT-01', 'kPaiMissing', { message: 'there is no PAI' })
  return undefined
}

function invalid(message: string): AttestationFailure {
  return failed('ATT-01', 'kInvalidArgument', { message })
}

/** ATT-08. */
function checkSignature(
  input: AttestationInput,
  publicKey: P256PublicKey,
): AttestationFailure | undefined {
  const { challenge, elements, signature } = input
  if (signature.length > signatureLength) {
    const message = `the signature has ${signature.length} octets, not 64`
    return failed('ATT-08', 'kAttestationSignatureInvalidFormat', { message })
  }
  const message = concat(elements, challenge)
  if (verifyP256({ publicKey, message, signature })) return undefined
  return failed('ATT-08', 'kAttestationSignatureInvalid', {
    message: 'the signature does not verify with the key of the DAC',
  })
}

/** ATT-26. */
function checkFirmware(
  { firmwareInformation: reported }: AttestationElements,
  expected: Uint8Array | undefined,
): AttestationFailure | undefined {
  if (expected === undefined) return undefined
  if (reported === undefined) {
    const message = 'the device reports no firmware information'
    return failed('ATT-26', 'kFirmwareInformationMissing', { message })
  }
  if (equalOctets(reported, expected)) return undefined
  const fields = { expected: toHexUpper(expected), reported: toHexUpper(reported) }
  const message = 'the device runs another firmware'
  return failed('ATT-26', 'kFirmwareInformationMismatch', { message, fields })
}

function decodeOrMessage(octets: Uint8Array): AttestationElements | string {
  try {
    return decodeAttestationElements(octets)
  } catch (error) {
    if (error instanceof MatterError) return error.message
    throw error
  }
}
