import { equalOctets, fromHex, isKeylineError, toHex } from '@keyline/bytes'
import { curvePublicKey, type CurvePublicKey } from '@keyline/crypto'
import {
  decodeToken,
  instanceIdMatches,
  verifyEnvelope,
  type SoftwareComponent,
  type TokenClaims,
} from '@keyline/eat'
import type { OrderAttestation } from '@keyline/ledger/records'
import type { ProofProblem } from '../port/chip-certificates.ts'

/** A token with what it must fit. */
export interface TokenInput {
  /** COSE_Sign1. */
  readonly token: Uint8Array
  /** What the board was asked for. */
  readonly challenge: Uint8Array
  readonly identity: {
    /** 32 octets. */
    readonly implementationId: Uint8Array
    /** `04 ‖ X ‖ Y`. */
    readonly publicKey: Uint8Array
  }
  readonly software: readonly ExpectedComponent[]
}

/** A component of the order with its measurement. */
export type ExpectedComponent = OrderAttestation['software'][number] & { readonly sha256: string }

export type TokenReading =
  | { readonly ok: true; readonly claims: TokenClaims }
  | { readonly ok: false; readonly problem: ProofProblem }

/**
 * Whether a board has proven its attestation key: form, key, instance id, nonce and signature of its token, in the
 * order of a verifier, and that it runs what the order names. The life cycle is not judged: it becomes final with the
 * read-out protection. Source: attestation chapters 8 and 12.
 */
export function readProof(input: TokenInput): TokenReading {
  const { identity, challenge, software } = input
  let claims: TokenClaims
  try {
    const publicKey = curvePublicKey('P-256', identity.publicKey.subarray(1))
    const decoded = decodeToken(input.token)
    claims = decoded.claims
    const problem = bindingProblem(claims, identity.implementationId, publicKey)
    if (problem !== undefined) return { ok: false, problem }
    if (!equalOctets(claims.nonce, challenge)) return refused('E_NONCE_MISMATCH', 'another nonce')
    const { envelope, algorithm } = decoded
    verifyEnvelope(envelope, { algorithm, key: { type: 'ec', publicKey } })
  } catch (error) {
    if (!isKeylineError(error)) throw error
    return refused(error.code, error.message)
  }
  const problem = softwareProblem(claims.softwareComponents, software)
  return problem === undefined ? { ok: true, claims } : { ok: false, problem }
}

/** The components of an order; what has no measurement of its own is its application. */
export function expectedSoftware(
  { software }: OrderAttestation,
  application: string,
): readonly ExpectedComponent[] {
  return software.map((one) => ({ ...one, sha256: one.sha256 ?? application }))
}

function bindingProblem(
  { implementationId, instanceId }: TokenClaims,
  shown: Uint8Array,
  publicKey: CurvePublicKey,
): ProofProblem | undefined {
  if (!equalOctets(implementationId, shown)) {
    const message = `implementation id ${toHex(implementationId)}, but the board shows ${toHex(shown)}`
    return { code: 'E_CLAIM_VALUE', message, isStation: false }
  }
  if (instanceIdMatches(instanceId, publicKey).length > 0) return undefined
  const message = `instance id ${toHex(instanceId)} is not that of the key that the board shows`
  return { code: 'E_INSTANCE_ID_BINDING', message, isStation: false }
}

/** Every component must be one of the order; one of the right measurement under another name is the order's fault. */
function softwareProblem(
  components: readonly SoftwareComponent[],
  expected: readonly ExpectedComponent[],
): ProofProblem | undefined {
  for (const component of components) {
    const measured = expected.filter(({ sha256 }) =>
      equalOctets(fromHex(sha256), component.measurementValue),
    )
    if (measured.some((one) => isDescribed(component, one))) continue
    const what = describe(component)
    return measured.length === 0
      ? { code: 'SOFTWARE_UNKNOWN', message: `${what} is none of the order`, isStation: false }
      : { code: 'SOFTWARE_OTHERWISE', message: `the order differs in ${what}`, isStation: true }
  }
  return undefined
}

function isDescribed(
  { measurementType, version, signerId }: SoftwareComponent,
  expected: ExpectedComponent,
): boolean {
  return (
    (expected.type ?? measurementType) === measurementType &&
    (expected.version ?? version) === version &&
    equalOctets(fromHex(expected.signer), signerId)
  )
}

function describe({
  measurementType,
  version,
  measurementValue,
  signerId,
}: SoftwareComponent): string {
  const name = `${measurementType ?? 'component'} ${version ?? 'without version'}`
  return `${name}, measured ${toHex(measurementValue)}, signed by ${toHex(signerId)},`
}

function refused(code: string, message: string): TokenReading {
  return { ok: false, problem: { code, message, isStation: false } }
}
