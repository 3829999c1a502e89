import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Draw } from '../../support/draw.ts'
import { FaultProxy, type Fate } from '../../support/fault-proxy.ts'
import { scaled, testSeed } from '../../support/scale.ts'
import { drawNonce, verify } from '../../support/verifier-service.ts'
import { forgetfulRecord } from './forgetful-record.ts'
import { CrashingPostgres } from './crashing-postgres.ts'
import { Fleet } from './fleet.ts'
import { Judge } from './judge.ts'
import { Load } from './load.ts'
import { VerifierNode, type NodeOptions } from './node.ts'

const deadline = { timeout: 60_000, interval: 20 }
const singleUse = { nonce: { singleUse: true } } as const

/** A database that is killed, nodes on the straight way to it, and nodes whose answers come to harm. */
class Bench implements AsyncDisposable {
  readonly fleet = new Fleet(scaled(3, 20))
  readonly judge = new Judge()
  readonly nodes: VerifierNode[] = []
  readonly postgres: CrashingPostgres
  readonly proxy: FaultProxy
  readonly #fate: { next: () => Fate }

  private constructor(postgres: CrashingPostgres, proxy: FaultProxy, fate: { next: () => Fate }) {
    this.postgres = postgres
    this.proxy = proxy
    this.#fate = fate
  }

  static async start(): Promise<Bench> {
    const postgres = await CrashingPostgres.start()
    const fate = { next: (): Fate => undefined }
    const port = Number(new URL(postgres.url).port)
    const proxy = await FaultProxy.start({ targets: () => [port], fateOf: () => fate.next() })
    return new Bench(postgres, proxy, fate)
  }

  /** What becomes of answers of the database behind the proxy. */
  harm(next: () => Fate): void {
    this.#fate.next = next
  }

  async node(way: 'straight' | 'proxy', options: NodeOptions = {}): Promise<VerifierNode> {
    const url = new URL(this.postgres.url)
    if (way === 'proxy') url.port = String(this.proxy.port)
    const node = await VerifierNode.start({ kind: 'postgres', url: url.href }, options)
    if (this.nodes.push(node) === 1) await this.fleet.enter(node.record)
    return node
  }

  load(isSingleUse: boolean): Load {
    const { nodes, fleet, judge } = this
    const callers = scaled(8, 32)
    return new Load({ nodes, fleet, judge, callers, isSingleUse, seed: `outage ${testSeed}` })
  }

  /** Until there are so many more right verdicts on every kind of device. */
  async served(count: number): Promise<void> {
    const before = { ...this.judge.right }
    const least = (): number => {
      const { genuine, revoked, unknown } = this.judge.right
      return Math.min(genuine - before.genuine, revoked - before.revoked, unknown - before.unknown)
    }
    await expect.poll(least, deadline).toBeGreaterThanOrEqual(count)
  }

  /** Until every node says so of itself. */
  async readiness(status: number): Promise<void> {
    const states = (): Promise<readonly number[]> =>
      Promise.all(this.nodes.map((node) => node.ready()))
    await expect.poll(states, deadline).toEqual(this.nodes.map(() => status))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.harm(() => undefined)
    for (const node of this.nodes) await node[Symbol.asyncDispose]()
    await this.proxy[Symbol.asyncDispose]()
    await this.postgres[Symbol.asyncDispose]()
  }
}

let bench: Bench
beforeEach(async () => {
  bench = await Bench.start()
})
afterEach(() => bench[Symbol.asyncDispose]())

describe('a verifier under load whose PostgreSQL', () => {
  it('is killed and started again gives the right verdict or none, and is back by itself', async () => {
    const { judge, postgres, proxy } = bench
    const nodes = [
      await bench.node('straight', { settings: singleUse }),
      await bench.node('proxy', { settings: singleUse }),
    ]
    const draw = new Draw(`harm ${testSeed}`)
    const fates = ['lost', 'cut', { late: 40 }] as const
    bench.harm(() => (draw.once(40) ? draw.pick(fates) : undefined))
    const load = bench.load(true)
    await bench.served(3)
    for (let round = 0; round < scaled(2, 20); round += 1) {
      await postgres.kill()
      await bench.readiness(503)
      const unchecked = judge.unchecked
      await expect.poll(() => judge.unchecked, deadline).toBeGreaterThan(unchecked)
      await postgres.restart()
      await bench.readiness(200)
      await bench.served(3)
    }
    bench.harm(() => undefined)
    await load.end()
    expect(judge.wrong).toEqual([])
    expect(proxy.harmedAnswers).toBeGreaterThan(0)
    expect(load.completed.length).toBeGreaterThan(0)
    for (const { path, answer } of load.completed) {
      for (const node of nodes) expect((await node.call({ path })).text).toBe(answer)
    }
    await bench.readiness(200)
  })

  it('is gone says so, once what is in memory is older than its bound', async () => {
    const { judge, fleet, postgres } = bench
    const node = await bench.node('straight', { memory: { pollMs: 20, staleAfterMs: 300 } })
    const [device] = fleet.of('genuine')
    if (device === undefined) throw new Error('no device')
    const ask = async (): Promise<boolean> => {
      const nonce = await drawNonce(node)
      const reply = await verify(node, nonce, await device.token({ nonce }))
      return judge.verdict('from memory', 'genuine', reply) === undefined
    }
    expect(await ask()).toBe(false)
    await postgres.kill()
    await expect.poll(ask, deadline).toBe(true)
    await postgres.restart()
    await expect.poll(ask, deadline).toBe(false)
    expect(judge.wrong).toEqual([])
  })

  it('is killed under a record that takes no answer for an empty one is found out', async () => {
    const { judge, postgres } = bench
    await bench.node('straight', {
      around: forgetfulRecord,
      memory: { pollMs: 20, staleAfterMs: 50 },
    })
    const load = bench.load(false)
    await bench.served(1)
    expect(judge.wrong).toEqual([])
    await postgres.kill()
    const slander = 'one request: a device that is genuine was told to be unknown'
    await expect.poll(() => judge.wrong, deadline).toContain(slander)
    await postgres.restart()
    await load.end()
  })
})
