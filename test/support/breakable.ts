/** Which call of a breakable thing fails, and how. */
export interface Fault {
  /** Names on the way to the method, joined by dots: `tenant.sessions.claim`. */
  readonly method: string
  readonly how: 'throws' | 'rejects' | 'hangs' | 'waits' | 'fails after it was done'
}

/** Faults that a test sets while a thing is in use. */
export class Faults {
  #fault: Fault | undefined
  #hits = 0
  #wake: (() => void)[] = []
  #release: (() => void)[] = []

  /** Calls that met the fault. */
  get hits(): number {
    return this.#hits
  }

  set(fault: Fault | undefined): void {
    this.#fault = fault
    this.#hits = 0
  }

  /** Resolves when a call has met the fault. */
  hit(): Promise<void> {
    if (this.#hits > 0) return Promise.resolve()
    return new Promise((resolve) => this.#wake.push(resolve))
  }

  /** Lets the calls go on that wait. */
  release(): void {
    for (const go of this.#release.splice(0)) go()
  }

  /** The thing, whose methods fail when a fault says so; also those of what it holds and gives. */
  over<T extends object>(target: T, path = ''): T {
    return new Proxy(target, {
      get: (_, name) => {
        const value: unknown = Reflect.get(target, name)
        const place = path === '' ? String(name) : `${path}.${String(name)}`
        if (typeof value === 'function') {
          return (...args: readonly unknown[]) =>
            this.#call(place, () => Reflect.apply(value, target, args))
        }
        return isThing(value) ? this.over(value, place) : value
      },
    })
  }

  #call(place: string, act: () => unknown): unknown {
    const fault = this.#fault
    if (fault?.method !== place) {
      const answer = act()
      return place === 'tenant' && isThing(answer) ? this.over(answer, place) : answer
    }
    this.#hits += 1
    for (const wake of this.#wake.splice(0)) wake()
    const error = new Error(`postgres://user:hunter2@db: ${place} failed`)
    switch (fault.how) {
      case 'throws':
        throw error
      case 'rejects':
        return Promise.reject(error)
      case 'hangs':
        return new Promise(() => undefined)
      case 'waits':
        return new Promise<void>((resolve) => this.#release.push(resolve)).then(act)
      case 'fails after it was done':
        return Promise.resolve(act()).then(() => {
          throw error
        })
      default:
        return fault.how satisfies never
    }
  }
}

function isThing(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !(value instanceof Promise)
}
