/** Unsigned big-endian octets as a number. */
export function integerOf(octets: Uint8Array): bigint {
  let digits = ''
  for (const octet of octets) digits += octet.toString(16).padStart(2, '0')
  return digits === '' ? 0n : BigInt(`0x${digits}`)
}

/** A number as exactly `length` big-endian octets. */
export function octetsOf(value: bigint, length: number): Uint8Array<ArrayBuffer> {
  const octets = new Uint8Array(length)
  let rest = value
  for (let index = length - 1; index >= 0; index--) {
    octets[index] = Number(rest & 0xffn)
    rest >>= 8n
  }
  return octets
}

/** The remainder 0 … modulus − 1, also of a negative number. */
export function remainder(value: bigint, modulus: bigint): bigint {
  const rest = value % modulus
  return rest < 0n ? rest + modulus : rest
}

/** Inverse modulo a prime, by the extended algorithm of Euclid. The value must not be a multiple of it. */
export function inverse(value: bigint, modulus: bigint): bigint {
  let [a, b] = [remainder(value, modulus), modulus]
  let [x, y] = [1n, 0n]
  while (a > 1n) {
    const quotient = b / a
    ;[a, b] = [b % a, a]
    ;[x, y] = [y - quotient * x, x]
  }
  return remainder(x, modulus)
}
