import { encodeUtf8, Secret, toBase64url, toHex, type Random } from '@keyline/bytes'
import { sha256 } from '@keyline/crypto'

/** How long a one-time token is good for. */
export const tokenLifeMs = 24 * 3_600_000

/** A one-time token: 32 random octets, which only the invited member gets to see, and the hash that is kept. */
export interface OneTimeToken {
  /** Base64url, ASCII. */
  readonly token: Secret
  /** SHA-256 of the token as it is written, lower-case hexadecimal. */
  readonly sha256: string
}

export function drawToken(random: Random): OneTimeToken {
  const octets = random.bytes(32)
  const text = toBase64url(octets)
  octets.fill(0)
  return { token: new Secret(encodeUtf8(text)), sha256: tokenHash(text) }
}

/** What the record keeps of a token. */
export function tokenHash(token: string): string {
  return toHex(sha256(encodeUtf8(token)))
}
