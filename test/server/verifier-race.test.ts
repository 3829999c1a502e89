import { describe, expect, it } from 'vitest'
import { scaled } from '../support/scale.ts'
import {
  drawNonce,
  openSession,
  startVerifierService,
  submit,
  textMember,
  verify,
  type Reply,
  type VerifierService,
} from '../support/verifier-service.ts'

/** Two servers over one record. */
async function pair(settings = {}): Promise<readonly [VerifierService, VerifierService]> {
  const first = await startVerifierService({ settings })
  const { record, clock } = first
  return [first, await startVerifierService({ settings, record, clock })]
}

const rounds = scaled(10, 200)

function statusesOf(replies: readonly Reply[]): readonly number[] {
  return replies.map(({ status }) => status).toSorted((a, b) => a - b)
}

describe('two servers of one record', () => {
  it('give one session to one of two submissions, and a retry the same answer', async () => {
    const [first, second] = await pair()
    await using _ = first
    await using __ = second
    for (let round = 0; round < rounds; round += 1) {
      const { path, nonce } = await openSession(first)
      const one = await first.device.token({ nonce, clientId: -1 })
      const other = await first.device.token({ nonce, clientId: -2 })
      const replies = await Promise.all([submit(first, path, one), submit(second, path, other)])
      expect(statusesOf(replies)).toEqual([200, 409])
      const [winner] = replies[0]?.status === 200 ? [one] : [other]
      const again = await Promise.all([submit(first, path, winner), submit(second, path, winner)])
      const results = [...replies, ...again]
        .filter(({ status }) => status === 200)
        .map(({ json }) => textMember(json, 'result'))
      expect(results).toHaveLength(3)
      expect(new Set(results).size).toBe(1)
    }
  })

  it('answer the same evidence that both get at the same time with one result', async () => {
    const [first, second] = await pair()
    await using _ = first
    await using __ = second
    for (let round = 0; round < rounds; round += 1) {
      const { path, nonce } = await openSession(first)
      const token = await first.device.token({ nonce })
      const replies = await Promise.all([submit(first, path, token), submit(second, path, token)])
      expect(replies.map(({ status }) => status)).toEqual([200, 200])
      const shown = await second.call({ path })
      const kept = textMember(shown.json, 'result')
      const told = replies.map(({ json }) => textMember(json, 'result'))
      expect(told).toEqual([kept, kept])
    }
  })

  it('let a nonce for one use be used once', async () => {
    const [first, second] = await pair({ nonce: { singleUse: true } })
    await using _ = first
    await using __ = second
    for (let round = 0; round < rounds; round += 1) {
      const nonce = await drawNonce(first)
      const one = await first.device.token({ nonce, clientId: -1 })
      const other = await first.device.token({ nonce, clientId: -2 })
      const replies = await Promise.all([verify(first, nonce, one), verify(second, nonce, other)])
      expect(statusesOf(replies)).toEqual([200, 409])
    }
  })

  it('show the same keys, though both made their own when they started', async () => {
    const [first, second] = await pair()
    await using _ = first
    await using __ = second
    const path = '/.well-known/jwks.json'
    expect((await first.call({ path })).json).toEqual((await second.call({ path })).json)
  })
})
