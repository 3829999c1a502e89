import { canonicalJson, encodeUtf8, fromHex, toHex, type JsonValue } from '@keyline/bytes'
import { sha256 } from '@keyline/crypto'

/** Hash in front of the first record: 32 zero octets. */
export const chainStart = '0'.repeat(64)

type Unchained = { readonly [member: string]: JsonValue | undefined }

/**
 * hash = SHA-256(previous hash as octets ‖ canonical JSON of the record without `hash`).
 * Journal and audit log are chained by it. Source: issuing, section 6.
 */
export function chainHash(previous: string, record: Unchained): string {
  const { hash: _, ...rest } = record
  return hashOf(previous, canonicalJson(rest))
}

/** The same for a record that has no hash yet: its hash, and the line of JSON that holds both. */
export function chainLine(
  previous: string,
  record: Unchained,
): { readonly hash: string; readonly line: string } {
  const text = canonicalJson(record)
  const hash = hashOf(previous, text)
  return { hash, line: `${text.slice(0, -1)},"hash":"${hash}"}` }
}

function hashOf(previous: string, canonical: string): string {
  return toHex(sha256(fromHex(previous), encodeUtf8(canonical)))
}
