/** The two ways of writing a result (attestation-verifier 9.1). */
export type EarDialect = 'veraison-2023' | 'ietf-2026-03'

/** Members of a result whose names differ from dialect to dialect, and their keys in CBOR. */
export interface DialectNames {
  readonly verifierId: string
  readonly rawEvidence: string
  readonly status: string
  readonly vector: string
  /** One text in the dialect of 2023, a list in that of the working group. */
  readonly policy: string
  readonly annotatedEvidence: string
  readonly policyClaims: string
  readonly keyAttestation: string
}

export interface DialectEntry {
  readonly dialect: EarDialect
  /** The first is written. */
  readonly profiles: readonly [string, ...string[]]
  readonly names: DialectNames
}

export const earDialects: Readonly<Record<EarDialect, DialectEntry>> = {
  'veraison-2023': {
    dialect: 'veraison-2023',
    profiles: [
      'tag:github.com,2023:veraison/ear',
      'tag:github.com,2024:confidential-containers/Trustee',
    ],
    names: {
      verifierId: 'ear.verifier-id',
      rawEvidence: 'ear.raw-evidence',
      status: 'ear.status',
      vector: 'ear.trustworthiness-vector',
      policy: 'ear.appraisal-policy-id',
      annotatedEvidence: 'ear.veraison.annotated-evidence',
      policyClaims: 'ear.veraison.policy-claims',
      keyAttestation: 'ear.veraison.key-attestation',
    },
  },
  'ietf-2026-03': {
    dialect: 'ietf-2026-03',
    profiles: ['tag:ietf.org,2026:rats/ear#03'],
    names: {
      verifierId: 'ear_verifier_id',
      rawEvidence: 'ear_raw_evidence',
      status: 'ear_status',
      vector: 'ear_trustworthiness_vector',
      policy: 'ear_appraisal_policy_ids',
      annotatedEvidence: 'ear_veraison_annotated_evidence',
      policyClaims: 'ear_veraison_policy_claims',
      keyAttestation: 'ear_veraison_key_attestation',
    },
  },
}

/** Keys in CBOR: of the members above, and of those whose names are the same in both dialects. */
export const EarKey = {
  profile: 265,
  issuedAt: 6,
  expiresAt: 4,
  nonce: 10,
  submods: 266,
  verifierId: 1004,
  rawEvidence: 1002,
  status: 1000,
  vector: 1001,
  policy: 1003,
  annotatedEvidence: -70000,
  policyClaims: -70001,
  keyAttestation: -70002,
} as const

/** Keys of the verifier id in CBOR. */
export const VerifierIdKey = { developer: 0, build: 1 } as const

/** The dialect of a profile text. */
export function dialectOf(profile: unknown): DialectEntry | undefined {
  return Object.values(earDialects).find(({ profiles }) => profiles.some((one) => one === profile))
}
