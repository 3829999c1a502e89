import type { Random } from '@keyline/bytes'

/**
 * A generator that asks another for whole blocks: a unit draws a dozen small values, and each call of the system's
 * generator costs as much as thousands of octets. What was handed out is wiped from the block.
 */
export function blockRandom(random: Random, blockOctets = 16_384): Random {
  let block = new Uint8Array(0)
  let used = 0
  return {
    bytes(length) {
      if (length > blockOctets) return random.bytes(length)
      if (used + length > block.length) {
        block = random.bytes(blockOctets)
        used = 0
      }
      const octets = block.slice(used, used + length)
      block.fill(0, used, used + length)
      used += length
      return octets
    },
  }
}
