import type { StationEvent } from '@keyline/station'

/** Reasons that the line has room for. */
const mostReasons = 2

/** What a run has made so far, in one line: how many, first-pass yield, most frequent reasons. */
export class LineCounter {
  readonly #reasons = new Map<string, number>()
  #order = ''
  #quantity = 0
  #pass = 0
  #fail = 0
  #decided = 0
  #line: string | undefined

  take(event: StationEvent): void {
    if (event.type === 'run-started') {
      this.#order = event.order
      this.#quantity = event.quantity
    } else if (event.type === 'unit-decided') {
      const { verdict, reason } = event.record
      this.#decided++
      if (verdict === 'PASS') this.#pass++
      else this.#reasons.set(reason, (this.#reasons.get(reason) ?? 0) + 1)
      if (verdict === 'FAIL') this.#fail++
    } else return
    this.#line = undefined
  }

  get line(): string {
    this.#line ??= this.#make()
    return this.#line
  }

  #make(): string {
    const judged = this.#pass + this.#fail
    const rate = judged === 0 ? '–' : `${((100 * this.#pass) / judged).toFixed(1)} %`
    const top = [...this.#reasons]
      .toSorted(([, a], [, b]) => b - a)
      .slice(0, mostReasons)
      .map(([reason, count]) => `${reason} (${count})`)
    const counts = `${this.#pass} of ${this.#quantity} made   ${this.#decided - this.#pass} not   FPY ${rate}`
    return ` order ${this.#order}   ${counts}${top.length === 0 ? '' : `   top: ${top.join(', ')}`}`
  }
}
