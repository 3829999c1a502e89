import { withDeadline, type Clock } from '@keyline/bytes'

/** A part that the server cannot work without. */
export interface Dependency {
  readonly name: string
  /** Fails when the part is gone. */
  readonly check: () => Promise<void>
}

/** What is missing; nothing when the server is ready. */
export interface Lack {
  readonly part: string
  readonly error: unknown
}

export interface ReadinessOptions {
  readonly dependencies: readonly Dependency[]
  readonly clock: Clock
  /** How long an answer holds, so that asking costs the parts little; 1 000 ms unless given. */
  readonly lifeMs?: number | undefined
  /** How long a part may take; 2 000 ms unless given. */
  readonly timeoutMs?: number | undefined
}

/** Whether the server can do its work at this moment. Asked by anyone, it asks its parts once a second at most. */
export class Readiness {
  readonly #options: ReadinessOptions
  #answer: { readonly lack: Promise<Lack | undefined>; readonly until: number } | undefined
  #isReady = false

  constructor(options: ReadinessOptions) {
    this.#options = options
  }

  /** As it was found last. */
  get isReady(): boolean {
    return this.#isReady
  }

  /** The first part that is gone. */
  lack(): Promise<Lack | undefined> {
    const now = this.#options.clock.monotonicMs()
    if (this.#answer === undefined || now >= this.#answer.until) {
      this.#answer = { lack: this.#ask(), until: now + (this.#options.lifeMs ?? 1_000) }
    }
    return this.#answer.lack
  }

  async #ask(): Promise<Lack | undefined> {
    const { dependencies, clock, timeoutMs: ms = 2_000 } = this.#options
    const lacks = await Promise.all(
      dependencies.map(async ({ name, check }): Promise<Lack | undefined> => {
        try {
          await withDeadline({ clock, ms, what: `the ${name}` }, check)
          return undefined
        } catch (error) {
          return { part: name, error }
        }
      }),
    )
    const lack = lacks.find((found) => found !== undefined)
    this.#isReady = lack === undefined
    return lack
  }
}
