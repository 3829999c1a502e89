import type { Tier } from '@keyline/eat'
import type { DeviceAppraisal } from '../appraise/appraise.ts'
import type { FullTrustVector } from '../appraise/trust-value.ts'
import type { Refusal } from '../decode/refusal.ts'
import type { VerifierErrorCode } from '../errors.ts'
import type { PolicyOutcome } from '../policy/apply.ts'
import type { JsonObject } from '../policy/input.ts'

/** An appraisal with what a policy made of it. */
export interface JudgedAppraisal extends DeviceAppraisal {
  /** Id of the policy that ran. */
  readonly policyId?: string | undefined
  readonly policyClaims?: JsonObject | undefined
}

/** A known key signed fresh evidence; reservations show in the tier. */
export interface Genuine {
  readonly outcome: 'genuine'
  readonly appraisal: JudgedAppraisal & {
    readonly status: Exclude<Tier, 'none' | 'contraindicated'>
  }
}

/** Checked and refused: the evidence is not to be believed, or it is and says that the device is not. */
export interface Contraindicated {
  readonly outcome: 'contraindicated'
  readonly reason:
    | { readonly kind: 'evidence'; readonly refusal: Refusal }
    | { readonly kind: 'appraisal'; readonly appraisal: JudgedAppraisal }
}

/** A verdict on a device. */
export type Verdict = Genuine | Contraindicated

/** No verdict: not on the device, but on what should have checked it (V39). */
export interface CouldNotCheck {
  readonly outcome: 'could-not-check'
  readonly code: Extract<VerifierErrorCode, 'STORE_UNAVAILABLE' | 'POLICY_MALFUNCTION'>
  readonly message: string
  readonly cause?: unknown
}

export type Verification = Verdict | CouldNotCheck

export function refused(refusal: Refusal): Contraindicated {
  return { outcome: 'contraindicated', reason: { kind: 'evidence', refusal } }
}

/** The verdict of an appraisal, with what a policy made of it. */
export function judged(
  appraisal: DeviceAppraisal,
  policy?: { readonly id: string | undefined; readonly outcome: PolicyOutcome },
): Verification {
  const outcome = policy?.outcome
  if (outcome?.kind === 'malfunction') return malfunction(outcome.message)
  const { vector, status }: { vector: FullTrustVector; status: Tier } = outcome ?? appraisal
  const whole = {
    ...appraisal,
    vector,
    ...(policy !== undefined && { policyId: policy.id, policyClaims: outcome?.addedClaims }),
  }
  switch (status) {
    case 'affirming':
    case 'warning':
      return { outcome: 'genuine', appraisal: { ...whole, status } }
    case 'contraindicated':
      return {
        outcome: 'contraindicated',
        reason: { kind: 'appraisal', appraisal: { ...whole, status } },
      }
    case 'none':
      return malfunction('the policy leaves no claim that says anything of the device')
    default:
      return status satisfies never
  }
}

function malfunction(message: string): CouldNotCheck {
  return { outcome: 'could-not-check', code: 'POLICY_MALFUNCTION', message }
}
