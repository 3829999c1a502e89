import type { Output } from './output.ts'

export interface UnitProgressOptions {
  readonly output: Output
  readonly json: boolean
  readonly quiet: boolean
  readonly units: number
  /** Milliseconds on a clock that does not jump. */
  readonly now: () => number
}

/** The line is rewritten at most this often. */
const refreshMs = 100

/**
 * How many units of a batch are recorded: one line that is rewritten on a terminal, one JSON event for each chunk with
 * `--json`, nothing elsewhere.
 */
export class UnitProgress {
  readonly #options: UnitProgressOptions
  readonly #start: number
  #before: number | undefined
  #recorded = 0
  #shownAt = Number.NEGATIVE_INFINITY
  #isShown = false

  constructor(options: UnitProgressOptions) {
    this.#options = options
    this.#start = options.now()
  }

  /** Units of this run for each second since its start. */
  get rate(): number {
    const seconds = (this.#options.now() - this.#start) / 1000
    return seconds > 0 ? (this.#recorded - (this.#before ?? 0)) / seconds : 0
  }

  readonly onRecorded = (recorded: number): void => {
    const { output, json, quiet, units, now } = this.#options
    this.#before ??= recorded
    this.#recorded = recorded
    if (json) {
      output.out(`${JSON.stringify({ type: 'units-recorded', recorded, units })}\n`)
    } else if (output.isTerminal && !quiet) {
      const isLast = recorded === units
      if (!isLast && now() - this.#shownAt < refreshMs) return
      this.#shownAt = now()
      this.#isShown = true
      output.out(`\r\u001b[K${this.#line()}`.slice(0, Math.max(20, output.columns + 3)))
    }
  }

  /** Ends the line, so that what follows stands below it. */
  stop(): void {
    if (this.#isShown) this.#options.output.out('\n')
    this.#isShown = false
  }

  #line(): string {
    const { units } = this.#options
    const percent = ((100 * this.#recorded) / units).toFixed(1)
    const counts = `${grouped(this.#recorded)} of ${grouped(units)} units  ${percent} %`
    const { rate } = this
    if (rate === 0) return counts
    const left =
      this.#recorded === units ? '' : `  ${duration((units - this.#recorded) / rate)} left`
    return `${counts}  ${grouped(Math.round(rate))} units/s${left}`
  }
}

/** `1,234,567` */
export function grouped(count: number): string {
  return count.toLocaleString('en-US')
}

function duration(seconds: number): string {
  if (seconds < 60) return `${Math.ceil(seconds)} s`
  const minutes = Math.ceil(seconds / 60)
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}
