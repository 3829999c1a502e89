/** Counts the places of a run at which the process may be ended. */
export class CrashPoints {
  /** Every place reached so far, in order. */
  readonly names: string[] = []
  readonly #onReach: ((place: number, name: string) => void) | undefined

  /** @param onReach told the place, from 1, and its name; ends the process where it likes */
  constructor(onReach?: (place: number, name: string) => void) {
    this.#onReach = onReach
  }

  reach(name: string): void {
    this.names.push(name)
    this.#onReach?.(this.names.length, name)
  }

  /** Before the act, and when its answer is there: what another party did in between has happened. */
  async around<T>(name: string, act: () => Promise<T>): Promise<T> {
    this.reach(`before ${name}`)
    const answer = await act()
    this.reach(`after ${name}`)
    return answer
  }
}
