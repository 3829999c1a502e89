import { equalOctets, toHex } from '@keyline/bytes'
import { sha256 } from '@keyline/crypto'
import type { Evidence, OrderAttestation } from '@keyline/ledger/records'
import type { AttestationIdentity } from '@keyline/matter/pxp'
import { runTokenDialogue, type TokenAnswers } from '../dialogue/token-dialogue.ts'
import { StationError } from '../errors.ts'
import { expectedSoftware, readProof } from '../evidence/token.ts'
import type { ProofProblem } from '../port/chip-certificates.ts'
import { openPort } from './open-port.ts'
import type { Step } from './step.ts'
import type { UnitWork } from './unit-work.ts'

/**
 * The application shows its attestation key and signs a token over a fresh challenge with it: the station checks it as
 * a verifier will. The key stays on the board, so asking again changes nothing. Source: attestation chapters 1 and 9.
 */
export const initialAttestation: Step = {
  name: 'initial-attestation',
  title: 'check a token of the attestation key',
  deadlineMs: 120_000,
  async act(work, signal) {
    const { attestation } = work.prepared.order
    if (attestation === undefined) return []
    const { clock, random } = work.parts
    const port = await openPort(work, signal)
    try {
      const answers = await runTokenDialogue({ port, clock, random, signal, onLog: work.onLog })
      return [proveKey(work, attestation, answers)]
    } catch (error) {
      if (attestation.required || !isNotOffered(error)) throw error
      work.onLog('the application has no attestation key')
      return []
    }
  },
}

/** The application serves no attestation: it was asked for nothing more. */
function isNotOffered(error: unknown): boolean {
  return (
    error instanceof StationError &&
    error.code === 'STATION_ANSWER' &&
    error.details['request'] === 'IAKREQ'
  )
}

function proveKey(
  work: UnitWork,
  attestation: OrderAttestation,
  { identity, challenge, token }: TokenAnswers,
): Evidence {
  const facts = { tenant: attestation.tenant, ...factsOf(identity, token) }
  const software = expectedSoftware(attestation, work.requireImage('application').sha256)
  const reading = readProof({ token, challenge, identity, software })
  if (!reading.ok) return wrongKey(facts, reading.problem)
  const problem = keyProblem(work, identity) ?? certificateProblem(work, attestation, identity)
  if (problem !== undefined) return wrongKey(facts, problem)
  const instanceId = toHex(reading.claims.instanceId)
  return { kind: 'attestation-key', ok: true, facts: { ...facts, instanceId } }
}

/** @throws StationError `STATION_ATTESTATION` when the board is not to blame */
function wrongKey(facts: Evidence['facts'], problem: ProofProblem): Evidence {
  const { code, message, isStation } = problem
  if (isStation) throw new StationError('STATION_ATTESTATION', `${code}: ${message}`)
  return { kind: 'attestation-key', ok: false, facts: { ...facts, code, problem: message } }
}

/** The key that signs is the one that the chip has wrapped. */
function keyProblem(
  { wrappedKey }: UnitWork,
  { publicKey }: AttestationIdentity,
): ProofProblem | undefined {
  if (wrappedKey === undefined || equalOctets(wrappedKey.publicKey, publicKey)) return undefined
  const message = 'the board signs with another key than its chip has wrapped'
  return { code: 'E_INSTANCE_ID_BINDING', message, isStation: false }
}

/** A key whose authority the order names must come with its certificate. */
function certificateProblem(
  { parts }: UnitWork,
  { authorities }: OrderAttestation,
  { certificate, publicKey }: AttestationIdentity,
): ProofProblem | undefined {
  if (authorities === undefined) return undefined
  if (certificate.length === 0) {
    return {
      code: 'E_DUA_NOT_PROVISIONED',
      message: 'the board has no certificate',
      isStation: false,
    }
  }
  const { chipCertificates, clock } = parts
  if (chipCertificates !== undefined) {
    return chipCertificates.problemOf(certificate, publicKey, clock.now())
  }
  throw new StationError('STATION_NO_FLOW', 'this station checks no certificates of chips')
}

function factsOf(
  { implementationId, publicKey, certificate }: AttestationIdentity,
  token: Uint8Array,
): Evidence['facts'] {
  return {
    implementationId: toHex(implementationId),
    publicKey: toHex(publicKey),
    tokenSha256: toHex(sha256(token)),
    ...(certificate.length === 0 ? {} : { certificateSha256: toHex(sha256(certificate)) }),
  }
}
