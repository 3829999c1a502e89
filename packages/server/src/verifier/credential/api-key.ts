import { encodeUtf8, Secret, toBase64url, toHex, type Random } from '@keyline/bytes'
import { sha256 } from '@keyline/crypto'

/** A new API key, which only its holder gets to see, and the hash that is kept. */
export interface ApiKey {
  /** `keyline_` and 43 characters of base64url, in ASCII. */
  readonly key: Secret
  /** SHA-256 of the key as it is written, lower-case hexadecimal. */
  readonly sha256: string
}

/** Stands before each key, so that scanners find one that was left in a file. */
const prefix = 'keyline_'
const form = /^keyline_[A-Za-z0-9_-]{43}$/

/** Draws 256 bits. A hash without salt or cost is enough for what nobody can guess. */
export function drawApiKey(random: Random): ApiKey {
  const octets = random.bytes(32)
  const key = new Secret(encodeUtf8(prefix + toBase64url(octets)))
  octets.fill(0)
  return { key, sha256: toHex(sha256(key.reveal())) }
}

/** What the record keeps of a key; nothing for a text that is none. */
export function apiKeyHash(text: string): string | undefined {
  return form.test(text) ? toHex(sha256(encodeUtf8(text))) : undefined
}
