import type { Status } from '@keyline/stsafe/layout'

/** The chip answers this status and nothing else. Never leaves the chip. */
export class Refusal extends Error {
  readonly status: Status

  constructor(status: Status) {
    super(`status ${status}`)
    this.status = status
  }
}

/** The value, unless it is missing: then the chip refuses. */
export function present<T>(value: T | undefined, status: Status): T {
  if (value === undefined) throw new Refusal(status)
  return value
}

/** @throws Refusal unless the condition holds */
export function demand(condition: boolean, status: Status): void {
  if (!condition) throw new Refusal(status)
}
