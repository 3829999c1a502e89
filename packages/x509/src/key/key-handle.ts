import { p256PublicKey, sha1, type P256PublicKey } from '@keyline/crypto'
import type { SubjectPublicKeyInfo } from './public-key.ts'

/** What has a public key: a certificate or a request. */
export interface KeyHolder {
  readonly spki: SubjectPublicKeyInfo
}

const handles = new WeakMap<SubjectPublicKeyInfo, P256PublicKey>()

/** The P-256 key of a certificate or request, imported when first asked for, and kept as long as it; undefined when it has none. */
export function publicKeyOf({ spki }: KeyHolder): P256PublicKey | undefined {
  const known = handles.get(spki)
  if (known !== undefined) return known
  const { point } = spki
  if (point === undefined) return undefined
  const key = p256PublicKey(point)
  handles.set(spki, key)
  return key
}

/** Key identifier as certificate makers derive it: SHA-1 of the 65-octet point, 20 octets (RFC 5280 section 4.2.1.2). */
export function keyIdentifier(point: Uint8Array): Uint8Array<ArrayBuffer> {
  return sha1(point)
}
