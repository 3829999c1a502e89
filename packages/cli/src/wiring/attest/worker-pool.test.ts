import { VirtualClock } from '@keyline/bytes'
import { describe, expect, it } from 'vitest'
import { WorkerPool, type Worker, type WorkerReport } from './worker-pool.ts'

/** A worker that does what a test tells it. */
class ScriptedWorker implements Worker {
  readonly pid: number
  readonly listening: Promise<WorkerReport>
  readonly ended: Promise<number | null>
  readonly asked: string[] = []
  listen: () => void = () => undefined
  end: (code: number | null) => void = () => undefined
  readonly #obeys: boolean

  constructor(pid: number, obeys = true) {
    this.pid = pid
    this.#obeys = obeys
    this.listening = new Promise((resolve) => {
      this.listen = () => resolve({ port: 8080, keyId: 'kid' })
    })
    this.ended = new Promise((resolve) => {
      this.end = resolve
    })
  }

  stop(): void {
    this.asked.push('stop')
    if (this.#obeys) this.end(0)
  }

  kill(): void {
    this.asked.push('kill')
    this.end(null)
  }
}

function pool({ obeys = true, count = 2 } = {}) {
  const clock = new VirtualClock()
  const workers: ScriptedWorker[] = []
  const told: Array<Readonly<Record<string, string | number>>> = []
  const started = WorkerPool.start({
    count,
    clock,
    stopMs: 12_000,
    fork: () => {
      const worker = new ScriptedWorker(workers.length + 1, obeys)
      workers.push(worker)
      return worker
    },
    tell: (_what, facts) => told.push(facts),
  })
  return { clock, workers, told, started }
}

async function running(options?: Parameters<typeof pool>[0]) {
  const parts = pool(options)
  for (const worker of parts.workers) worker.listen()
  const { pool: own, report } = await parts.started
  return { ...parts, own, report }
}

describe('a pool of workers', () => {
  it('serves as soon as all of them do', async () => {
    const { started, workers } = pool()
    const order: string[] = []
    const done = started.then(() => order.push('started'))
    workers[0]?.listen()
    await Promise.resolve()
    order.push('one listens')
    workers[1]?.listen()
    await done
    expect(order).toEqual(['one listens', 'started'])
  })

  it('says what is wrong when one ends before it serves, and ends the others', async () => {
    const { started, workers } = pool()
    workers[1]?.end(3)
    await expect(started).rejects.toMatchObject({
      code: 'CLI_VERIFIER_WORKER',
      message: 'worker 2 ended with 3 before it served',
    })
    expect(workers[0]?.asked).toEqual(['stop'])
  })

  it('replaces one that ends, ever later while its successors end at once', async () => {
    const { clock, workers, told, own } = await running({ count: 1 })
    const lives = Array.from({ length: 9 }, (_, life) => life)
    for (const life of lives) {
      workers[life]?.end(null)
      await clock.sleep(30_000)
    }
    // The next worker lived for the rest of the 30 seconds, which is not long enough to begin anew.
    expect(told.map(({ delayMs }) => delayMs)).toEqual([
      250, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000,
    ])
    await own.stop()
  })

  it('begins anew with short waits behind a worker that lived long', async () => {
    const { clock, workers, told, own } = await running({ count: 1 })
    workers[0]?.end(1)
    await clock.sleep(1_000)
    workers[1]?.end(1)
    await clock.sleep(70_000)
    workers[2]?.end(1)
    await clock.sleep(1_000)
    expect(told.map(({ delayMs, ended }) => [delayMs, ended])).toEqual([
      [250, 'code 1'],
      [500, 'code 1'],
      [250, 'code 1'],
    ])
    expect(own.size).toBe(1)
    await own.stop()
  })

  it('ends in good order, and replaces none on the way', async () => {
    const { clock, workers, own } = await running()
    await own.stop()
    await clock.sleep(60_000)
    expect(workers.map(({ asked }) => asked)).toEqual([['stop'], ['stop']])
    expect(own.size).toBe(0)
  })

  it('kills what does not end in time', async () => {
    const { workers, own, told } = await running({ obeys: false })
    await own.stop()
    expect(workers.map(({ asked }) => asked)).toEqual([
      ['stop', 'kill'],
      ['stop', 'kill'],
    ])
    expect(told).toEqual([{ pid: 1 }, { pid: 2 }])
  })

  it('starts none while it waits to replace one', async () => {
    const { clock, workers, own } = await running({ count: 1 })
    workers[0]?.end(1)
    await Promise.resolve()
    await own.stop()
    await clock.sleep(60_000)
    expect(workers.length).toBe(1)
  })
})
