import type { AnchorState } from '@keyline/verifier'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { drawNonce, verify } from '../../support/verifier-service.ts'
import { deviceImplementation, type VerifiedDevice } from '../../support/verified-device.ts'
import type { Truth } from './fleet.ts'
import { Judge } from './judge.ts'
import type { VerifierNode } from './node.ts'
import { deadline, OutageBench } from './outage-bench.ts'

const memory = { pollMs: 20, staleAfterMs: 300 } as const

let bench: OutageBench
beforeEach(async () => {
  bench = await OutageBench.start()
})
afterEach(() => bench[Symbol.asyncDispose]())

function genuineOne(): VerifiedDevice {
  const [device] = bench.fleet.of('genuine')
  if (device === undefined) throw new Error('the fleet has no genuine device')
  return device
}

/** What a node says of a device; nothing when it could not check. */
async function told(node: VerifierNode, device: VerifiedDevice): Promise<Truth | undefined> {
  const judge = new Judge()
  const nonce = await drawNonce(node)
  const reply = await verify(node, nonce, await device.token({ nonce }))
  const result = judge.verdict('a device', 'genuine', reply)
  if (result === undefined) {
    expect(judge.wrong).toEqual([])
    return undefined
  }
  if (judge.right.genuine === 1) return 'genuine'
  expect(judge.wrong).toEqual(['a device: a device that is genuine was told to be revoked'])
  return 'revoked'
}

describe('a device that is revoked while a node cannot read', () => {
  it('is revoked in the first verdict of that node', async () => {
    const here = await bench.node('straight', { memory })
    const there = await bench.node('proxy', { memory })
    const device = genuineOne()
    expect(await told(there, device)).toBe('genuine')
    bench.harm(() => 'lost')
    await expect.poll(() => told(there, device), deadline).toBe(undefined)
    await here.record.tenant('0').endorsements.setState(device.instanceId, 'revoked')
    bench.harm(() => undefined)
    const verdicts: (Truth | undefined)[] = []
    await expect
      .poll(async () => {
        const now = await told(there, device)
        verdicts.push(now)
        return now
      }, deadline)
      .toBe('revoked')
    expect(verdicts).not.toContain('genuine')
  })

  it('is revoked within the bound when answers of the database come late', async () => {
    const here = await bench.node('straight', { memory })
    const there = await bench.node('proxy', { memory })
    const device = genuineOne()
    expect(await told(there, device)).toBe('genuine')
    const late = 6 * memory.staleAfterMs
    bench.harm(() => ({ late }))
    await expect.poll(() => bench.proxy.harmedAnswers, deadline).toBeGreaterThan(0)
    bench.harm(() => undefined)
    await here.record.tenant('0').endorsements.setState(device.instanceId, 'revoked')
    const revokedAt = performance.now()
    const { trust } = there.record.tenant('0')
    const lateStates: (AnchorState | undefined)[] = []
    await expect
      .poll(async () => {
        const askedAt = performance.now()
        const state = await Promise.resolve(
          trust.findAnchor(deviceImplementation, device.instanceId),
        ).then(
          (anchor) => anchor?.state,
          () => undefined,
        )
        if (askedAt > revokedAt + memory.staleAfterMs) lateStates.push(state)
        return state
      }, deadline)
      .toBe('revoked')
    expect(lateStates).not.toContain('active')
    expect(await told(there, device)).toBe('revoked')
  })
})
