/** What an appraisal may be told to ask for beyond the rules of the reference service (attestation-verifier chapter 7). */
export interface AppraisalSettings {
  /** Whether the signer of a component must be that of its reference value (V22); ignored unless given. */
  readonly signerId?: 'ignore' | 'require' | undefined
  /** A closed set: every reference value must be met by a component; off unless given. */
  readonly requireAllReferences?: boolean | undefined
  /** Takes a device in the state non-psa-rot-debug for trustworthy; on unless given. */
  readonly acceptDebug?: boolean | undefined
}
