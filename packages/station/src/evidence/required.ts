import type { Evidence, EvidenceKind, WorkOrder } from '@keyline/ledger/records'

/** What a kind of evidence proves, and by whom. */
export interface EvidenceRule {
  readonly kind: EvidenceKind
  readonly proves: string
}

/** What each kind proves. Source: provisioning-station section 10; fault matrix, promise P3. */
const proofs: Readonly<Record<EvidenceKind, string>> = {
  request: 'the board signed its certificate request with its own key',
  chain: 'the certificate passes the lint, its chain holds, its key is the board’s',
  exchange: 'the board reported finish:000, or was asked and holds what was issued',
  data: 'the factory data read back equal the image and the issued credentials',
  firmware: 'the application read back has the hash of the work order',
  key: 'the installed key signed a fresh challenge',
  attestation: 'the commissioner’s checks ATT-02 to ATT-25 hold',
  payload: 'the onboarding code recomputed from the read-back is the unit’s',
  update: 'the boot loader has consumed the magic trailer and kept the application',
  version: 'the application runs and reports its version',
  element: 'the secure element is the one that the unit began with, and holds the keys of the host',
  'attestation-key': 'the attestation key of the board signed a token over a fresh challenge',
  protection:
    'the board reports the read-out protection of the work order, or refuses the debug port',
}

function rulesOf(...kinds: readonly EvidenceKind[]): readonly EvidenceRule[] {
  return kinds.map((kind) => ({ kind, proves: proofs[kind] }))
}

/** Every kind of evidence that a flow may need. */
export const knownEvidence: readonly EvidenceRule[] = rulesOf(
  'request',
  'chain',
  'exchange',
  'data',
  'firmware',
  'key',
  'attestation',
  'payload',
  'update',
  'version',
  'element',
  'attestation-key',
  'protection',
)

/** The evidence that PASS needs where the programmer writes the application to where it runs. */
export const evidenceForWbaSecurity0: readonly EvidenceRule[] = rulesOf(
  'request',
  'chain',
  'exchange',
  'data',
  'firmware',
  'key',
  'attestation',
  'payload',
)

/** The same where a boot loader installs the application. An application that answers no questions has no version. */
export function evidenceForSecureBoot({
  application,
}: Partial<Pick<WorkOrder, 'application'>>): readonly EvidenceRule[] {
  const update = application === 'silent' ? rulesOf('update') : rulesOf('update', 'version')
  return [...evidenceForWbaSecurity0, ...update]
}

/** What an order asks for beyond its platform. */
export const evidenceForElement: readonly EvidenceRule[] = rulesOf('element')
export const evidenceForAttestation: readonly EvidenceRule[] = rulesOf('attestation-key')
/** The evidence of a board without Matter. */
export const evidenceForDevice: readonly EvidenceRule[] = rulesOf('firmware', 'attestation-key')
export const evidenceForProtection: readonly EvidenceRule[] = rulesOf('protection')

/** What firmware that stores published credentials cannot give: nothing is issued, and nothing is attested. */
const beyondDemo: ReadonlySet<EvidenceKind> = new Set(['request', 'chain', 'attestation'])

/** The evidence that is left to a board with published credentials. Source: provisioning-station section 10. */
export function withoutIssuing(rules: readonly EvidenceRule[]): readonly EvidenceRule[] {
  return rules.filter(({ kind }) => !beyondDemo.has(kind))
}

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
