import { clipToCells, padToCells } from './text-width.ts'

/** Cells of the columns; the state takes the rest. */
const columns = { slot: 4, unit: 14, time: 7 } as const

export const liveHeader = ` slot unit            time  state`

/** Least cells of the state, however narrow the terminal is. */
const leastState = 10

/** One line of the live table: a slot, the unit in it, its time and state. */
export class LiveRow {
  readonly #slot: string
  #unit = ''
  #state = '–'
  #startedAt = 0
  /** Set while the slot rests; the time shown stands still then. */
  #endedAt: number | undefined = 0
  /** The line as it was made last, for the second and the width it was made for. */
  #line = ''
  #lineSecond = -1
  #lineWidth = -1

  constructor(slot: number) {
    this.#slot = String(slot).padStart(2, '0').padStart(columns.slot)
  }

  /** What the slot does now. @param now milliseconds on a clock that does not jump */
  set(unit: string, state: string, isRunning: boolean, now: number): void {
    if (isRunning && this.#unit !== unit) this.#startedAt = now
    this.#endedAt = isRunning ? undefined : now
    this.#unit = unit
    this.#state = state
    this.#lineSecond = -1
  }

  /** The line, no wider than the terminal. It is made again only when it may have changed. */
  line(now: number, width: number): string {
    const second = Math.floor(((this.#endedAt ?? now) - this.#startedAt) / 1000)
    if (second === this.#lineSecond && width === this.#lineWidth) return this.#line
    this.#lineSecond = second
    this.#lineWidth = width
    const time = this.#unit === '' ? '' : `${second} s`
    const head = `${this.#slot}  ${padToCells(this.#unit, columns.unit)}${time.padStart(columns.time - 1)}  `
    const room = Math.max(leastState, width - head.length - 1)
    this.#line = head + clipToCells(this.#state, room)
    return this.#line
  }
}
