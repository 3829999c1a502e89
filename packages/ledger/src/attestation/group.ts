import { setImmediate } from 'node:timers/promises'

interface Waiting<Item, Answer> {
  readonly item: Item
  readonly resolve: (answer: Answer) => void
  readonly reject: (reason: unknown) => void
}

/** Rows of one statement: below the parameters that either database takes, above where a round trip counts. */
const mostTogether = 100

/**
 * Gathers what is handed in without waiting and does it together, one group after the other. Between two groups the event
 * loop has its turn.
 */
export class Group<Item, Answer> {
  readonly #run: (items: readonly Item[]) => Promise<readonly Answer[]>
  #waiting: Waiting<Item, Answer>[] = []
  #last: Promise<void> = Promise.resolve()

  constructor(run: (items: readonly Item[]) => Promise<readonly Answer[]>) {
    this.#run = run
  }

  add(item: Item): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ item, resolve, reject })
      if (this.#waiting.length === 1) queueMicrotask(() => this.#start())
      else if (this.#waiting.length >= mostTogether) this.#start()
    })
  }

  /** Until all that was handed in is done, well or not. */
  async settled(): Promise<void> {
    this.#start()
    await this.#last
  }

  #start(): void {
    const group = this.#waiting
    if (group.length === 0) return
    this.#waiting = []
    this.#last = this.#last.then(() => this.#do(group))
  }

  async #do(group: readonly Waiting<Item, Answer>[]): Promise<void> {
    try {
      const answers = await this.#run(group.map(({ item }) => item))
      for (const [index, { resolve, reject }] of group.entries()) {
        const answer = answers[index]
        if (answer === undefined) reject(new RangeError(`no answer for item ${index}`))
        else resolve(answer)
      }
    } catch (error) {
      for (const { reject } of group) reject(error)
    }
    await setImmediate()
  }
}
