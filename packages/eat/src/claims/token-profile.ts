/** The profiles of tokens, by the exact text of their profile claim (attestation 8.1). */
export const TokenProfile = {
  /** RFC 9783. */
  psa2023: 'tag:psacertified.org,2023:psa#tfm',
  psa1: 'PSA_IOT_PROFILE_1',
  psa2: 'http://arm.com/psa/2.0.0',
} as const
export type TokenProfile = (typeof TokenProfile)[keyof typeof TokenProfile]
