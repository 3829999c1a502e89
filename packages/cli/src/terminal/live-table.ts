import { describeFinding } from '@keyline/bytes'
import { summaryText, type EventSink, type StationEvent } from '@keyline/station'
import { LineCounter } from './line-counter.ts'
import { liveHeader, LiveRow } from './live-row.ts'
import { paint, type Output } from './output.ts'
import { clipToCells, shownText } from './text-width.ts'
import { verdictMarks } from './verdict-mark.ts'

const refreshMs = 50

export interface LiveTableOptions {
  readonly output: Output
  /** Milliseconds on a clock that does not jump. */
  readonly now: () => number
  /** Slots that the run was asked for; one that stays out of it has its line too. */
  readonly slots: number
}

/**
 * One line a slot that updates in place, and one for the order below them. Only changed lines are rewritten, at most 20
 * times a second, and nothing is written while nothing changes but the seconds.
 */
export class LiveTable {
  readonly #options: LiveTableOptions
  readonly #output: Output
  readonly #rows: readonly LiveRow[]
  readonly #counter = new LineCounter()
  #shown: string[] = []
  #timer: NodeJS.Timeout | undefined
  #isStarted = false

  constructor(options: LiveTableOptions) {
    this.#options = options
    this.#output = options.output
    this.#rows = Array.from({ length: options.slots }, (_, index) => new LiveRow(index + 1))
  }

  readonly sink: EventSink = (event) => {
    this.#counter.take(event)
    this.#take(event)
    if (event.type === 'run-ended') {
      this.stop()
      this.#output.out(`\n${summaryText(event.summary)}`)
    }
  }

  /** Draws the last state and lets the cursor go. */
  stop(): void {
    if (this.#timer === undefined) return
    clearInterval(this.#timer)
    this.#timer = undefined
    this.#draw()
    process.off('exit', this.#showCursor)
    this.#showCursor()
  }

  /** Also at the rude end by a second Ctrl+C, where nobody stops the table. */
  readonly #showCursor = (): void => this.#output.out('\u001b[?25h')

  #take(event: StationEvent): void {
    switch (event.type) {
      case 'run-started':
        this.#start(`order ${event.order}   ${event.quantity} units`)
        return
      case 'unit-started': {
        const state = event.resumed ? 'asking the board' : ''
        this.#set(event.slot, event.unit.serialNumber, state, true)
        return
      }
      case 'step-started':
        this.#set(event.slot, event.serialNumber, this.#progress(event), true)
        return
      case 'unit-decided':
        this.#set(event.slot, event.unit.serialNumber, this.#decided(event), false)
        return
      case 'slot-stopped':
        this.#set(event.slot, '', `stopped: ${shownText(event.reason)}`, false)
        return
      case 'slot-returned':
        this.#set(event.slot, '', 'probe is back', false)
        return
      case 'alarm': {
        const alarm = paint(this.#output, 'red', 'ALARM')
        this.#above(`${alarm} ${event.code}: ${event.text}. Remedy: ${event.remedy}`)
        return
      }
      case 'notice':
        this.#above(
          shownText(event.finding === undefined ? event.text : describeFinding(event.finding)),
        )
        return
      case 'step-done':
      case 'board-log':
      case 'run-ended':
        return
      default:
        event satisfies never
    }
  }

  #start(title: string): void {
    this.#output.out(`${paint(this.#output, 'bold', title)}\n${liveHeader}\n\u001b[?25l`)
    process.once('exit', this.#showCursor)
    this.#isStarted = true
    this.#shown = []
    this.#draw()
    this.#timer = setInterval(() => this.#draw(), refreshMs)
  }

  #set(slot: number, unit: string, state: string, isRunning: boolean): void {
    this.#rows[slot - 1]?.set(shownText(unit), state, isRunning, this.#options.now())
  }

  #progress({ index, total, title }: Extract<StationEvent, { type: 'step-started' }>): string {
    const bar = '█'.repeat(index) + '░'.repeat(total - index)
    return `${index}/${total} ${paint(this.#output, 'cyan', bar)} ${title}`
  }

  #decided({ record }: Extract<StationEvent, { type: 'unit-decided' }>): string {
    const { verdict, reason, message } = record
    const { mark, colour } = verdictMarks[verdict]
    const why = shownText(verdict === 'PASS' ? message : reason)
    return `${paint(this.#output, colour, `${mark} ${verdict}`)}  ${why}`
  }

  #draw(): void {
    const now = this.#options.now()
    const width = this.#output.columns
    const isFirst = this.#shown.length === 0
    const lines = this.#rows.map((row) => row.line(now, width))
    lines.push(clipToCells(this.#counter.line, Math.max(1, width - 1)))
    let update = ''
    for (const [index, line] of lines.entries()) {
      if (isFirst) update += `${line}\n`
      else if (this.#shown[index] !== line) {
        const up = lines.length - index
        update += `\u001b[${up}A\r\u001b[K${line}\u001b[${up}B\r`
      }
    }
    this.#shown = lines
    if (update !== '') this.#output.out(update)
  }

  /** A line above the table. */
  #above(text: string): void {
    if (!this.#isStarted) {
      this.#output.out(`${text}\n`)
      return
    }
    this.#output.out(`\u001b[${this.#shown.length}A\r\u001b[J${text}\n`)
    this.#shown = []
    this.#draw()
  }
}
