/** A promise of the fault matrix that the outputs break. `end`: a unit or an order was left undecided. */
export type PromiseId = 'P1' | 'P2' | 'P3' | 'P4' | 'P5' | 'P7' | 'P9' | 'end'

export interface Violation {
  readonly promise: PromiseId
  /** The unit, board, certificate or record that shows it. */
  readonly place: string
  readonly message: string
}

export function describeViolation({ promise, place, message }: Violation): string {
  return `${promise} ${place}: ${message}`
}
