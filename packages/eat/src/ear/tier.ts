/** Overall judgement of an appraisal, and its number in CBOR. */
export const tierNumbers = { none: 0, affirming: 2, warning: 32, contraindicated: 96 } as const
export type Tier = keyof typeof tierNumbers

/** Trustworthiness claims (AR4SI) in the order of their numbers 0 … 7. */
export const trustClaims = [
  'instance-identity',
  'configuration',
  'executables',
  'file-system',
  'hardware',
  'runtime-opaque',
  'storage-opaque',
  'sourced-data',
] as const
export type TrustClaim = (typeof trustClaims)[number]

/** Values of -128 … 127; a claim that is left out says nothing. */
export type TrustVector = Readonly<Partial<Record<TrustClaim, number>>>

/** Greatest distance from 0 of each tier: positive values are the claims of standards, negative ones private. */
const affirmingReach = 32
const warningReach = 96

/** The tier of one claim. */
export function tierOf(value: number): Tier {
  if (value >= -1 && value <= 1) return 'none'
  const reach = value < 0 ? -value - 1 : value
  if (reach < affirmingReach) return 'affirming'
  return reach < warningReach ? 'warning' : 'contraindicated'
}

/** The worst tier of a vector, `none` for an empty one. */
export function worstTier(vector: TrustVector): Tier {
  let worst: Tier = 'none'
  for (const value of Object.values(vector)) {
    const tier = tierOf(value)
    if (tierNumbers[tier] > tierNumbers[worst]) worst = tier
  }
  return worst
}

/** A tier from its name or its number. */
export function readTier(value: unknown): Tier | undefined {
  return tiers.find((tier) => tier === value || tierNumbers[tier] === value)
}

const tiers: readonly Tier[] = ['none', 'affirming', 'warning', 'contraindicated']
