import { toBase64 } from '@keyline/bytes'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { member, type Client, type Reply } from './support/call.ts'
import { requestOf } from './support/request.ts'
import { startService, type TestService } from './support/service.ts'

let service: TestService
let station: Client
let answer: Reply

const recall = (client: Client, key = 'key-1', order = 'O-1'): Promise<Reply> =>
  client.call({ path: `/v1/orders/${order}/dac`, headers: { 'idempotency-key': key } })

beforeAll(async () => {
  service = await startService()
  station = await service.member('station-1', 'station')
  answer = await station.call({
    method: 'POST',
    path: '/v1/orders/O-1/dac',
    headers: { 'content-type': 'application/json', 'idempotency-key': 'key-1' },
    body: JSON.stringify({
      unit: 'unit-1',
      serialNumber: 'S-1',
      csr: toBase64(await requestOf()),
    }),
  })
})

afterAll(() => service[Symbol.asyncDispose]())

describe('a station that lost an answer', () => {
  it('learns which certificate it was, and whether it lives', async () => {
    const sha256 = String(member(answer.text, 'sha256'))
    const found = await recall(station)
    expect(found.status).toBe(200)
    expect(JSON.parse(found.text)).toMatchObject({
      sha256,
      unit: 'unit-1',
      serialNumber: member(answer.text, 'serialNumber'),
      certificate: member(answer.text, 'dac'),
      state: 'live',
    })
    const before = await service.ledger.order('O-1')
    expect(before).toMatchObject({ certificatesUsed: 1 })
    await service.ledger.revocation.revoke({ certificateSha256: sha256, reason: 'superseded' })
    expect(member((await recall(station)).text, 'state')).toBe('void')
    expect(await service.ledger.order('O-1')).toEqual(before)
  })

  it('learns nothing of requests that nobody made, of another station or of another order', async () => {
    const other = await service.member('station-2', 'station')
    for (const reply of [
      await recall(station, 'key-2'),
      await recall(other),
      await recall(station, 'key-1', 'O-2'),
    ]) {
      expect([reply.status, member(reply.text, 'code')]).toEqual([404, 'SERVER_NOT_FOUND'])
    }
  })

  it('names the request', async () => {
    const reply = await station.call({ path: '/v1/orders/O-1/dac' })
    expect([reply.status, member(reply.text, 'code')]).toEqual([400, 'SERVER_HEADER_INVALID'])
  })
})
