import type { Verdict } from '@keyline/ledger/records'
import type { StationEvent } from '@keyline/station'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { rendererOf } from './event-sink.ts'
import type { Output } from './output.ts'

const showCursor = '\u001b[?25h'

class Screen implements Output {
  readonly isTerminal = true
  readonly hasColour = false
  width = 60
  readonly rows: number
  text = ''

  constructor(rows: number) {
    this.rows = rows
  }

  get columns(): number {
    return this.width
  }

  readonly out = (text: string): void => {
    this.text += text
  }
  readonly err = this.out
}

const started = (slots: number): StationEvent => ({
  type: 'run-started',
  run: 'run',
  order: 'order-1',
  slots,
  quantity: slots,
})

const step = (slot: number, index: number): StationEvent => ({
  type: 'step-started',
  slot,
  serialNumber: `T-${slot}`,
  step: 'bind',
  title: `step ${index}`,
  index,
  total: 9,
})

const decided = (slot: number, verdict: Verdict, reason: string): StationEvent => ({
  type: 'unit-decided',
  slot,
  unit: {
    id: 'u',
    orderId: 'order-1',
    sequence: 1,
    serialNumber: `T-${slot}`,
    state: 'active',
    createdAt: 0,
  },
  record: { verdict, reason, message: '', remedy: '', evidence: [] },
  ms: 1,
})

function tableOn(screen: Screen, slots: number) {
  return rendererOf({ output: screen, json: false, quiet: false, slots, now: () => 0 })
}

describe('the live table', () => {
  afterEach(() => {
    vi.useRealTimers()
  })

  it('rewrites only the lines that changed, and writes nothing while nothing changes', () => {
    vi.useFakeTimers()
    const screen = new Screen(24)
    const table = tableOn(screen, 3)
    table.sink(started(3))
    table.sink(step(2, 4))
    screen.text = ''
    vi.advanceTimersByTime(50)
    expect(screen.text).toMatch(/^\u001b\[3A\r\u001b\[K {2}02 {2}T-2 .* 4\/9 .*\u001b\[3B\r$/)
    screen.text = ''
    vi.advanceTimersByTime(1000)
    expect(screen.text).toBe('')
    table.stop()
  })

  it('draws at most 20 times a second, however much happens', () => {
    vi.useFakeTimers()
    const screen = new Screen(24)
    const table = tableOn(screen, 1)
    table.sink(started(1))
    screen.text = ''
    for (let index = 0; index < 100; index++) {
      table.sink(step(1, (index % 9) + 1))
      vi.advanceTimersByTime(10)
    }
    const drawn = screen.text.split('\u001b[K').length - 1
    expect(drawn).toBeGreaterThan(0)
    expect(drawn).toBeLessThanOrEqual(20)
    table.stop()
  })

  it('cuts a line at the width of the terminal', () => {
    const screen = new Screen(24)
    const table = tableOn(screen, 1)
    table.sink(started(1))
    table.sink({ type: 'slot-stopped', slot: 1, reason: 'x'.repeat(200), remedy: '' })
    screen.text = ''
    table.stop()
    const [, line = ''] = /\u001b\[K(.*?)\u001b/.exec(screen.text) ?? []
    expect(line).toMatch(/stopped: x+$/)
    expect(line.length).toBeLessThan(screen.columns)
  })

  it('gives the cursor back once: when it is stopped, or when the process ends without that', () => {
    const screen = new Screen(24)
    const before = process.listenerCount('exit')
    const table = tableOn(screen, 1)
    table.sink(started(1))
    const onExit = process.listeners('exit').at(-1)
    screen.text = ''
    onExit?.(130)
    expect(screen.text).toBe(showCursor)
    screen.text = ''
    table.stop()
    table.stop()
    expect(screen.text.split(showCursor)).toHaveLength(2)
    expect(process.listenerCount('exit')).toBe(before)
  })

  it('gives way to plain lines where the terminal has fewer rows than it needs', () => {
    const screen = new Screen(10)
    const renderer = tableOn(screen, 8)
    renderer.sink(started(8))
    renderer.stop()
    expect(screen.text).toBe('order order-1: 8 units on 8 slots\n')
  })

  it('has a line for the order below the slots: what is made, yield, most frequent reasons', () => {
    const screen = new Screen(24)
    const table = tableOn(screen, 1)
    table.sink(started(4))
    for (const [verdict, reason] of [
      ['PASS', 'complete'],
      ['PASS', 'complete'],
      ['FAIL', 'BOARD_VERIFY'],
      ['ERROR', 'STATION_PORT'],
      ['ERROR', 'STATION_PORT'],
    ] as const) {
      table.sink(decided(1, verdict, reason))
    }
    screen.text = ''
    table.stop()
    const line = '2 of 4 made   3 not   FPY 66.7 %'
    expect(screen.text).toContain(` order order-1   ${line}`)
    screen.width = 120
    const wide = tableOn(screen, 1)
    wide.sink(started(4))
    wide.sink(decided(1, 'ERROR', 'STATION_PORT'))
    wide.stop()
    expect(screen.text).toContain('FPY –   top: STATION_PORT (1)')
  })

  it('shows an alarm above the slots, and a slot that stays out of the run', () => {
    const screen = new Screen(24)
    const table = tableOn(screen, 3)
    // Slot 2 was refused before the run began with the two others.
    table.sink(started(2))
    table.sink(step(3, 1))
    table.sink({
      type: 'alarm',
      code: 'STATION_OUTAGE',
      slots: [1, 3],
      text: 'gone',
      remedy: 'hub',
    })
    table.stop()
    expect(screen.text).toContain('ALARM STATION_OUTAGE: gone. Remedy: hub\n')
    expect(screen.text).toContain('  03  T-3')
  })

  it('obeys nothing that comes from a board or a name', () => {
    const screen = new Screen(24)
    const table = tableOn(screen, 1)
    table.sink(started(1))
    screen.text = ''
    table.sink({ type: 'slot-stopped', slot: 1, reason: 'a\u001b[2Jb\r\nc\u009bd', remedy: '' })
    table.sink({ type: 'notice', text: 'x\u001b]0;title\u0007y' })
    table.stop()
    expect(screen.text).toContain('stopped: a [2Jb  c d')
    expect(screen.text).toContain('x ]0;title y')
    expect(screen.text).not.toMatch(/\u001b\[2J|\u009b|\u0007/)
  })
})
