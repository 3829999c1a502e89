import { canonicalJson, encodeUtf8, fromBase64, toBase64, type JsonValue } from '@keyline/bytes'
import {
  p256PublicKey,
  p256Spki,
  p256SpkiPrefix,
  signP256,
  verifyP256,
  type P256KeyPair,
} from '@keyline/crypto'
import { z } from 'zod'
import { Verdict } from './verdict.ts'

const hash = z.string().regex(/^[0-9a-f]{64}$/)

/** One unit of a batch: what an owner can check without asking the line. No secret is in it. */
const ManifestUnit = z.strictObject({
  serialNumber: z.string(),
  unit: z.string(),
  board: z.string().optional(),
  verdict: Verdict,
  certificate: z
    .strictObject({
      serialNumber: z.string(),
      sha256: hash,
      publicKeySha256: hash,
    })
    .optional(),
})
export type ManifestUnit = z.infer<typeof ManifestUnit>

const ManifestBody = z.strictObject({
  format: z.literal('keyline-manifest/1'),
  order: z.string(),
  run: z.string(),
  createdAt: z.string(),
  /** Nothing for boards without Matter. */
  product: z.strictObject({ vendorId: z.number(), productId: z.number() }).nullable(),
  images: z.strictObject({
    provisioning: hash.nullable(),
    application: hash,
    certificationDeclaration: hash.nullable(),
  }),
  units: z.array(ManifestUnit),
  /** Head of the audit chain after the last record of the batch. Source: issuing, section 6. */
  audit: z.strictObject({ seq: z.number().int().min(0), hash }),
})
export type ManifestBody = z.infer<typeof ManifestBody>

/**
 * The batch manifest. The signature is ECDSA P-256 with SHA-256, r ‖ s, over the canonical JSON (RFC 8785)
 * of the document without `signature`.
 */
export const Manifest = ManifestBody.extend({
  signature: z.strictObject({
    algorithm: z.literal('ES256'),
    /** SubjectPublicKeyInfo, base64. */
    publicKey: z.string(),
    value: z.string(),
  }),
})
export type Manifest = z.infer<typeof Manifest>

export function signManifest(body: ManifestBody, key: P256KeyPair): Manifest {
  const value = toBase64(signP256(key, signedOctets(body)))
  const publicKey = toBase64(p256Spki(key.publicKey.point))
  return { ...body, signature: { algorithm: 'ES256', publicKey, value } }
}

/** True when the signature is by the key that the manifest names. Whose key that is, the caller decides. */
export function isManifestSigned(manifest: Manifest): boolean {
  const { signature, ...body } = manifest
  try {
    const spki = fromBase64(signature.publicKey)
    const publicKey = p256PublicKey(spki.subarray(p256SpkiPrefix.length))
    const value = fromBase64(signature.value)
    return verifyP256({ publicKey, message: signedOctets(body), signature: value })
  } catch {
    return false
  }
}

function signedOctets(body: { readonly [member: string]: JsonValue | undefined }): Uint8Array {
  return encodeUtf8(canonicalJson(body))
}
