/** A sleep of the virtual clock. */
export interface Timer {
  /** Virtual time at which it fires, milliseconds. */
  readonly at: number
  /** Order of creation: equal times fire in it. */
  readonly order: number
  readonly fire: () => void
  /** Index in the heap, kept by the heap; −1 outside of it. */
  place: number
}

/** Binary heap by time, then by order. Each timer knows its place, so a cancelled one leaves at once. */
export class TimerHeap {
  readonly #timers: Timer[] = []

  get size(): number {
    return this.#timers.length
  }

  add(timer: Timer): void {
    this.#settle(timer, this.#timers.length)
  }

  /** Nothing happens when the timer has left already. */
  remove(timer: Timer): void {
    const { place } = timer
    if (place < 0) return
    timer.place = -1
    const last = this.#timers.pop()
    if (last !== undefined && last !== timer) this.#settle(last, place)
  }

  /** The one that fires next, which stays. */
  get first(): Timer | undefined {
    return this.#timers[0]
  }

  takeFirst(): Timer | undefined {
    const first = this.#timers[0]
    if (first !== undefined) this.remove(first)
    return first
  }

  /** Puts the timer where it belongs on the way from the place to the root or to the leaves. */
  #settle(timer: Timer, start: number): void {
    const place = this.#sink(timer, this.#rise(timer, start))
    this.#put(timer, place)
  }

  #rise(timer: Timer, start: number): number {
    let place = start
    while (place > 0) {
      const above = this.#timers[(place - 1) >> 1]
      if (above === undefined || !isBefore(timer, above)) break
      const next = above.place
      this.#put(above, place)
      place = next
    }
    return place
  }

  #sink(timer: Timer, start: number): number {
    let place = start
    for (;;) {
      const left = this.#timers[2 * place + 1]
      const right = this.#timers[2 * place + 2]
      const below =
        left !== undefined && right !== undefined && isBefore(right, left) ? right : left
      if (below === undefined || !isBefore(below, timer)) return place
      const next = below.place
      this.#put(below, place)
      place = next
    }
  }

  #put(timer: Timer, place: number): void {
    this.#timers[place] = timer
    timer.place = place
  }
}

function isBefore(a: Timer, b: Timer): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order)
}
