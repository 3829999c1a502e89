import { VirtualClock, type Clock } from '@keyline/bytes'
import { describe, expect, it } from 'vitest'
import { requireOrderOpen } from './order-status.ts'
import { answerOf, FakeTransport, problemAnswer } from './testing/rest-server.ts'

const now = Date.UTC(2026, 6, 1)
const clock: Clock = Object.assign(new VirtualClock(), { now: () => now })

const order = {
  id: 'order-1',
  vendorId: 0xfff1,
  productId: 0x8004,
  policy: 'test',
  state: 'open',
  quantity: 8,
  certificateLimit: 8,
  certificatesUsed: 7,
}

const question = {
  orderId: 'order-1',
  vendorId: 0xfff1,
  productId: 0x8004,
  policy: 'test',
  stationId: 'station-1',
} as const

function asked(changes: Readonly<Record<string, unknown>>): Promise<void> {
  const answer = answerOf({
    status: 200,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ ...order, ...changes }),
  })
  const transport = new FakeTransport(() => Promise.resolve(answer))
  return requireOrderOpen({ transport, clock }, question)
}

describe('an order at its issuer', () => {
  it.each([
    [{}],
    [{ stations: ['station-2', 'station-1'] }],
    [{ opens: '2026-07-01T00:00:00.000Z', closes: '2026-07-01T00:00:00.001Z' }],
  ])('is open with %j', async (changes) => {
    await expect(asked(changes)).resolves.toBeUndefined()
  })

  it.each([
    [{ state: 'paused' }, 'ISSUER_ORDER_PAUSED'],
    [{ state: 'closed' }, 'ISSUER_ORDER_CLOSED'],
    [{ stations: ['station-2'] }, 'ISSUER_STATION_REFUSED'],
    [{ opens: '2026-07-01T00:00:00.001Z' }, 'ISSUER_ORDER_WINDOW'],
    [{ closes: '2026-07-01T00:00:00.000Z' }, 'ISSUER_ORDER_WINDOW'],
    [{ certificatesUsed: 8 }, 'ISSUER_QUOTA_REACHED'],
    [{ policy: 'production' }, 'ISSUER_POLICY_MISMATCH'],
    [{ productId: 0x8005 }, 'ISSUER_RULE_BROKEN'],
    [{ state: 'burning' }, 'ISSUER_ANSWER_MALFORMED'],
    [{ certificatesUsed: '7' }, 'ISSUER_ANSWER_MALFORMED'],
    [{ stations: [7] }, 'ISSUER_ANSWER_MALFORMED'],
    [{ stations: 'station-1' }, 'ISSUER_ANSWER_MALFORMED'],
    [{ opens: 'soon' }, 'ISSUER_ANSWER_MALFORMED'],
  ])('with %j ends every request with %s', async (changes, code) => {
    await expect(asked(changes)).rejects.toMatchObject({ code })
  })

  it('is refused as the issuer refuses it', async () => {
    const problem = problemAnswer(404, 'ISSUER_ORDER_UNKNOWN', 'there is no order order-1')
    const transport = new FakeTransport(() => Promise.resolve(problem))
    await expect(requireOrderOpen({ transport, clock }, question)).rejects.toMatchObject({
      code: 'ISSUER_ORDER_UNKNOWN',
    })
  })
})
