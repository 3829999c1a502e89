/** Value of a binary16 number (RFC 8949 appendix D). */
export function halfToNumber(bits: number): number {
  const sign = (bits & 0x8000) === 0 ? 1 : -1
  const exponent = (bits >> 10) & 0x1f
  const fraction = bits & 0x3ff
  if (exponent === 0) return sign * fraction * 2 ** -24
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15)
}

/** The binary16 number of the same value; nothing when there is none. */
export function numberToHalf(value: number): number | undefined {
  if (Number.isNaN(value)) return 0x7e00
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0
  const magnitude = Math.abs(value)
  if (magnitude === Infinity) return sign | 0x7c00
  if (magnitude === 0) return sign
  const exponent = Math.max(-14, Math.floor(Math.log2(magnitude)))
  const fraction = (magnitude / 2 ** exponent) * 1024
  if (!Number.isInteger(fraction) || exponent > 15) return undefined
  return sign | (fraction < 1024 ? fraction : ((exponent + 15) << 10) + (fraction - 1024))
}
