import type { StationEvent } from '@keyline/station'
import { describe, expect, it } from 'vitest'
import { oneBoardEach } from './gen-factory-data-parts.ts'

const unit = { id: 'u', orderId: 'o', sequence: 1, serialNumber: 'S', createdAt: 0 } as const

function started(slot: number, probe: string): StationEvent {
  const state = 'reserved' as const
  return { type: 'unit-started', slot, probe, unit: { ...unit, state }, resumed: false }
}

function decided(slot: number): StationEvent {
  const evidence: [] = []
  const record = { verdict: 'PASS', reason: '', message: '', remedy: '', evidence } as const
  return { type: 'unit-decided', slot, unit: { ...unit, state: 'decided' }, record, ms: 1 }
}

describe('the boards of a run', () => {
  it('are one for each probe', async () => {
    const { fixture } = oneBoardEach(4)
    expect(await fixture.nextBoard('A')).toBe(true)
    expect(await fixture.nextBoard('A')).toBe(false)
    expect(await fixture.nextBoard('B')).toBe(true)
  })

  it('begin as many at a time as there are jobs, each when another one is decided', async () => {
    const { fixture, watch } = oneBoardEach(1)
    const begun: string[] = []
    const begin = async (slot: number, probe: string): Promise<void> => {
      await fixture.nextBoard(probe)
      watch(started(slot, probe))
      begun.push(probe)
    }
    const all = ['A', 'B', 'C'].map((probe, index) => begin(index + 1, probe))
    for (const [slot, expected] of [
      [1, ['A']],
      [2, ['A', 'B']],
      [3, ['A', 'B', 'C']],
    ] as const) {
      await all[slot - 1]
      expect(begun).toEqual(expected)
      watch(decided(slot))
      watch(decided(slot))
    }
  })

  it('do not begin once the run is stopped', async () => {
    const { fixture } = oneBoardEach(1)
    await fixture.nextBoard('A')
    const stop = new AbortController()
    const waiting = fixture.nextBoard('B', { signal: stop.signal })
    stop.abort()
    expect(await waiting).toBe(false)
  })
})
