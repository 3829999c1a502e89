import { systemClock, toBase64, toHex } from '@keyline/bytes'
import { sha256 } from '@keyline/crypto'
import { describe, expect, it } from 'vitest'
import { recallDac } from './recall.ts'
import { answerOf, FakeTransport, problemAnswer } from './testing/rest-server.ts'

const certificate = Uint8Array.of(1, 2, 3)
const hash = '0123456789abcdef'.repeat(4)
const keyId = '01234567'.repeat(5)
const question = { orderId: 'order 1', idempotencyKey: 'unit/key' }

const answering = (answer: ReturnType<typeof answerOf>) => {
  const transport = new FakeTransport(() => Promise.resolve(answer))
  return { transport, recalled: recallDac({ transport, clock: systemClock }, question) }
}

const found = (changes: Readonly<Record<string, unknown>> = {}) =>
  answerOf({
    status: 200,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      certificate: toBase64(certificate),
      requestHash: hash,
      issuerKeyId: keyId,
      ...changes,
    }),
  })

describe('a request whose answer was lost', () => {
  it('is asked for by its key of idempotency, and issues nothing', async () => {
    const { transport, recalled } = answering(found())
    expect(await recalled).toEqual({
      certificate,
      sha256: toHex(sha256(certificate)),
      requestHash: hash,
      issuerKeyId: keyId,
    })
    expect(transport.requests).toMatchObject([
      {
        method: 'GET',
        path: '/v1/orders/order%201/dac',
        headers: { 'idempotency-key': 'unit/key' },
      },
    ])
  })

  it('has brought nothing where the server knows no answer to it', async () => {
    const answer = problemAnswer(404, 'SERVER_NOT_FOUND', 'no answer')
    expect(await answering(answer).recalled).toBeUndefined()
  })

  it.each([
    ['another server', answerOf({ status: 404 }), 'ISSUER_REFUSED'],
    ['a server without the call', problemAnswer(404, 'SERVER_ROUTE_UNKNOWN', ''), 'ISSUER_REFUSED'],
    ['a server that is down', problemAnswer(503, 'ISSUER_STORE_DOWN', ''), 'ISSUER_STORE_DOWN'],
    ['an answer without certificate', found({ certificate: 7 }), 'ISSUER_ANSWER_MALFORMED'],
    ['an answer with another hash', found({ requestHash: 'x' }), 'ISSUER_ANSWER_MALFORMED'],
    ['an answer that is no base64', found({ certificate: '?' }), 'ISSUER_ANSWER_MALFORMED'],
  ])('stays open with %s', async (_, answer, code) => {
    await expect(answering(answer).recalled).rejects.toMatchObject({ code })
  })
})
