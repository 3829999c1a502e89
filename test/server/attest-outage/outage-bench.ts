import { expect } from 'vitest'
import { FaultProxy, type Fate } from '../../support/fault-proxy.ts'
import { scaled, testSeed } from '../../support/scale.ts'
import { CrashingPostgres } from './crashing-postgres.ts'
import { Fleet } from './fleet.ts'
import { Judge } from './judge.ts'
import { Load } from './load.ts'
import { VerifierNode, type NodeOptions } from './node.ts'

/** A wait that ends at all ends long before. */
export const deadline = { timeout: 60_000, interval: 20 } as const

/** A database that is killed, nodes on the straight way to it, and nodes whose answers come to harm. */
export class OutageBench implements AsyncDisposable {
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

  static async start(): Promise<OutageBench> {
    const postgres = await CrashingPostgres.start()
    const fate = { next: (): Fate => undefined }
    const port = Number(new URL(postgres.url).port)
    const proxy = await FaultProxy.start({ targets: () => [port], fateOf: () => fate.next() })
    return new OutageBench(postgres, proxy, fate)
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
