/** What a run of checks came to. */
export interface Tally {
  readonly passed: number
  readonly failed: number
}

export function addTally(a: Tally, b: Tally): Tally {
  return { passed: a.passed + b.passed, failed: a.failed + b.failed }
}

/** The last line of every command that tests something. */
export function tallyLine(tally: Tally): string {
  return `${tally.passed} passed, ${tally.failed} failed`
}
