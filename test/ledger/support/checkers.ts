/** Judges what a run gave out, from its results alone. Each returns what is wrong; nothing is good. */

export interface QuotaRun {
  readonly limit: number
  /** One entry for each certificate that a caller received. */
  readonly received: readonly string[]
  /** What the store says it has used. */
  readonly recorded: number
}

/** P2 and P5: issued ≤ limit, everything received is recorded, nothing was received twice. */
export function quotaViolations({ limit, received, recorded }: QuotaRun): readonly string[] {
  const violations: string[] = []
  if (received.length > limit) violations.push(`${received.length} received, ${limit} allowed`)
  if (recorded > limit) violations.push(`${recorded} recorded, ${limit} allowed`)
  if (recorded < received.length) {
    violations.push(`${received.length} received, only ${recorded} recorded`)
  }
  if (new Set(received).size !== received.length) violations.push('a certificate was given twice')
  return violations
}

/** P1: no serial number twice. And none is missing between the first and the last. */
export function serialViolations(serials: readonly string[]): readonly string[] {
  const violations: string[] = []
  const seen = new Set<string>()
  for (const serial of serials) {
    if (seen.has(serial)) violations.push(`${serial} was given twice`)
    seen.add(serial)
  }
  const numbers = [...seen].map((serial) => Number(/\d+/.exec(serial)?.[0]))
  const first = Math.min(...numbers)
  for (let number = first; number <= Math.max(...numbers); number++) {
    if (!numbers.includes(number)) violations.push(`number ${number} is missing`)
  }
  return violations
}
