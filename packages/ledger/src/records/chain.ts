import { canonicalJson, encodeUtf8, fromHex, toHex, type JsonValue } from '@keyline/bytes'
import { sha256 } from '@keyline/crypto'

/** Hash in front of the first record: 32 zero octets. */
export const chainStart = '0'.repeat(64)

/**
 * hash = SHA-256(previous hash as octets ‖ canonical JSON of the record without `hash`).
 * Journal and audit log are chained by it. Source: issuing, section 6.
 */
export function chainHash(
  previous: string,
  record: { readonly [member: string]: JsonValue | undefined },
): string {
  const { hash: _, ...rest } = record
  return toHex(sha256(fromHex(previous), encodeUtf8(canonicalJson(rest))))
}
