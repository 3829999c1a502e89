const polynomial = 0x04c1_1db7

/** CRC-32 of the STM32 CRC unit: 32-bit words, little endian in memory, initial value FF…, nothing reflected. */
export function stm32Crc(words: Iterable<number>): number {
  let register = 0xffff_ffff
  for (const word of words) {
    register ^= word
    for (let bit = 0; bit < 32; bit++) {
      register =
        register < 0 || register >= 0x8000_0000 ? (register << 1) ^ polynomial : register << 1
    }
  }
  return register >>> 0
}
