import { describe, expect, it } from 'vitest'
import { UnitProgress } from './unit-progress.ts'

function progressOn(isTerminal: boolean, options: { json?: boolean; quiet?: boolean } = {}) {
  const said: string[] = []
  let now = 0
  const progress = new UnitProgress({
    output: {
      isTerminal,
      hasColour: false,
      columns: 120,
      rows: 24,
      out: (text) => void said.push(text),
      err: () => undefined,
    },
    json: false,
    quiet: false,
    units: 10_000,
    now: () => now,
    ...options,
  })
  const at = (ms: number, recorded: number): void => {
    now = ms
    progress.onRecorded(recorded)
  }
  return { said, progress, at }
}

describe('the progress of a batch', () => {
  it('rewrites one line on a terminal, with rate and rest', () => {
    const { said, progress, at } = progressOn(true)
    at(0, 1000)
    at(1000, 2000)
    at(2000, 3000)
    progress.stop()
    progress.stop()
    expect(said).toEqual([
      '\r\u001b[K1,000 of 10,000 units  10.0 %',
      '\r\u001b[K2,000 of 10,000 units  20.0 %  1,000 units/s  8 s left',
      '\r\u001b[K3,000 of 10,000 units  30.0 %  1,000 units/s  7 s left',
      '\n',
    ])
  })

  it('is shown at most ten times a second, and at the end', () => {
    const { said, at } = progressOn(true)
    for (let ms = 0; ms < 1000; ms += 10) at(ms, ms)
    expect(said.length).toBeLessThanOrEqual(10)
    at(1000, 10_000)
    expect(said.at(-1)).toContain('10,000 of 10,000 units  100.0 %')
    expect(said.at(-1)).not.toContain('left')
  })

  it('tells minutes and hours', () => {
    const { said, at } = progressOn(true)
    at(0, 0)
    at(1000, 10)
    at(2000, 2)
    expect(said[1]).toContain('17 min left')
    expect(said[2]).toContain('2 h 47 min left')
  })

  it('is one JSON event for each chunk, and nothing elsewhere', () => {
    const json = progressOn(false, { json: true })
    json.at(0, 500)
    expect(json.said).toEqual(['{"type":"units-recorded","recorded":500,"units":10000}\n'])
    for (const silent of [progressOn(false), progressOn(true, { quiet: true })]) {
      silent.at(0, 500)
      silent.progress.stop()
      expect(silent.said).toEqual([])
    }
  })
})
