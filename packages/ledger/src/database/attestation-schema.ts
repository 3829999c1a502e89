/** The part of the schema that the verifier of attestation tokens keeps its record in (attestation-verifier 4.3). */
export interface AttestationTables {
  readonly endorsement_tenant: { tenant: string; imports: number }
  readonly endorsement_source: EndorsementSourceRow
  readonly trust_key: TrustKeyRow
  readonly trust_anchor: TrustAnchorRow
  readonly reference_value: ReferenceValueRow
  readonly certification: CertificationRow
  readonly x509_anchor: X509AnchorRow
  readonly x509_denied: X509DeniedRow
  readonly trust_change: TrustChangeRow
  readonly corim: CorimRow
  readonly policy: PolicyRow
  readonly attestation_session: AttestationSessionRow
  readonly used_nonce: UsedNonceRow
  readonly appraisal: AppraisalRow
  readonly verifier_credential: VerifierCredentialRow
}

/** Where statements come from: a CoRIM with its period. Anchors name it by its number. */
export interface EndorsementSourceRow {
  tenant: string
  number: number
  corim_id: string
  /** Seconds since 1970. */
  not_before: number | null
  not_after: number | null
}

/** The one key of an instance. */
export interface TrustKeyRow {
  tenant: string
  /** 33 octets. */
  instance_id: Uint8Array
  kind: 'P-256' | 'P-384' | 'P-521' | 'symmetric'
  /** X ‖ Y; of a symmetric key the sealed secret. */
  key: Uint8Array
  state: 'active' | 'revoked'
  /** The unit of this ledger that has the key. */
  unit_id: string | null
  /** Number of the import that gave the instance its key. */
  import: number | null
}

/** An implementation that the instance is known under. */
export interface TrustAnchorRow {
  tenant: string
  instance_id: Uint8Array
  /** 32 octets. */
  implementation_id: Uint8Array
  /** Null where the line registered the device itself. */
  source: number | null
}

export interface ReferenceValueRow {
  tenant: string
  implementation_id: Uint8Array
  /** SHA-256 over what the value says. */
  print: Uint8Array
  /** JSON: pairs of algorithm, or null, and value in hexadecimal. */
  digests: string
  signer_id: Uint8Array
  name: string | null
  version: string | null
  vendor: string | null
  model: string | null
  source: number
}

export interface CertificationRow {
  tenant: string
  implementation_id: Uint8Array
  number: string
  /** CoMID with one conditional triple. */
  comid: Uint8Array
  source: number
}

export interface X509AnchorRow {
  tenant: string
  /** SHA-256 of the certificate. */
  sha256: string
  subject: string
  der: Uint8Array
  /** JSON array; null: those of STM32 chips. */
  subject_prefixes: string | null
  accept_unregistered: 0 | 1
  added_at: number
}

export interface X509DeniedRow {
  tenant: string
  kind: 'serial-number' | 'subject' | 'key-hash'
  value: string
  reason: string
  denied_at: number
}

/** What another process may hold in memory and must forget. The newest rows are kept. */
export interface TrustChangeRow {
  seq: number
  tenant: string
  kind: 'anchor' | 'implementation' | 'certificates' | 'policy'
  /** Instance id or implementation id in hexadecimal, or a scheme; null: all of the kind. */
  subject: string | null
}

export interface CorimRow {
  tenant: string
  corim_id: string
  sha256: string
  octets: number
  signer: string | null
  submitted_by: string
  submitted_at: number
}

export interface PolicyRow {
  tenant: string
  scheme: string
  uuid: string
  name: string
  type: string
  rules: string
  active: 0 | 1
  created_at: number
}

export interface AttestationSessionRow {
  tenant: string
  id: string
  nonce: Uint8Array
  expires_at: number
  state: 'waiting' | 'processing' | 'complete' | 'failed'
  dialect: string | null
  media_type: string | null
  evidence: Uint8Array | null
  request_hash: string | null
  result: string | null
}

export interface UsedNonceRow {
  tenant: string
  nonce_key: Uint8Array
  request_hash: string
  expires_at: number
}

export interface AppraisalRow {
  tenant: string
  at: number
  session_hash: string
  media_type: string
  evidence_hash: string
  implementation_id: string | null
  instance_id: string | null
  outcome: 'genuine' | 'contraindicated' | 'could-not-check'
  status: string | null
  /** JSON object. */
  vector: string | null
  /** JSON array. */
  codes: string
  policy_id: string | null
  key_id: string | null
}

/** For all tenants. */
export interface VerifierCredentialRow {
  name: string
  kind: 'password' | 'api-key'
  /** JSON array. */
  roles: string
  verifier: string
  expires_at: number | null
  created_at: number
}
