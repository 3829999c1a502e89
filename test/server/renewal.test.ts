import { toBase64 } from '@keyline/bytes'
import { generateP256 } from '@keyline/crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { basic, certificateOf, credentialsOf, requestOf } from './support/request.ts'
import { startService, type TestService } from './support/service.ts'
import type { Client, Reply } from './support/call.ts'

let service: TestService
beforeAll(async () => {
  service = await startService()
})
afterAll(() => service[Symbol.asyncDispose]())

const pkcs10 = { 'content-type': 'application/pkcs10' }

const enrol = (user: string, token: string, csr: Uint8Array): Promise<Reply> =>
  service.client().call({
    method: 'POST',
    path: '/.well-known/est/members/simpleenroll',
    headers: { ...pkcs10, authorization: basic(user, token) },
    body: toBase64(csr),
  })

const renew = (client: Client, csr: Uint8Array): Promise<Reply> =>
  client.call({
    method: 'POST',
    path: '/.well-known/est/members/simplereenroll',
    headers: pkcs10,
    body: toBase64(csr),
  })

const firstLine = ({ text }: Reply): string => text.split('\n')[0] ?? ''

describe('the enrolment of a member', () => {
  it('uses its token up', async () => {
    const token = await service.invite('once', 'station')
    expect((await enrol('once', token, await requestOf())).status).toBe(200)
    const again = await enrol('once', token, await requestOf())
    expect([again.status, firstLine(again)]).toEqual([401, 'LEDGER_TOKEN_INVALID'])
    expect(again.headers['www-authenticate']).toMatch(/^Basic realm=/)
  })

  it('gives one certificate for a token, however many ask at once', async () => {
    const token = await service.invite('race', 'station')
    const requests = await Promise.all(Array.from({ length: 8 }, () => requestOf()))
    const replies = await Promise.all(requests.map((csr) => enrol('race', token, csr)))
    const statuses = replies.map(({ status }) => status)
    expect(statuses.filter((status) => status === 200)).toHaveLength(1)
    expect(statuses.filter((status) => status === 401)).toHaveLength(7)
  })

  it('says the same of a wrong token and of a member that was never invited', async () => {
    const token = await service.invite('someone', 'station')
    const wrong = await enrol(
      'someone',
      token.replace(/^./, (first) => (first === 'A' ? 'B' : 'A')),
      await requestOf(),
    )
    const nobody = await enrol('nobody', token, await requestOf())
    expect([wrong.status, firstLine(wrong)]).toEqual([401, 'LEDGER_TOKEN_INVALID'])
    expect([nobody.status, firstLine(nobody)]).toEqual([401, 'LEDGER_TOKEN_INVALID'])
  })

  it.each([
    ['nothing', undefined],
    ['another scheme', 'Bearer abc'],
    ['no base64', 'Basic %%%'],
    ['no colon', 'Basic AAAA'],
    ['a name with a blank', basic('s 1', 'A'.repeat(43))],
    ['a short token', basic('s1', 'short')],
  ])('with %s in the place of name and token is not authenticated', async (_, authorization) => {
    const reply = await service.client().call({
      method: 'POST',
      path: '/.well-known/est/members/simpleenroll',
      headers: { ...pkcs10, ...(authorization !== undefined && { authorization }) },
      body: toBase64(await requestOf()),
    })
    expect([reply.status, firstLine(reply)]).toEqual([401, 'SERVER_TOKEN_MISSING'])
  })

  it('leaves the token good when the request is refused', async () => {
    const token = await service.invite('second-try', 'station')
    const foreign = await enrol(
      'second-try',
      token,
      await requestOf(generateP256(), 'someone-else'),
    )
    expect([foreign.status, firstLine(foreign)]).toEqual([422, 'SERVER_REQUEST_REFUSED'])
    const broken = await enrol('second-try', token, (await requestOf()).subarray(1))
    expect(broken.status).toBe(400)
    expect(
      (await enrol('second-try', token, await requestOf(generateP256(), 'second-try'))).status,
    ).toBe(200)
  })

  it('is renewed with the present certificate, for a new key, under the same name', async () => {
    const client = await service.member('renewing', 'station')
    const keyPair = generateP256()
    const reply = await renew(client, await requestOf(keyPair, 'renewing'))
    expect(reply.status).toBe(200)
    const next = service.client(credentialsOf(keyPair, certificateOf(reply.text)))
    expect((await next.call({ path: '/v1/orders' })).status).toBe(200)
    const renamed = await renew(next, await requestOf(keyPair, 'boss'))
    expect([renamed.status, firstLine(renamed)]).toEqual([422, 'SERVER_REQUEST_REFUSED'])
  })
})
