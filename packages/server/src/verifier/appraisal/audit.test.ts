import { isKeylineError } from '@keyline/bytes'
import { describe, expect, it } from 'vitest'
import { HandClock } from '../../testing/hand-clock.ts'
import type { AppraisalRecord } from '../port.ts'
import { MemoryRecord } from '../testing/memory-record.ts'
import { Audit } from './audit.ts'

const silent = {
  request: () => undefined,
  info: () => undefined,
  error: () => undefined,
  flush: () => undefined,
}

function record(evidenceHash: string): AppraisalRecord {
  const hash = { sessionHash: '00', mediaType: 'a/b', evidenceHash }
  return { ...hash, at: 1, outcome: 'genuine', codes: [] }
}

/** A log that can be broken. */
function setUp(options: { queue?: number; batch?: number } = {}) {
  const clock = new HandClock()
  const stores = new MemoryRecord()
  const state = { isBroken: false, batches: [] as number[] }
  const store = (tenant: string) => {
    const memory = stores.tenant(tenant)
    const append = async (records: readonly AppraisalRecord[]): Promise<void> => {
      if (state.isBroken) throw new Error('disk full')
      state.batches.push(records.length)
      await memory.appraisals.append(records)
    }
    const { trust, endorsements, sessions, seen, policies, corims, appraisals } = memory
    const log = {
      append,
      list: (query: { limit: number }) => appraisals.list(query),
      sweep: (before: number) => appraisals.sweep(before),
    }
    return { trust, endorsements, sessions, seen, policies, corims, appraisals: log }
  }
  const { queue = 10, batch = 4 } = options
  const audit = new Audit({ store, clock, log: silent, queue, batch, delayMs: 100 })
  const written = async (tenant = '0') => {
    const kept = await stores.tenant(tenant).appraisals.list({ limit: 100 })
    return kept.map(({ evidenceHash }) => evidenceHash).toReversed()
  }
  return { audit, clock, state, written }
}

/** Lets what was started end. */
async function settled(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve))
}

describe('the log of appraisals', () => {
  it('is written in batches, behind the answers', async () => {
    const { audit, clock, state, written } = setUp()
    for (const name of ['a', 'b', 'c']) audit.place('0').write(record(name))
    await settled()
    expect(await written()).toEqual([])
    clock.pass(100)
    await settled()
    expect(await written()).toEqual(['a', 'b', 'c'])
    expect(state.batches).toEqual([3])
    for (const name of ['d', 'e', 'f', 'g']) audit.place('0').write(record(name))
    await settled()
    expect(state.batches).toEqual([3, 4])
  })

  it('keeps the records of each tenant apart', async () => {
    const { audit, written } = setUp()
    for (const tenant of ['x', 'x', 'y', 'x']) audit.place(tenant).write(record(tenant))
    await audit.flush()
    expect([await written('x'), await written('y')]).toEqual([['x', 'x', 'x'], ['y']])
  })

  it('lets nothing be checked while its queue is full, and loses nothing', async () => {
    const { audit, clock, state, written } = setUp({ queue: 3 })
    state.isBroken = true
    for (const name of ['a', 'b', 'c']) audit.place('0').write(record(name))
    await audit.flush()
    const refusal = (): unknown => audit.place('0')
    expect(refusal).toThrow('the log of appraisals is not written fast enough')
    try {
      refusal()
    } catch (error) {
      expect(isKeylineError(error) && error.code).toBe('SERVER_UNAVAILABLE')
    }
    state.isBroken = false
    clock.pass(500)
    await settled()
    expect(await written()).toEqual(['a', 'b', 'c'])
    audit.place('0').free()
  })

  it('counts the places of appraisals that are in work', () => {
    const { audit } = setUp({ queue: 2 })
    const [first, second] = [audit.place('0'), audit.place('0')]
    expect(() => audit.place('0')).toThrow()
    first.free()
    first.free()
    const third = audit.place('0')
    expect(() => audit.place('0')).toThrow()
    third.write(record('a'))
    third.write(record('b'))
    second.free()
    expect(audit.waiting).toBe(1)
  })

  it('is tried again while a server stops, until its time is over', async () => {
    const { audit, clock, state, written } = setUp()
    state.isBroken = true
    audit.place('0').write(record('a'))
    const closed = audit.close(1_000)
    await settled()
    state.isBroken = false
    clock.pass(500)
    await closed
    expect(await written()).toEqual(['a'])
    state.isBroken = true
    audit.place('0').write(record('b'))
    const given = audit.close(400)
    await settled()
    clock.pass(500)
    await given
    expect(audit.waiting).toBe(1)
  })
})
