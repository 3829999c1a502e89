const counter = /\{(#{1,12})\}/

/** Most numbers that a pattern such as `KL-{######}` can give. */
export function patternCapacity(pattern: string): number {
  const digits = counter.exec(pattern)?.[1]?.length ?? 0
  return 10 ** digits - 1
}

/** The longest serial number of a pattern, for length checks before the first unit. */
export function longestSerialNumber(pattern: string): string {
  return pattern.replace(counter, (_, digits: string) => '9'.repeat(digits.length))
}
