import { fromHex, toHex } from '@keyline/bytes'

/** Unsigned big-endian octets as a number. */
export function numberOf(octets: Uint8Array): bigint {
  return octets.length === 0 ? 0n : BigInt(`0x${toHex(octets)}`)
}

/** A number below 256^length as exactly that many big-endian octets. */
export function octetsOf(value: bigint, length: number): Uint8Array<ArrayBuffer> {
  return fromHex(value.toString(16).padStart(2 * length, '0'), 'number')
}

export function bitLength(value: bigint): number {
  return value === 0n ? 0 : value.toString(2).length
}

const windowBits = 5

/** base^exponent mod modulus, by windows of the exponent. Not constant in time: for simulated chips alone. */
export function powerModulo(base: bigint, exponent: bigint, modulus: bigint): bigint {
  const powers = [1n]
  for (let index = 1; index < 1 << windowBits; index++) {
    powers.push(((powers[index - 1] ?? 1n) * base) % modulus)
  }
  const digits = exponent.toString(1 << windowBits)
  let result = 1n
  for (const digit of digits) {
    for (let bit = 0; bit < windowBits; bit++) result = (result * result) % modulus
    const power = powers[Number.parseInt(digit, 1 << windowBits)] ?? 1n
    if (power !== 1n) result = (result * power) % modulus
  }
  return result
}
