import { toHex, type Random } from '@keyline/bytes'

const form = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

/** A UUID of version 4 (RFC 9562 section 5.4), in lower case. */
export function drawUuid(random: Random): string {
  const octets = random.bytes(16)
  octets[6] = ((octets[6] ?? 0) & 0x0f) | 0x40
  octets[8] = ((octets[8] ?? 0) & 0x3f) | 0x80
  return toHex(octets).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}

/** A UUID of any version in lower case; nothing for a text that is none. */
export function readUuid(text: string): string | undefined {
  const lower = text.toLowerCase()
  return form.test(lower) ? lower : undefined
}
