import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { databaseKinds } from '../../ledger/support/databases.ts'
import { openRecord } from '../../ledger/attestation/support.ts'
import { scaled, testSeed } from '../../support/scale.ts'
import { callPort, drawNonce, verify, type Call } from '../../support/verifier-service.ts'
import { Balancer } from './balancer.ts'
import { Fleet } from './fleet.ts'
import { Judge } from './judge.ts'
import { Load } from './load.ts'
import { NodeProcess } from './node-process.ts'
import { deadline } from './outage-bench.ts'

const memory = { pollMs: 100, staleAfterMs: 2_000 } as const

describe.each(databaseKinds)('two processes that serve one record on $name', ({ create }) => {
  const databases = create()
  const fleet = new Fleet(3)
  const nodes: NodeProcess[] = []
  let start: () => Promise<NodeProcess>

  beforeAll(async () => {
    await databases.start()
    const database = await databases.fresh()
    {
      await using record = await openRecord(database)
      await fleet.enter(record)
    }
    start = async () => {
      const node = await NodeProcess.start({ database, memory, drainMs: 400 })
      nodes.push(node)
      return node
    }
    for (const node of [await start(), await start()]) await node.listening
  })
  afterAll(async () => {
    for (const node of nodes) await node.kill()
    await databases.stop()
  })

  it('are replaced one after the other, and no request fails (ATT-4)', async () => {
    await using balancer = await Balancer.start()
    for (const { port } of nodes) balancer.add(port)
    await expect.poll(() => balancer.ready.length, deadline).toBe(2)
    const judge = new Judge()
    const call = (asked: Call) => callPort(balancer.port, asked)
    const callers = scaled(4, 16)
    const load = new Load({
      nodes: [{ call }],
      fleet,
      judge,
      callers,
      isSingleUse: true,
      seed: `rolling ${testSeed}`,
    })
    for (let round = 0; round < scaled(2, 10); round += 1) {
      const served = judge.right.genuine
      const [old] = nodes
      const next = await start()
      // Known to the balancer before it listens: whether it is ready, it says itself.
      balancer.add(next.port)
      await expect.poll(() => balancer.ready, deadline).toContain(next.port)
      nodes.shift()
      expect(await old?.stop()).toBe(0)
      await expect.poll(() => judge.right.genuine, deadline).toBeGreaterThan(served)
    }
    await load.end()
    expect([judge.wrong, judge.unchecked, load.failed]).toEqual([[], 0, []])
  })

  it('honour the revocation that one of them is told within the bound, both of them (ATT-2)', async () => {
    const [device] = fleet.of('genuine')
    if (device === undefined) throw new Error('the fleet has no genuine device')
    const calls = nodes.map(
      ({ port }) =>
        (asked: Call) =>
          callPort(port, asked),
    )
    const verdicts = (): Promise<readonly string[]> =>
      Promise.all(
        calls.map(async (call) => {
          const judge = new Judge()
          const nonce = await drawNonce({ call })
          const reply = await verify({ call }, nonce, await device.token({ nonce }))
          judge.verdict('a node', 'genuine', reply)
          return judge.wrong[0] ?? (judge.right.genuine === 1 ? 'genuine' : 'unchecked')
        }),
      )
    expect(await verdicts()).toEqual(['genuine', 'genuine'])
    const instance = Buffer.from(device.instanceId).toString('hex')
    const told = await calls[0]?.({
      method: 'POST',
      path: `/management/v1/devices/${instance}/revoke`,
    })
    expect(told?.status).toBeLessThan(300)
    const revokedAt = performance.now()
    const revoked = 'a node: a device that is genuine was told to be revoked'
    const late: (readonly string[])[] = []
    await expect
      .poll(async () => {
        const askedAt = performance.now()
        const now = await verdicts()
        if (askedAt > revokedAt + memory.staleAfterMs) late.push(now)
        return now
      }, deadline)
      .toEqual([revoked, revoked])
    expect(late.flat()).not.toContain('genuine')
  })

  it('lose requests when one is killed: what counts them is not blind', async () => {
    await using balancer = await Balancer.start()
    for (const { port } of nodes) balancer.add(port)
    await expect.poll(() => balancer.ready.length, deadline).toBe(2)
    const call = (asked: Call) => callPort(balancer.port, asked)
    const judge = new Judge()
    const load = new Load({
      nodes: [{ call }],
      fleet: new Fleet(1),
      judge,
      callers: 16,
      isSingleUse: true,
      seed: 'killed',
    })
    await expect.poll(() => judge.right.unknown, deadline).toBeGreaterThan(0)
    await nodes[0]?.kill()
    await expect.poll(() => load.failed.length, deadline).toBeGreaterThan(0)
    await load.end()
  })
})
