import type { Draw } from '../../support/draw.ts'
import type { Fate } from '../../support/fault-proxy.ts'
import type { TestPostgres } from '../../support/postgres.ts'
import type { ServerProcesses } from './server-processes.ts'

/** Draws what becomes of an answer: one in so many comes to harm. */
export function fates(draw: Draw, harmedOnceIn: number): () => Fate {
  return () => {
    if (!draw.once(harmedOnceIn)) return undefined
    // A hushed caller waits for two seconds: it stands for many, and is drawn less often.
    if (draw.once(20)) return 'hushed'
    return draw.pick<Fate>(['lost', 'cut', { late: draw.between(1, 150) }])
  }
}

export interface PowerCutsOptions {
  readonly servers: ServerProcesses
  readonly postgres: TestPostgres
  /** Boards in all, and from one cut to the next. */
  readonly boards: number
  readonly every: number
}

/** A power cut at each server and at the database, in turn; each comes back at once. */
export class PowerCuts {
  readonly #options: PowerCutsOptions
  readonly #cuts: readonly (() => Promise<void>)[]
  #count = 0
  #last = Promise.resolve()

  constructor(options: PowerCutsOptions) {
    const { servers, postgres } = options
    this.#options = options
    this.#cuts = [
      ...servers.servers.map((server) => async () => {
        await server.kill()
        await server.start()
      }),
      async () => {
        await postgres.halt()
        await postgres.start()
      },
    ]
  }

  readonly onServed = (served: number): void => {
    const { boards, every } = this.#options
    if (served % every !== 0 || served >= boards) return
    const cut = this.#cuts[this.#count++ % this.#cuts.length]
    this.#last = this.#last.then(cut)
  }

  /** How many there were, when the last one is over. */
  async count(): Promise<number> {
    await this.#last
    return this.#count
  }
}
