import { z } from 'zod'

/** Place and hash of a record: the anchor that a signed manifest carries. Sequence 0 is the empty chain. */
export const AuditHead = z.strictObject({
  seq: z.number().int().min(0),
  hash: z.string().regex(/^[0-9a-f]{64}$/),
})
export type AuditHead = z.infer<typeof AuditHead>

/** Facts of an act: ids, hashes, codes, counts. Never a secret. */
export type AuditData = Readonly<Record<string, string | number | boolean>>

/** One line of the audit log. Source: issuing, section 6. */
export const AuditRecord = z.strictObject({
  seq: z.number().int().min(1),
  /** RFC 3339, UTC. */
  time: z.string().regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z$/),
  type: z.string().min(1),
  actor: z.string().min(1),
  data: z.record(z.string(), z.json()),
  hash: z.string().regex(/^[0-9a-f]{64}$/),
})
export type AuditRecord = z.infer<typeof AuditRecord>

/** What may stand in `type`. */
export type AuditType =
  | 'order.created'
  | 'order.paused'
  | 'order.resumed'
  | 'order.closed'
  | 'batch.opened'
  | 'batch.recorded'
  | 'unit.reserved'
  | 'unit.adopted'
  | 'unit.reopened'
  | 'unit.bound'
  | 'unit.decided'
  | 'unit.ended'
  | 'unit.reworked'
  | 'unit.scrapped'
  | 'label.printed'
  | 'certificate.issued'
  | 'certificate.refused'
  | 'certificate.voided'
  | 'secrets.revealed'
  | 'setting.changed'
  | 'member.invited'
  | 'member.enrolled'
  | 'member.renewed'
  | 'member.blocked'
  | 'member.unblocked'
  | 'certificate.revoked'
  | 'crl.opened'
  | 'crl.built'
  | 'ledger.reconciled'
  | 'device.registered'
  | 'device.revoked'
  | 'device.reinstated'
  | 'endorsements.imported'
  | 'corim.submitted'
  | 'authority.trusted'
  | 'authority.removed'
  | 'certificate.denied'
  | 'certificate.allowed'
  | 'policy.added'
  | 'policy.activated'
  | 'policy.deactivated'
  | 'credential.added'
  | 'credential.removed'
