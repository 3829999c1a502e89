import { describeFinding } from '@keyline/bytes'
import { summaryText, type EventSink, type StationEvent } from '@keyline/station'
import { paint, type Output } from './output.ts'
import { verdictMarks } from './verdict-mark.ts'

interface Row {
  serialNumber: string
  text: string
  startedAt: number
  /** Set while the slot rests; the time shown stands still then. */
  endedAt: number | undefined
}

const refreshMs = 50

/**
 * One line a slot that updates in place. Only changed lines are rewritten, at most 20 times a second,
 * and nothing is written while nothing changes but the seconds.
 */
export class LiveTable {
  readonly #output: Output
  readonly #now: () => number
  readonly #rows: Row[] = []
  #shown: string[] = []
  #timer: NodeJS.Timeout | undefined
  #started = 0

  constructor(output: Output, now: () => number) {
    this.#output = output
    this.#now = now
  }

  readonly sink: EventSink = (event) => {
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
        this.#start(event.slots, `order ${event.order}   ${event.quantity} units`)
        return
      case 'unit-started':
        this.#set(
          event.slot,
          event.unit.serialNumber,
          event.resumed ? 'asking the board' : '',
          true,
        )
        return
      case 'step-started':
        this.#set(
          event.slot,
          event.serialNumber,
          this.#progress(event.index, event.total, event.title),
          true,
        )
        return
      case 'unit-decided': {
        const { verdict, reason, message } = event.record
        const { mark, colour } = verdictMarks[verdict]
        const text = `${paint(this.#output, colour, `${mark} ${verdict}`)}  ${verdict === 'PASS' ? message : reason}`
        this.#set(event.slot, event.unit.serialNumber, text, false)
        return
      }
      case 'slot-stopped':
        this.#set(event.slot, '', `stopped: ${event.reason}`, false)
        return
      case 'notice':
        this.#above(event.finding === undefined ? event.text : describeFinding(event.finding))
        return
      case 'alarm':
        this.#above(
          `${paint(this.#output, 'red', 'ALARM')} ${event.code}: ${event.text}. Remedy: ${event.remedy}`,
        )
        return
      case 'slot-returned':
        this.#set(event.slot, '', 'probe is back', false)
        return
      case 'step-done':
      case 'board-log':
      case 'run-ended':
        return
      default:
        event satisfies never
    }
  }

  #start(slots: number, title: string): void {
    this.#output.out(
      `${paint(this.#output, 'bold', title)}\n slot unit            time  state\n\u001b[?25l`,
    )
    for (let slot = 0; slot < slots; slot++) {
      this.#rows.push({ serialNumber: '', text: '–', startedAt: this.#now(), endedAt: this.#now() })
    }
    process.once('exit', this.#showCursor)
    this.#started = this.#rows.length
    this.#shown = []
    this.#draw()
    this.#timer = setInterval(() => this.#draw(), refreshMs)
  }

  #set(slot: number, serialNumber: string, text: string, isRunning: boolean): void {
    const row = this.#rows[slot - 1]
    if (row === undefined) return
    if (isRunning && row.serialNumber !== serialNumber) row.startedAt = this.#now()
    row.endedAt = isRunning ? undefined : this.#now()
    row.serialNumber = serialNumber
    row.text = text
  }

  #progress(index: number, total: number, title: string): string {
    const bar = '█'.repeat(index) + '░'.repeat(total - index)
    return `${index}/${total} ${paint(this.#output, 'cyan', bar)} ${title}`
  }

  #draw(): void {
    const lines = this.#rows.map((row, index) => this.#line(row, index + 1))
    let update = ''
    for (const [index, line] of lines.entries()) {
      if (this.#shown.length === 0) update += `${line}\n`
      else if (this.#shown[index] !== line) {
        const up = lines.length - index
        update += `\u001b[${up}A\r\u001b[K${line}\u001b[${up}B\r`
      }
    }
    this.#shown = lines
    if (update !== '') this.#output.out(update)
  }

  #line(row: Row, slot: number): string {
    const elapsed = (row.endedAt ?? this.#now()) - row.startedAt
    const isIdle = row.serialNumber === ''
    const time = isIdle ? '' : `${Math.floor(elapsed / 1000)} s`
    const head = `  ${String(slot).padStart(2, '0')}  ${row.serialNumber.padEnd(14)} ${time.padStart(5)}  `
    const room = Math.max(10, this.#output.columns - head.length - 1)
    return head + clip(row.text, room)
  }

  /** A line above the table. */
  #above(text: string): void {
    if (this.#started === 0) {
      this.#output.out(`${text}\n`)
      return
    }
    this.#output.out(`\u001b[${this.#shown.length}A\r\u001b[J${text}\n`)
    this.#shown = []
    this.#draw()
  }
}

/** Cuts to a width; colour codes take no room. */
function clip(text: string, width: number): string {
  let shown = ''
  let used = 0
  for (const part of text.split(/(\u001b\[\d+m)/)) {
    if (part.startsWith('\u001b[')) {
      shown += part
      continue
    }
    const characters = Array.from(part).slice(0, Math.max(0, width - used))
    shown += characters.join('')
    used += characters.length
  }
  return shown
}
