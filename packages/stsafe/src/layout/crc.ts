const table = Uint16Array.from({ length: 256 }, (_, octet) => {
  let value = octet
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0x8408 : value >>> 1
  return value
})

/** CRC-16/X-25 over the concatenation of the parts (section 2.3); it travels high octet first. */
export function crc16(...parts: readonly Uint8Array[]): number {
  let crc = 0xffff
  for (const part of parts) {
    for (const octet of part) crc = (crc >>> 8) ^ (table[(crc ^ octet) & 0xff] ?? 0)
  }
  return crc ^ 0xffff
}
