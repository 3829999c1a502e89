import { z } from 'zod'

const hash = z
  .string()
  .regex(/^[0-9a-f]{64}$/, 'must be 64 lower-case hexadecimal digits (SHA-256)')

/** One piece of software as the tokens of the order's boards must report it (attestation 8.5). */
const ExpectedSoftware = z.strictObject({
  type: z
    .string()
    .regex(/^(?:BL|PRoT|ARoT|App|TS)(?:_CONFIG)?$/)
    .optional()
    .describe('measurement type, such as App or PRoT; any unless given'),
  version: z.string().min(1).max(64).optional().describe('any unless given'),
  sha256: hash
    .optional()
    .describe('its measurement; the hash of the application of the order unless given'),
  signer: hash.describe('SHA-256 of the public key of who signed it'),
})

/** An authority that certifies the keys of chips (attestation 7.3). */
const ChipAuthority = z.strictObject({
  file: z.string().min(1).describe('certificate in DER or PEM; path relative to the work order'),
  sha256: hash,
  simulated: z
    .boolean()
    .optional()
    .describe('true: an authority of simulated chips; policy "production" refuses it'),
})

/** Attestation of the boards of an order: what is asked of them, and what a verifier gets of them. */
export const OrderAttestation = z.strictObject({
  required: z
    .boolean()
    .default(true)
    .describe('false: a board that gives no token passes all the same'),
  tenant: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/)
    .default('0')
    .describe('of the verifier that gets keys and reference values'),
  software: z
    .array(ExpectedSoftware)
    .min(1)
    .max(64)
    .describe('every component that a token may report: the reference values of the order'),
  authorities: z
    .array(ChipAuthority)
    .min(1)
    .max(16)
    .optional()
    .describe('X.509 anchors of boards whose key comes with a certificate'),
})
export type OrderAttestation = z.infer<typeof OrderAttestation>
