import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Draw } from '../../support/draw.ts'
import { scaled, testSeed } from '../../support/scale.ts'
import { drawNonce, verify } from '../../support/verifier-service.ts'
import { forgetfulRecord } from './forgetful-record.ts'
import { deadline, OutageBench } from './outage-bench.ts'

const singleUse = { nonce: { singleUse: true } } as const

let bench: OutageBench
beforeEach(async () => {
  bench = await OutageBench.start()
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
