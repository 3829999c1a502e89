import type { VerdictRecord } from '@keyline/ledger/records'

/** Counts equal failures in a row over all slots: a line with one fault over and over wastes boards. */
export class StopRule {
  readonly #limit: number
  #reason = ''
  #count = 0

  /** @param limit equal failures in a row that stop the line; `undefined`: it is never stopped */
  constructor(limit: number | undefined) {
    this.#limit = limit ?? Number.POSITIVE_INFINITY
  }

  /** Takes a verdict. Returns why the line must stop, once the limit is reached by it. */
  take({ verdict, reason }: Pick<VerdictRecord, 'verdict' | 'reason'>): string | undefined {
    if (reason === 'INTERRUPTED') return undefined
    if (verdict === 'PASS') {
      this.#count = 0
      return undefined
    }
    this.#count = reason === this.#reason ? this.#count + 1 : 1
    this.#reason = reason
    if (this.#count !== this.#limit) return undefined
    return `${this.#count} boards in a row ended as ${verdict} ${reason}`
  }
}
