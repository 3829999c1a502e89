import { trustClaims, type TrustClaim } from '@keyline/eat'

/** All eight claims, as the service writes them. */
export type FullTrustVector = Readonly<Record<TrustClaim, number>>

/** Values of trustworthiness claims that appraisals give (AR4SI; attestation-verifier chapter 7). */
export const TrustValue = {
  malfunction: -1,
  noClaim: 0,
  unexpectedEvidence: 1,
  /** Recognised, genuine, approved, encrypted, hardware-backed. */
  affirming: 2,
  unrecognisedSoftware: 33,
  /** Recognised and not trustworthy; memory visible, secrets unencrypted. */
  contraindicated: 96,
  unrecognisedInstance: 97,
  cryptoFailed: 99,
} as const

/** A vector of one value in all claims. */
export function uniformVector(value: number): FullTrustVector {
  return vectorOf(() => value)
}

export function vectorOf(valueOf: (claim: TrustClaim) => number): FullTrustVector {
  const [identity, configuration, executables, files, hardware, runtime, storage, sourced] =
    trustClaims
  return {
    [identity]: valueOf(identity),
    [configuration]: valueOf(configuration),
    [executables]: valueOf(executables),
    [files]: valueOf(files),
    [hardware]: valueOf(hardware),
    [runtime]: valueOf(runtime),
    [storage]: valueOf(storage),
    [sourced]: valueOf(sourced),
  }
}
