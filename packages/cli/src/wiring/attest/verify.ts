import { toHex, type JsonValue } from '@keyline/bytes'
import { claimsToJson, decodeToken, EatError, trustClaims } from '@keyline/eat'
import {
  compilePolicy,
  describeComponent,
  explainComponents,
  verifyEvidence,
  type AppraisalSettings,
  type CompiledPolicy,
  type JudgedAppraisal,
  type TrustStore,
  type Verification,
} from '@keyline/verifier'
import { ExitCode } from '../../exit-code.ts'
import { readTextInput } from '../pki-input.ts'
import { quoted } from '../pki-findings.ts'
import { fieldsText } from '../stsafe-text.ts'

/** What is asked of a token beside that its key is known. */
export interface VerifyRequest {
  readonly store: TrustStore
  /** Nothing: whatever the token carries, so that it proves nothing of its freshness. */
  readonly nonce: Uint8Array | undefined
  /** Seconds since 1970. */
  readonly time: number
  readonly settings?: AppraisalSettings | undefined
  readonly policy?: CompiledPolicy | undefined
}

/** The answer of the verifier, for people, for `--json`, and as an exit code (V39). */
export interface VerifyReport {
  readonly verification: Verification
  readonly text: string
  readonly document: Readonly<Record<string, JsonValue>>
  readonly code: ExitCode
}

const codes = {
  genuine: ExitCode.done,
  contraindicated: ExitCode.failed,
  'could-not-check': ExitCode.infrastructure,
} as const satisfies Readonly<Record<Verification['outcome'], ExitCode>>

export interface VerifyDemands {
  /** Tells what each component met. */
  readonly explain: boolean
  /** A device with reservations is refused. */
  readonly requireAffirming: boolean
}

/** Verifies a token and tells why it is what it is. */
export async function verifyToken(
  token: Uint8Array,
  request: VerifyRequest,
  { explain, requireAffirming }: VerifyDemands,
): Promise<VerifyReport> {
  const { store, time, settings, policy } = request
  const nonce = request.nonce ?? ownNonce(token) ?? new Uint8Array()
  const verification = await verifyEvidence(token, { store, nonce, time, settings, policy })
  const appraisal = appraisalOf(verification)
  const components = appraisal === undefined ? [] : await explained(appraisal, store)
  const isFresh = request.nonce !== undefined
  const isReserved =
    requireAffirming && verification.outcome === 'genuine' && appraisal?.status !== 'affirming'
  return {
    verification,
    text: [
      verdictText(verification, isFresh),
      ...(isReserved ? ['refused         only an affirming result was asked for\n'] : []),
      ...(explain && appraisal !== undefined ? [`\n${vectorText(appraisal)}`] : []),
      ...(explain && components.length > 0
        ? [`\n${components.map((line) => `${line}\n`).join('')}`]
        : []),
    ].join(''),
    document: {
      ...verdictDocument(verification, { isFresh, components }),
      ...(requireAffirming && { refused: isReserved }),
    },
    code: isReserved ? ExitCode.failed : codes[verification.outcome],
  }
}

/** @throws CliError `CLI_FILE`, `CLI_INPUT`; VerifierError `POLICY_RULES` */
export async function readPolicy(path: string): Promise<CompiledPolicy> {
  return compilePolicy(await readTextInput(path, 'json'))
}

/** The appraisal of a token whose signature is good, whatever it came to. */
function appraisalOf(verification: Verification): JudgedAppraisal | undefined {
  switch (verification.outcome) {
    case 'genuine':
      return verification.appraisal
    case 'contraindicated':
      return verification.reason.kind === 'appraisal' ? verification.reason.appraisal : undefined
    case 'could-not-check':
      return undefined
    default:
      return verification satisfies never
  }
}

async function explained(
  appraisal: JudgedAppraisal,
  store: TrustStore,
): Promise<readonly string[]> {
  const references = await store.referencesOf(appraisal.claims.implementationId)
  return explainComponents(appraisal, references).map(describeComponent)
}

function verdictText(verification: Verification, isFresh: boolean): string {
  switch (verification.outcome) {
    case 'genuine': {
      const { status, origin, claims, warnings } = verification.appraisal
      return fieldsText({
        verdict: `genuine, ${status}`,
        device: toHex(claims.instanceId),
        implementation: toHex(claims.implementationId),
        key:
          origin.kind === 'registered'
            ? `registered${origin.source === undefined ? '' : ` by ${quoted(origin.source)}`}`
            : `certified for ${quoted(origin.subject)}`,
        freshness: isFresh
          ? 'the token carries the challenge'
          : 'not checked: any nonce was accepted',
        ...(warnings.length > 0 && { warning: warnings.join('; ') }),
      })
    }
    case 'contraindicated': {
      const { reason } = verification
      if (reason.kind === 'appraisal') {
        return fieldsText({
          verdict: 'contraindicated: the key is good, the device is not',
          device: toHex(reason.appraisal.claims.instanceId),
        })
      }
      const { code, message, stage } = reason.refusal
      return fieldsText({ verdict: `contraindicated: ${stage}`, code, reason: message })
    }
    case 'could-not-check':
      return fieldsText({
        verdict: 'could not check: nothing is said of the device',
        code: verification.code,
        reason: verification.message,
      })
    default:
      return verification satisfies never
  }
}

function vectorText({ vector }: JudgedAppraisal): string {
  return fieldsText(
    Object.fromEntries(trustClaims.map((claim) => [claim, String(vector[claim])] as const)),
  )
}

function verdictDocument(
  verification: Verification,
  { isFresh, components }: { readonly isFresh: boolean; readonly components: readonly string[] },
): Record<string, JsonValue> {
  const { outcome } = verification
  if (verification.outcome === 'could-not-check') {
    return { outcome, code: verification.code, message: verification.message }
  }
  if (verification.outcome === 'contraindicated' && verification.reason.kind === 'evidence') {
    const { stage, code, problem, message, field, offset } = verification.reason.refusal
    return { outcome, stage, code, problem, message, field: field ?? null, offset: offset ?? null }
  }
  const appraisal = appraisalOf(verification)
  if (appraisal === undefined) return { outcome }
  const { status, vector, origin, warnings, claims } = appraisal
  return {
    outcome,
    status,
    nonceChecked: isFresh,
    vector: { ...vector },
    key: origin.kind,
    warnings: [...warnings],
    components: [...components],
    claims: claimsToJson(claims),
  }
}

function ownNonce(token: Uint8Array): Uint8Array | undefined {
  try {
    return decodeToken(token).claims.nonce
  } catch (error) {
    if (error instanceof EatError) return undefined
    throw error
  }
}
