import { writeFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { chainLine, chainStart } from '@keyline/ledger/records'
import { checkOutputs } from '../checker/check-outputs.ts'
import { simulatedBoards } from '../../packages/cli/src/wiring/line-boards.ts'
import { clockOf } from '../../packages/cli/src/wiring/run-order.ts'
import { homeOf, runTestLine, temporaryFolder, type LineRun } from '../support/line.ts'
import { scaled } from '../support/scale.ts'
import { Hub } from './support/hub.ts'
import {
  decisionOf,
  decisionsOf,
  journalOf,
  signatureJitterMs,
  unitsIn,
} from './support/outcome.ts'
import { eventsOf, whileConnecting, withList, withProgrammer } from './support/programmer.ts'

const probeOfSlot = (slot: number): string => `SIM00000000${slot}`

/** Faults that keep a slot waiting. */
const stuck = ['silent', 'programmer-hangs', 'no-target', 'flood'] as const

/** Steps at which a hub goes down. */
const outages = ['exchange', 'program-application', 'program-data', 'read-back'] as const

describe('a slot that is stuck', () => {
  let usual = 0
  beforeAll(async () => {
    await using folder = await temporaryFolder()
    const healthy = await runTestLine({ folder: folder.path, boardsInMemory: true })
    usual = decisionOf(healthy).ms
  })

  it.each(stuck.slice(0, scaled(2, stuck.length)))(
    'with %s delays no other: they take the time that they take without it (P8)',
    async (fault) => {
      await using folder = await temporaryFolder()
      const order = { folder: folder.path, slots: 3, quantity: 3, boardsInMemory: true }
      const run = await runTestLine({ ...order, faults: [{ slot: 2, name: fault }] })
      const others = decisionsOf(run).filter(({ slot }) => slot !== 2)
      expect(others.map(({ verdict }) => verdict)).toEqual(['PASS', 'PASS'])
      for (const { ms } of others) expect(ms).toBeLessThanOrEqual(usual + signatureJitterMs)
    },
  )

  it('in real time: the others are done while it still waits', async () => {
    await using folder = await temporaryFolder()
    const stop = new AbortController()
    let passed = 0
    const clock = clockOf(false)
    const run = await runTestLine({
      folder: folder.path,
      slots: 4,
      quantity: 4,
      clock,
      signal: stop.signal,
      run: {
        openBoards: () =>
          Promise.resolve(
            simulatedBoards({
              order: { platform: 'wba', security: 0 },
              slots: 4,
              clock,
              timing: 'none',
              faults: [{ slot: 2, name: 'programmer-hangs' }],
            }),
          ),
      },
      onEvent: (event) => {
        if (event.type === 'unit-decided' && event.record.verdict === 'PASS') passed++
        if (passed === 3) stop.abort()
      },
    })
    // Alone it would wait for the deadline of its step, 20 s.
    expect(run.summary).toMatchObject({ pass: 3, interrupted: true })
    expect(run.summary.elapsedMs).toBeLessThan(15_000)
    expect(decisionsOf(run).find(({ slot }) => slot === 2)).toMatchObject({ verdict: 'ERROR' })
  })
})

/** Where the probes are plugged in; one of them may have been moved. */
function places(moved?: number): ReadonlyMap<string, string> {
  return new Map([1, 2, 3].map((slot) => [probeOfSlot(slot), slot === moved ? '1-4' : `1-${slot}`]))
}

describe('a fault of the program itself in one slot (fault matrix PROC-3)', () => {
  it('ends its own board, leaves the journal whole, and is never FAIL', async () => {
    await using folder = await temporaryFolder()
    const broken = withProgrammer((programmer) => ({
      read: (probe, address, length, options) =>
        probe === probeOfSlot(2)
          ? Promise.reject(new TypeError('not a function'))
          : programmer.read(probe, address, length, options),
    }))
    const order = { folder: folder.path, slots: 3, quantity: 3 }
    const run = await runTestLine({ ...order, decorate: broken })
    expect(decisionsOf(run).map(({ verdict, reason }) => [verdict, reason])).toEqual([
      ['PASS', 'complete'],
      ['QUARANTINE', 'STATION_BUG'],
      ['PASS', 'complete'],
    ])
    expect(journalOf(folder.path).at(-1)?.type).toBe('close')
    const resumed = await runTestLine({ ...order, resume: true })
    expect(resumed.summary).toMatchObject({ pass: 1, remaining: 0 })
    const outputs = { home: homeOf(folder.path), results: join(folder.path, 'results') }
    expect(checkOutputs({ ...outputs, isFinished: true })).toEqual([])
  })
})

describe('a station that stands still for two minutes (fault matrix PROC-4)', () => {
  it('gives its boards up at their deadlines, and asks them before it goes on', async () => {
    await using folder = await temporaryFolder()
    let isFrozen = false
    const frozen = withProgrammer((programmer, { clock }) => ({
      read: async (probe, address, length, options) => {
        if (!isFrozen) await clock.sleep(120_000)
        isFrozen = true
        return programmer.read(probe, address, length, options)
      },
    }))
    const order = { folder: folder.path, slots: 2, quantity: 2 }
    const run = await runTestLine({ ...order, decorate: frozen })
    const late = decisionsOf(run).filter(({ verdict }) => verdict !== 'PASS')
    expect(late.map(({ verdict, reason }) => [verdict, reason])).toContainEqual([
      'QUARANTINE',
      'DEADLINE_PASSED',
    ])
    const resumed = await runTestLine({ ...order, resume: true })
    expect(resumed.summary).toMatchObject({ pass: late.length, remaining: 0 })
    const asked = journalOf(folder.path).filter(({ step }) => step === 'ask')
    expect(asked).toHaveLength(late.length)
  })
})

describe('slots that are bound to their probes', () => {
  const binding = [1, 2, 3].map((slot) => ({
    slot,
    probe: probeOfSlot(slot),
    location: `1-${slot}`,
  }))
  it('work in their places whatever the list says', async () => {
    await using folder = await temporaryFolder()
    const run = await runTestLine({
      folder: folder.path,
      slots: 3,
      quantity: 3,
      boardsInMemory: true,
      run: { binding, locate: () => Promise.resolve(places()) },
      decorate: withList((probes) => probes.toReversed()),
    })
    const started = eventsOf(run, 'unit-started').map(({ slot, probe }) => [slot, probe])
    expect(new Map(started.map(([slot, probe]) => [slot, probe]))).toEqual(
      new Map([1, 2, 3].map((slot) => [slot, probeOfSlot(slot)])),
    )
  })

  it('stop when a probe was moved before the run, with what to do; the others go on', async () => {
    await using folder = await temporaryFolder()
    const run = await runTestLine({
      folder: folder.path,
      slots: 3,
      quantity: 3,
      boardsInMemory: true,
      run: { binding, locate: () => Promise.resolve(places(2)) },
    })
    expect(eventsOf(run, 'slot-stopped')).toMatchObject([
      {
        slot: 2,
        reason: expect.stringContaining('STATION_SLOT_CHANGED'),
        remedy: expect.stringContaining('keyline station bind'),
      },
    ])
    expect(run.summary).toMatchObject({ pass: 3, error: 0 })
    expect(new Set(decisionsOf(run).map(({ slot }) => slot))).toEqual(new Set([1, 3]))
  })

  it('stop between two boards when a probe is moved then, and give the unit to another', async () => {
    await using folder = await temporaryFolder()
    let moved: number | undefined
    const run = await runTestLine({
      folder: folder.path,
      slots: 3,
      quantity: 6,
      boardsInMemory: true,
      run: { binding, locate: () => Promise.resolve(places(moved)) },
      onEvent: (event) => {
        if (event.type === 'unit-decided' && event.slot === 3) moved = 3
      },
    })
    expect(eventsOf(run, 'slot-stopped').map(({ slot }) => slot)).toEqual([3])
    expect(decisionsOf(run).filter(({ slot }) => slot === 3)).toHaveLength(1)
    expect(run.summary.pass).toBeGreaterThanOrEqual(4)
    expect(run.summary.pass + run.summary.remaining).toBe(6)
  })

  it('with two probes of one name stop, and the others go on (row F-32)', async () => {
    await using folder = await temporaryFolder()
    const run = await runTestLine({
      folder: folder.path,
      slots: 3,
      quantity: 2,
      boardsInMemory: true,
      run: { binding },
      decorate: withList((probes) => [...probes, ...probes.slice(0, 1)]),
    })
    expect(eventsOf(run, 'slot-stopped')).toMatchObject([
      { slot: 1, reason: expect.stringContaining('two probes have the serial number') },
    ])
    expect(run.summary).toMatchObject({ pass: 2 })
  })
})

describe('a hub that goes down (fault matrix SER-12)', () => {
  it.each(outages.slice(0, scaled(2, outages.length)))(
    'at the step %s of the last slot: one alarm, and the slots come back by themselves',
    async (step) => {
      await using folder = await temporaryFolder()
      const hub = new Hub()
      const clock = clockOf(true)
      const reached = new Set<number>()
      const run = await runTestLine({
        folder: folder.path,
        slots: 4,
        quantity: 4,
        certificateLimit: 12,
        clock,
        decorate: hub.between,
        onEvent: (event) => {
          if (event.type !== 'step-started' || event.step !== step) return
          const isFirstTime = !reached.has(event.slot)
          reached.add(event.slot)
          if (!isFirstTime || reached.size !== 4) return
          void clock.sleep(10).then(() => hub.down())
          void clock.sleep(30_000).then(() => hub.up())
        },
      })
      expect(eventsOf(run, 'alarm')).toMatchObject([
        { code: 'STATION_OUTAGE', remedy: expect.stringContaining('hub') },
      ])
      const lost = eventsOf(run, 'unit-decided').filter(({ record }) => record.verdict !== 'PASS')
      expect(lost.map(({ slot }) => slot).toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4])
      expect(lost.map(({ record }) => record.verdict)).not.toContain('FAIL')
      expect(eventsOf(run, 'slot-returned')).toHaveLength(4)
      expect(run.summary).toMatchObject({ pass: 4, fail: 0, remaining: 0 })
      const outputs = { home: homeOf(folder.path), results: join(folder.path, 'results') }
      expect(checkOutputs({ ...outputs, isFinished: true })).toEqual([])
    },
  )

  it('and stays down: the slots rest after ten minutes, and the run ends', async () => {
    await using folder = await temporaryFolder()
    const hub = new Hub()
    const run = await runTestLine({
      folder: folder.path,
      slots: 2,
      quantity: 4,
      boardsInMemory: true,
      decorate: hub.between,
      onEvent: (event) => {
        if (event.type === 'step-started' && event.step === 'exchange') hub.down()
      },
    })
    expect(eventsOf(run, 'alarm')).toHaveLength(1)
    expect(run.summary).toMatchObject({ pass: 0, fail: 0 })
    expect(run.summary.elapsedMs).toBeLessThan(700_000)
  })

  it('is told from one probe that is lost for itself', async () => {
    await using folder = await temporaryFolder()
    const run = await runTestLine({
      folder: folder.path,
      slots: 3,
      quantity: 3,
      boardsInMemory: true,
      faults: [{ slot: 2, name: 'probe-lost' }],
    })
    expect(eventsOf(run, 'alarm')).toEqual([])
    expect(run.summary).toMatchObject({ pass: 2, error: 1 })
  })
})

describe('a line that fails over and over', () => {
  it('begins no board after so many equal failures in a row, and says why', async () => {
    await using folder = await temporaryFolder()
    const run = await runTestLine({
      folder: folder.path,
      slots: 1,
      quantity: 8,
      boardsInMemory: true,
      faults: [{ slot: 1, name: 'verify-mismatch' }],
      run: { stopAfter: 3 },
    })
    expect(run.summary).toMatchObject({
      pass: 0,
      fail: 3,
      stopped: '3 boards in a row ended as FAIL BOARD_VERIFY',
    })
    expect(eventsOf(run, 'alarm')).toMatchObject([{ code: 'STATION_STOP_RULE', slots: [1] }])
    expect(await unitsIn(folder.path)).toHaveLength(3)
  })
})

describe('two runs that want one probe (fault matrix RACE-2)', () => {
  it('get it once: the other slot stops and names the process, and its units stay whole', async () => {
    await using first = await temporaryFolder()
    await using second = await temporaryFolder()
    await using locks = await temporaryFolder()
    const order = { slots: 2, quantity: 2, boardsInMemory: true, run: { lockFolder: locks.path } }
    let joined: Promise<unknown> | undefined
    const join = () =>
      (joined ??= runTestLine({ folder: second.path, ...order }).catch((error: unknown) => error))
    const run = await runTestLine({ folder: first.path, ...order, decorate: whileConnecting(join) })
    expect(run.summary.pass).toBe(2)
    expect(await joined).toMatchObject({
      code: 'STATION_BUSY',
      message: expect.stringContaining(String(process.pid)),
    })
    expect(await unitsIn(second.path)).toEqual([])
    // They are free again when the run is over.
    expect((await runTestLine({ folder: second.path, ...order })).summary.pass).toBe(2)
  })

  it('at one of two slots leaves the other slot to the second run', async () => {
    await using first = await temporaryFolder()
    await using second = await temporaryFolder()
    await using locks = await temporaryFolder()
    const order = { boardsInMemory: true, run: { lockFolder: locks.path } }
    let joined: Promise<LineRun> | undefined
    const join = () =>
      (joined ??= runTestLine({ folder: second.path, ...order, slots: 2, quantity: 2 }))
    await runTestLine({ folder: first.path, ...order, decorate: whileConnecting(join) })
    const run = await joined
    if (run === undefined) throw new Error('the second run did not begin')
    expect(eventsOf(run, 'slot-stopped')).toMatchObject([
      { slot: 1, reason: expect.stringContaining('STATION_BUSY') },
    ])
    expect(decisionsOf(run).map(({ slot, verdict }) => [slot, verdict])).toEqual([
      [2, 'PASS'],
      [2, 'PASS'],
    ])
  })
})

describe('each slot', () => {
  it('has journal entries of its own, in the order of its steps', async () => {
    await using folder = await temporaryFolder()
    const run = await runTestLine({ folder: folder.path, slots: 3, quantity: 3 })
    const steps = journalOf(folder.path).filter(({ slot }) => slot !== undefined)
    const sequences = [1, 2, 3].map((slot) =>
      steps.filter((one) => one.slot === slot).map(({ type, step }) => `${type} ${step ?? ''}`),
    )
    expect(new Set(sequences.map((sequence) => sequence.join('\n'))).size).toBe(1)
    expect(sequences[0]?.at(-1)).toBe('decided decide')
    expect(run.summary.pass).toBe(3)
  })

  it('is not touched while the journal has boards in flight of another version (PROC-6)', async () => {
    await using folder = await temporaryFolder()
    const journal = join(homeOf(folder.path), 'journal')
    await mkdir(journal, { recursive: true })
    const { line } = chainLine(chainStart, {
      type: 'open',
      run: 'r',
      data: { version: 99 },
      seq: 1,
      time: '2026-06-01T00:00:00.000Z',
    })
    writeFileSync(join(journal, 'journal.jsonl'), `${line}\n`)
    await expect(runTestLine({ folder: folder.path })).rejects.toMatchObject({
      code: 'STATION_JOURNAL_VERSION',
    })
    expect(await unitsIn(folder.path)).toEqual([])
  })
})
