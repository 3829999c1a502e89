import { tierNumbers, tierOf, worstTier, type Tier } from '@keyline/eat'
import { vectorOf, type FullTrustVector } from '../appraise/trust-value.ts'
import { VerifierError } from '../errors.ts'
import type { CompiledPolicy } from './compile.ts'
import { policyInput, type JsonObject, type PolicyFacts } from './input.ts'

/** What a policy made of an appraisal, or that it could not be evaluated. */
export type PolicyOutcome =
  | {
      readonly kind: 'applied'
      readonly vector: FullTrustVector
      readonly status: Tier
      /** Places of the rules that applied, from 0. */
      readonly rules: readonly number[]
      readonly addedClaims: JsonObject | undefined
    }
  | { readonly kind: 'malfunction'; readonly message: string }

/**
 * Runs the rules in their order over authentic evidence. A later rule sees the appraisal, not what an earlier one set;
 * what is set last stands. Without `mayRaise` nothing becomes better than it was.
 */
export function applyPolicy(policy: CompiledPolicy, facts: PolicyFacts): PolicyOutcome {
  const input = policyInput(facts)
  const { appraisal } = facts
  let { vector } = appraisal
  let status: Tier = 'none'
  let addedClaims: JsonObject | undefined
  const rules: number[] = []
  try {
    for (const [index, { applies, effect }] of policy.rules.entries()) {
      if (!applies(input)) continue
      rules.push(index)
      const before = vector
      vector = vectorOf((claim) => {
        const wanted = effect.vector.get(claim) ?? 0
        if (wanted === 0) return before[claim]
        return policy.mayRaise || !isBetter(wanted, appraisal.vector[claim])
          ? wanted
          : before[claim]
      })
      if (effect.status !== undefined) status = effect.status
      addedClaims = effect.addedClaims ?? addedClaims
    }
  } catch (error) {
    if (!(error instanceof VerifierError)) throw error
    return { kind: 'malfunction', message: error.message }
  }
  return { kind: 'applied', vector, status: worse(status, worstTier(vector)), rules, addedClaims }
}

/** A value of a better tier; a claim that was not made at all may be made. */
function isBetter(wanted: number, present: number): boolean {
  return present !== 0 && tierNumbers[tierOf(wanted)] < tierNumbers[tierOf(present)]
}

function worse(one: Tier, other: Tier): Tier {
  return tierNumbers[one] > tierNumbers[other] ? one : other
}
