import type { Evidence, EvidenceKind } from '@keyline/ledger/records'

/** What a kind of evidence proves, and by whom. */
export interface EvidenceRule {
  readonly kind: EvidenceKind
  readonly proves: string
}

/**
 * The evidence that PASS needs on an STM32WBA6 without OEMiRoT.
 * Source: provisioning-station section 10; fault matrix, promise P3.
 */
export const evidenceForWbaSecurity0: readonly EvidenceRule[] = [
  { kind: 'request', proves: 'the board signed its certificate request with its own key' },
  {
    kind: 'chain',
    proves: 'the certificate passes the lint, its chain holds, its key is the board’s',
  },
  {
    kind: 'exchange',
    proves: 'the board reported finish:000, or was asked and holds what was issued',
  },
  { kind: 'data', proves: 'the factory data read back equal the image and the issued credentials' },
  { kind: 'firmware', proves: 'the application read back has the hash of the work order' },
  { kind: 'key', proves: 'the installed key signed a fresh challenge' },
  { kind: 'attestation', proves: 'the commissioner’s checks ATT-02 to ATT-25 hold' },
  { kind: 'payload', proves: 'the onboarding code recomputed from the read-back is the unit’s' },
]

export interface EvidenceReview {
  readonly complete: boolean
  readonly missing: readonly EvidenceKind[]
  readonly wrong: readonly Evidence[]
}

/** Compares what is there with what PASS needs. Of a kind given twice, each piece must hold. */
export function reviewEvidence(
  rules: readonly EvidenceRule[],
  evidence: readonly Evidence[],
): EvidenceReview {
  const present = new Set(evidence.map((piece) => piece.kind))
  const missing = rules.map((rule) => rule.kind).filter((kind) => !present.has(kind))
  const wrong = evidence.filter((piece) => !piece.ok)
  return { complete: missing.length === 0 && wrong.length === 0, missing, wrong }
}
