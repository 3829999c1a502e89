import type { Verdict } from '@keyline/ledger/records'
import { describe, expect, it } from 'vitest'
import type { StepName } from '../flow/step.ts'
import { SummaryCounter } from './run-summary.ts'

const run = { order: 'order-1', remaining: 3, interrupted: false, elapsedMs: 1234 }

/** A counter that has seen these units, each in a slot of its own. */
function counted(
  ...units: readonly {
    readonly verdict: Verdict
    readonly resumed?: true
    readonly reason?: string
  }[]
): SummaryCounter {
  const counter = new SummaryCounter()
  units.forEach(({ verdict, resumed, reason = 'complete' }, index) => {
    const slot = index + 1
    const unit = {
      id: `unit-${slot}`,
      orderId: 'order-1',
      sequence: slot,
      serialNumber: `KL-${slot}`,
      state: 'active',
      createdAt: 0,
    } as const
    const record = { verdict, reason, message: '', remedy: '', evidence: [] }
    const probe = `probe-${slot}`
    counter.count({ type: 'unit-started', slot, probe, unit, resumed: resumed === true })
    counter.count({ type: 'unit-decided', slot, unit, record, ms: 1 })
  })
  return counter
}

function timed(step: StepName, ...times: readonly number[]): SummaryCounter {
  const counter = new SummaryCounter()
  for (const ms of times) {
    counter.count({ type: 'step-done', slot: 1, serialNumber: 'KL-1', step, ms })
  }
  return counter
}

describe('the summary of a run', () => {
  it('of nothing has no yield', () => {
    expect(counted().summary(run)).toEqual({
      ...run,
      pass: 0,
      fail: 0,
      error: 0,
      quarantine: 0,
      firstPassYield: undefined,
      steps: [],
      reasons: [],
    })
  })

  it('counts each verdict', () => {
    const counter = counted(
      { verdict: 'PASS' },
      { verdict: 'PASS' },
      { verdict: 'PASS' },
      { verdict: 'FAIL', reason: 'STATION_PROOF' },
      { verdict: 'ERROR', reason: 'STATION_PORT' },
      { verdict: 'QUARANTINE', reason: 'INTERRUPTED' },
    )
    expect(counter.summary(run)).toMatchObject({ pass: 3, fail: 1, error: 1, quarantine: 1 })
  })

  it('lowers the yield for bad boards only, never for trouble around them', () => {
    const trouble = [
      { verdict: 'ERROR', reason: 'STATION_PORT' },
      { verdict: 'QUARANTINE', reason: 'INTERRUPTED' },
    ] as const
    const good = { verdict: 'PASS' } as const
    const bad = { verdict: 'FAIL', reason: 'STATION_PROOF' } as const
    expect(counted(good, ...trouble).summary(run).firstPassYield).toBe(1)
    expect(counted(good, good, good, bad, ...trouble).summary(run).firstPassYield).toBe(0.75)
    expect(counted({ ...good, resumed: true }).summary(run).firstPassYield).toBe(1)
    expect(counted(bad).summary(run).firstPassYield).toBe(0)
    expect(counted(...trouble).summary(run).firstPassYield).toBeUndefined()
  })

  it('names the reasons, the most frequent first, and none for PASS', () => {
    const counter = counted(
      { verdict: 'ERROR', reason: 'STATION_PORT' },
      { verdict: 'PASS' },
      { verdict: 'FAIL', reason: 'STATION_PROOF' },
      { verdict: 'QUARANTINE', reason: 'INTERRUPTED' },
      { verdict: 'FAIL', reason: 'STATION_PROOF' },
    )
    expect(counter.summary(run).reasons).toEqual([
      { reason: 'STATION_PROOF', count: 2 },
      { reason: 'STATION_PORT', count: 1 },
      { reason: 'INTERRUPTED', count: 1 },
    ])
  })

  it.each([
    [[7], 7, 7],
    [[30, 10, 20], 20, 30],
    [[1000, 10, 20, 11], 16, 1000],
    [[9, 10], 10, 10],
  ])('gives of the times %j the median %i and the longest %i', (times, medianMs, maxMs) => {
    expect(timed('exchange', ...times).summary(run).steps).toEqual([
      { step: 'exchange', count: times.length, medianMs, maxMs },
    ])
  })
})
