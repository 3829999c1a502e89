import { z } from 'zod'

/** PASS, FAIL (the board is bad), ERROR (we could not do it), QUARANTINE (state unknown, a person decides). */
export const Verdict = z.enum(['PASS', 'FAIL', 'ERROR', 'QUARANTINE'])
export type Verdict = z.infer<typeof Verdict>

/** The kinds of evidence of provisioning-station section 10 and promise P3. */
export const EvidenceKind = z.enum([
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
])
export type EvidenceKind = z.infer<typeof EvidenceKind>

/** One piece of proof: what was read back or shown by the board itself, never what was merely sent. */
export const Evidence = z.strictObject({
  kind: EvidenceKind,
  ok: z.boolean(),
  /** Short facts: hashes, codes, counts. Never a secret. */
  facts: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
})
export type Evidence = z.infer<typeof Evidence>

/** Why a verdict is what it is, for the passport and the summary. */
export const VerdictRecord = z.strictObject({
  verdict: Verdict,
  /** Stable code of the error or finding that decided, or `complete`. */
  reason: z.string(),
  message: z.string(),
  remedy: z.string(),
  evidence: z.array(Evidence),
})
export type VerdictRecord = z.infer<typeof VerdictRecord>

/** What must be said of a unit beside its verdict. */
export type UnitMark = 'key unproven' | 'demo'

/**
 * Marks of a unit, from its evidence: firmware that cannot sign has not proven its key, and published credentials
 * make a demonstration device. Source: provisioning-station sections 2.6 and 10.
 */
export function marksOf(record: { readonly evidence: readonly Evidence[] }): readonly UnitMark[] {
  const has = (fact: 'unproven' | 'demo'): boolean =>
    record.evidence.some(({ facts }) => facts[fact] === true)
  return [
    ...(has('unproven') ? (['key unproven'] as const) : []),
    ...(has('demo') ? (['demo'] as const) : []),
  ]
}
