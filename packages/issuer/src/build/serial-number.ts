import type { Random } from '@keyline/bytes'

/** 64 random bits with the top bit clear, never 0. Source: station 8.2. */
export function drawSerialNumber(random: Random): Uint8Array<ArrayBuffer> {
  for (;;) {
    const octets = random.bytes(8)
    octets[0] = (octets[0] ?? 0) & 0x7f
    if (octets.some((octet) => octet !== 0)) return octets
  }
}
