const table = Uint32Array.from({ length: 256 }, (_, start) => {
  let value = start
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1
  return value >>> 0
})

/** CRC-32 of IEEE 802.3: reflected, initial value and final inversion all ones. Result 0 … 2^32 − 1. */
export function crc32(octets: Uint8Array): number {
  let value = 0xffffffff
  for (const octet of octets) value = (value >>> 8) ^ (table[(value ^ octet) & 0xff] ?? 0)
  return (value ^ 0xffffffff) >>> 0
}
