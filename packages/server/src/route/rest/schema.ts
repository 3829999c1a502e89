import { z } from '@hono/zod-openapi'
import { memberName } from '../../identity/member.ts'
import { boardForm, serialNumberForm, unitIdForm } from '../issue.ts'
import { revocationReason } from '../service.ts'

export const orderId = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/)
export const sha256Hex = z.string().regex(/^[0-9a-f]{64}$/)
const base64 = z.base64().describe('DER in base64')
const time = z.iso.datetime()

export const DacBody = z.strictObject({
  unit: z.string().regex(unitIdForm).describe('id of the unit, chosen by the station'),
  serialNumber: z.string().regex(serialNumberForm).optional(),
  board: z.string().regex(boardForm).optional().describe('96-bit UID of the STM32'),
  csr: z.string().max(16_384).describe('PKCS#10 DER in base64'),
})

export const DacReply = z.strictObject({
  dac: base64,
  pai: base64,
  paa: base64,
  sha256: sha256Hex.describe('of the device certificate'),
  serialNumber: z.string().describe('of the device certificate, hexadecimal'),
  replayed: z.boolean().describe('true when the same request was answered before'),
})

export const RecallReply = z.strictObject({
  sha256: sha256Hex,
  unit: z.string(),
  requestHash: sha256Hex.describe('of order, unit, identity and CSR of the request'),
  issuerKeyId: z.string(),
  serialNumber: z.string(),
  state: z.enum(['live', 'void']),
  certificate: base64,
})

export const OrderReply = z.strictObject({
  id: orderId,
  vendorId: z.int(),
  productId: z.int(),
  policy: z.enum(['test', 'production']),
  state: z.enum(['open', 'paused', 'closed']),
  quantity: z.int(),
  certificateLimit: z.int(),
  certificatesUsed: z.int(),
  stations: z.array(z.string()).optional(),
  opens: time.optional(),
  closes: time.optional(),
})

export const CertificateReply = z.strictObject({
  sha256: sha256Hex,
  order: orderId,
  unit: z.string(),
  issuerKeyId: z.string(),
  serialNumber: z.string(),
  state: z.enum(['live', 'void']),
  issuedAt: time,
  station: z.string().optional(),
  certificate: base64,
})

export const RevokeBody = z.strictObject({ reason: z.enum(revocationReason) })

export const RevocationReply = z.strictObject({
  issuerKeyId: z.string(),
  serialNumber: z.string(),
  reason: z.enum(revocationReason),
  revokedAt: time,
})

export const RoleName = z.enum(['owner', 'officer', 'station', 'operator', 'auditor'])

export const InviteBody = z.strictObject({
  name: z.string().regex(memberName),
  role: RoleName,
})

export const InviteReply = z.strictObject({
  name: z.string(),
  role: RoleName,
  token: z.string().describe('shown this once; good for one enrolment'),
  expiresAt: time,
})

export const BlockBody = z.strictObject({ reason: z.string().min(1).max(200) })

export const MemberReply = z.strictObject({
  name: z.string(),
  role: RoleName,
  state: z.enum(['invited', 'active', 'blocked']),
  certificateSha256: z.string().optional(),
  notAfter: time.optional(),
  blockReason: z.string().optional(),
  createdAt: time,
})

export const CaReply = z.strictObject({
  pai: base64,
  paa: base64,
  service: base64.describe('the CA of servers and members; no device certificate leads to it'),
})

export const Problem = z.strictObject({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  code: z.string().describe('see `keyline explain CODE`'),
  detail: z.string(),
  remedy: z.string(),
  rule: z.string().optional().describe('the rule that the request breaks, such as CSR-05'),
})
