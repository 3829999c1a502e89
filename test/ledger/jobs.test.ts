import { afterEach, describe, expect, it } from 'vitest'
import { isKeylineError, VirtualClock } from '@keyline/bytes'
import { crlBuildJob, type JobFailure, type JobPayload, type RunningJobs } from '@keyline/ledger'
import { LedgerBench } from './support/bench.ts'
import { databaseKinds, openAt, openRaw } from './support/databases.ts'

const issuer = 'a'.repeat(40)

/** Ends when `count` jobs have come. */
class Received {
  readonly payloads: JobPayload[] = []
  readonly #waiting: { readonly count: number; readonly resolve: () => void }[] = []

  readonly take = (payload: JobPayload): Promise<void> => {
    this.payloads.push(payload)
    for (const { count, resolve } of this.#waiting) {
      if (this.payloads.length >= count) resolve()
    }
    return Promise.resolve()
  }

  until(count: number): Promise<void> {
    if (this.payloads.length >= count) return Promise.resolve()
    return new Promise((resolve) => this.#waiting.push({ count, resolve }))
  }
}

describe.each(databaseKinds)('jobs on $name', ({ name: database, create }) => {
  const bench = new LedgerBench(create(), `jobs ${database}`)
  bench.register()
  const running: RunningJobs[] = []
  afterEach(async () => {
    for (const each of running.splice(0)) await each.stop()
  })

  it('run once each, whoever runs them', async () => {
    const { jobs } = bench.ledger
    const received = new Received()
    const count = 40
    await Promise.all(Array.from({ length: count }, (_, index) => jobs.add('count', { index })))
    if (database === 'PostgreSQL') {
      const second = await openAt(bench.location)
      const runner = await second.jobs.run({ handlers: { count: received.take } })
      running.push({ stop: () => runner.stop().then(() => second.close()) })
    }
    running.push(await jobs.run({ handlers: { count: received.take } }))
    await received.until(count)
    // One more, and then nothing can be left of the others.
    await jobs.add('count', { index: count })
    await received.until(count + 1)
    const seen = received.payloads.map(({ index }) => Number(index)).toSorted((a, b) => a - b)
    expect(seen).toEqual(Array.from({ length: count + 1 }, (_, index) => index))
  })

  it('wait once for each key', async () => {
    const { jobs } = bench.ledger
    const received = new Received()
    for (const index of [1, 2, 3]) await jobs.add('keyed', { index }, { key: 'one' })
    await jobs.add('keyed', { index: 4 }, { key: 'two' })
    running.push(await jobs.run({ handlers: { keyed: received.take } }))
    await received.until(2)
    expect(new Set(received.payloads.map(({ index }) => index))).toEqual(new Set([3, 4]))
  })

  it('stand or fall with the act that adds them', async () => {
    const { revocation, jobs } = bench.ledger
    const received = new Received()
    await expect(
      revocation.revoke({ certificateSha256: '0'.repeat(64), reason: 'superseded' }),
    ).rejects.toSatisfy(isKeylineError)
    for (const serialNumber of ['01', '02', '01']) {
      await revocation.revokeSerial({ issuerKeyId: issuer, serialNumber, reason: 'superseded' })
    }
    running.push(await jobs.run({ handlers: { [crlBuildJob]: received.take } }))
    await received.until(1)
    expect(received.payloads).toEqual([{ issuerKeyId: issuer }])
  })

  it('are added over and over, and run once however many processes add them', async () => {
    const received = new Received()
    const options = { handlers: { tick: received.take }, every: { tick: 50 } }
    running.push(await bench.ledger.jobs.run(options))
    await received.until(3)
    expect(received.payloads.every((payload) => Object.keys(payload).length === 0)).toBe(true)
  })

  it('come again after they have failed', async () => {
    const { jobs } = bench.ledger
    const received = new Received()
    const failures: JobFailure[] = []
    let failed: (() => void) | undefined
    const hasFailed = new Promise<void>((resolve) => (failed = resolve))
    running.push(
      await jobs.run({
        handlers: { fragile: () => Promise.reject(new Error('not today')) },
        onFailure: (failure) => {
          failures.push(failure)
          failed?.()
        },
      }),
    )
    await jobs.add('fragile', { index: 1 }, { key: 'fragile' })
    await hasFailed
    await running.pop()?.stop()
    expect(failures[0]).toMatchObject({ name: 'fragile', attempt: 1, isLast: false })
    // Asked for anew, it need not wait for its next attempt.
    await jobs.add('fragile', { index: 2 }, { key: 'fragile' })
    running.push(await jobs.run({ handlers: { fragile: received.take } }))
    await received.until(1)
    expect(received.payloads).toEqual([{ index: 2 }])
  })
})

describe('jobs in the table of SQLite', () => {
  const bench = new LedgerBench(databaseKinds[0].create(), 'jobs in a table')
  bench.register()

  it('are tried ten times, later each time, and then left alone', async () => {
    const clock = new VirtualClock()
    await using ledger = await openAt(bench.location, { clock })
    const failures: { readonly at: number; readonly failure: JobFailure }[] = []
    const start = clock.now()
    const runner = await ledger.jobs.run({
      handlers: { broken: () => Promise.reject(new Error('broken')) },
      onFailure: (failure) => failures.push({ at: clock.now() - start, failure }),
    })
    await ledger.jobs.add('broken', {}, { key: 'broken' })
    await clock.sleep(650_000)
    expect(failures.map(({ failure }) => failure.attempt)).toEqual([1, 2, 3, 4, 5, 6, 7])
    // The later ones are hours apart.
    await using raw = await openRaw(bench.location)
    await raw.database.kysely.updateTable('job').set({ attempts: 9, run_at: 0 }).execute()
    await clock.sleep(2000)
    await raw.database.kysely.updateTable('job').set({ run_at: 0 }).execute()
    await clock.sleep(5000)
    await runner.stop()
    expect(failures.map(({ failure }) => failure.attempt).slice(7)).toEqual([10])
    expect(failures.map(({ failure }) => failure.isLast).indexOf(true)).toBe(7)
    const waits = failures.slice(1, 7).map(({ at }, index) => at - (failures[index]?.at ?? 0))
    for (const [index, wait] of waits.entries()) {
      expect(wait).toBeGreaterThanOrEqual(1000 * Math.exp(index + 1) - 1)
      expect(wait).toBeLessThan(1000 * Math.exp(index + 1) + 1001)
    }
  })

  it('whose runner died are taken over', async () => {
    const clock = new VirtualClock()
    const ledger = await openAt(bench.location, { clock })
    await ledger.jobs.add('long', { index: 1 })
    let began: (() => void) | undefined
    const hasBegun = new Promise<void>((resolve) => (began = resolve))
    void ledger.jobs.run({
      handlers: {
        long: () => {
          began?.()
          return new Promise(() => undefined)
        },
      },
    })
    await hasBegun
    await ledger.close()
    await using second = await openAt(bench.location, { clock })
    const received = new Received()
    const start = clock.now()
    const runner = await second.jobs.run({ handlers: { long: received.take } })
    await received.until(1)
    await runner.stop()
    expect(clock.now() - start).toBeGreaterThan(10 * 60_000)
  })
})
