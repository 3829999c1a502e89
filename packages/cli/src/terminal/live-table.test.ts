import type { StationEvent } from '@keyline/station'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { rendererOf } from './event-sink.ts'
import type { Output } from './output.ts'

const showCursor = '\u001b[?25h'

class Screen implements Output {
  readonly isTerminal = true
  readonly hasColour = false
  readonly columns = 60
  readonly rows: number
  text = ''

  constructor(rows: number) {
    this.rows = rows
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
    expect(screen.text).toMatch(/^\u001b\[2A\r\u001b\[K {2}02 {2}T-2 .* 4\/9 .*\u001b\[2B\r$/)
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
})
