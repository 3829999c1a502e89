import { z } from 'zod'

const pem = z.string().max(65_536)

/** Configuration of who may sign CoRIMs (V17). */
export const signerSettings = z.strictObject({
  /** Public keys in PEM, on P-256, P-384 or P-521. */
  keys: z.array(pem).max(1_000).default([]),
  /** Certificates of authorities in PEM; their signers send their own along. */
  authorities: z.array(pem).max(100).default([]),
  /** Refuses unsigned CoRIMs; as soon as a signer is named, unless given. */
  requireSigned: z.boolean().optional(),
})
