import { createConnection, type Socket } from 'node:net'
import { connect, type TLSSocket } from 'node:tls'
import { once } from 'node:events'
import { toBase64 } from '@keyline/bytes'
import { pemEncode } from '@keyline/x509'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { deferred, member, type Call, type Client, type Credentials } from './support/call.ts'
import { requestOf } from './support/request.ts'
import { startService, type ServiceOptions, type TestService } from './support/service.ts'

const open: AsyncDisposable[] = []
afterEach(async () => {
  for (const one of open.splice(0).toReversed()) await one[Symbol.asyncDispose]()
})

async function started(options: ServiceOptions = {}): Promise<TestService> {
  const service = await startService(options)
  open.push(service)
  return service
}

let sharedService: Promise<TestService> | undefined
let station: Promise<Client> | undefined
afterAll(async () => (await sharedService)?.[Symbol.asyncDispose]())

/** One server for the tests that change nothing. */
function shared(): Promise<TestService> {
  sharedService ??= startService()
  return sharedService
}

function sharedStation(): Promise<Client> {
  station ??= shared().then((service) => service.member('shared', 'station'))
  return station
}

/** A connection on which a test writes what it likes. */
async function rawConnection(service: TestService, credentials?: Credentials): Promise<TLSSocket> {
  const ca = pemEncode('CERTIFICATE', service.serviceCa.certificate)
  const socket = connect({ host: 'localhost', port: service.server.port, ca, ...credentials })
  socket.on('error', () => undefined)
  await once(socket, 'secureConnect')
  return socket
}

/** All that comes until the server closes the connection: with a reset, when it is written to still. */
async function untilClosed(socket: Socket): Promise<string> {
  let text = ''
  socket.setEncoding('utf8').on('data', (piece: string) => {
    text += piece
  })
  await new Promise<void>((resolve) => {
    socket.once('close', () => resolve())
  })
  return text
}

const dacCall = async (key: string): Promise<Call> => ({
  method: 'POST',
  path: '/v1/orders/O-1/dac',
  headers: { 'content-type': 'application/json', 'idempotency-key': key },
  body: JSON.stringify({
    unit: `U-${key}`,
    serialNumber: `SN-${key}`,
    csr: toBase64(await requestOf()),
  }),
})

describe('a slow caller', () => {
  it('who never ends the head of its request is cut off, and others are served meanwhile', async () => {
    const service = await started({ timeouts: { headersMs: 200, requestMs: 400 } })
    const socket = await rawConnection(service)
    socket.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Slow: ')
    expect((await service.client().call({ path: '/healthz' })).status).toBe(200)
    expect(await untilClosed(socket)).toMatch(/^HTTP\/1\.1 408 /)
  })

  it('who trickles its body is cut off by the clock, not by the octet', async () => {
    const service = await started({ timeouts: { headersMs: 200, requestMs: 400 } })
    const socket = await rawConnection(service, await service.enrol('slow', 'station'))
    socket.write(
      'POST /v1/orders/O-1/dac HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n' +
        'Idempotency-Key: k\r\nContent-Length: 1000\r\n\r\n',
    )
    const trickle = setInterval(() => socket.write(' '), 20)
    const answer = await untilClosed(socket)
    clearInterval(trickle)
    expect(answer).toMatch(/^HTTP\/1\.1 408 |^$/)
    expect((await service.ledger.order('O-1'))?.certificatesUsed).toBe(0)
  })

  it('who goes away in the middle of its body leaves nothing behind', async () => {
    const service = await started()
    const socket = await rawConnection(service, await service.enrol('gone', 'station'))
    socket.write(
      'POST /v1/orders/O-1/dac HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n' +
        'Idempotency-Key: k\r\nContent-Length: 1000\r\n\r\n{"unit":',
    )
    socket.destroy()
    const client = await service.member('s1', 'station')
    expect((await client.call(await dacCall('after'))).status).toBe(201)
  })
})

describe('what is no HTTP', () => {
  it.each([
    ['octets', '\u0000\u0001\u0002\u0003\r\n\r\n'],
    [
      'two lengths',
      'POST /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n',
    ],
    [
      'a length and chunks',
      'POST /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n',
    ],
  ])('such as %s ends the connection, and nothing else', async (_, octets) => {
    const service = await shared()
    const socket = await rawConnection(service)
    socket.write(octets)
    expect(await untilClosed(socket)).toMatch(/^HTTP\/1\.1 4\d\d /)
    expect((await service.client().call({ path: '/healthz' })).status).toBe(200)
  })

  it('such as a head of 64 KiB ends the connection, before or after the answer was read', async () => {
    const service = await shared()
    const socket = await rawConnection(service)
    const closed = new Promise((resolve) => socket.on('error', resolve).on('close', resolve))
    socket.resume().write(`GET /healthz HTTP/1.1\r\nHost: x\r\nX: ${'a'.repeat(65_536)}\r\n\r\n`)
    await closed
    expect((await service.client().call({ path: '/healthz' })).status).toBe(200)
  })

  it('on a port of TLS is hung up on', async () => {
    const service = await shared()
    const socket = createConnection({ host: '127.0.0.1', port: service.server.port })
    socket.on('error', () => undefined)
    socket.write('GET / HTTP/1.1\r\n\r\n')
    await untilClosed(socket)
    expect((await service.client().call({ path: '/healthz' })).status).toBe(200)
  })
})

describe('a body', () => {
  it.each<[number, string, string, string]>([
    [400, 'SERVER_BODY_INVALID', 'no JSON', '{'],
    [400, 'SERVER_BODY_INVALID', 'a member twice', '{"unit":"a","unit":"b","csr":""}'],
    [400, 'SERVER_BODY_INVALID', 'a prototype', '{"__proto__":{"unit":"a"},"csr":""}'],
    [400, 'SERVER_BODY_INVALID', 'an unknown member', '{"unit":"a","csr":"","admin":true}'],
    [400, 'SERVER_BODY_INVALID', 'a unit with control characters', '{"unit":"a\\u0000","csr":""}'],
    [400, 'SERVER_BODY_INVALID', 'a number for the unit', '{"unit":1,"csr":""}'],
    [400, 'SERVER_BODY_INVALID', 'lists in lists in lists', '['.repeat(10_000)],
    [400, 'SERVER_BODY_INVALID', 'a request that is no base64', '{"unit":"a","csr":"%%%%"}'],
    [
      400,
      'SERVER_BODY_INVALID',
      'a board without a serial number',
      `{"unit":"a","board":"${'0'.repeat(24)}","csr":""}`,
    ],
    [400, 'ISSUER_REQUEST_REFUSED', 'an empty request', '{"unit":"a","csr":""}'],
  ])('answered with %d %s: %s', async (status, code, _, body) => {
    const client = await sharedStation()
    const reply = await client.call({ ...(await dacCall('k')), body })
    expect([reply.status, reply.type, member(reply.text, 'code')]).toEqual([
      status,
      'application/problem+json',
      code,
    ])
    expect(reply.headers['x-request-id']).toMatch(/^[\w.-]+$/)
  })

  it.each([
    ['none', {}],
    ['an empty one', { 'idempotency-key': '' }],
    ['one with blanks', { 'idempotency-key': 'a b' }],
    ['one of 129 characters', { 'idempotency-key': 'k'.repeat(129) }],
  ])('without a good idempotency key is refused: %s', async (_, headers) => {
    const client = await sharedStation()
    const call = await dacCall('k')
    const reply = await client.call({
      ...call,
      headers: { 'content-type': 'application/json', ...headers },
    })
    expect([reply.status, member(reply.text, 'code')]).toEqual([400, 'SERVER_HEADER_INVALID'])
  })
})

describe('too much', () => {
  it('of one caller is 429 with a time to wait; another caller is served', async () => {
    const few = { perSecond: 1, burst: 3 }
    const many = { perSecond: 1_000, burst: 1_000 }
    const service = await started({ rates: { member: few, anonymous: many, total: many } })
    const [greedy, modest] = [
      await service.member('greedy', 'station'),
      await service.member('modest', 'station'),
    ]
    const statuses: number[] = []
    for (let index = 0; index < 5; index++)
      statuses.push((await greedy.call({ path: '/v1/orders' })).status)
    expect(statuses).toEqual([200, 200, 200, 429, 429])
    const refused = await greedy.call({ path: '/v1/orders' })
    expect(refused.headers['retry-after']).toBe('1')
    expect(member(refused.text, 'code')).toBe('SERVER_RATE')
    expect((await modest.call({ path: '/v1/orders' })).status).toBe(200)
  })

  it('of all callers is 503 at once, while health still answers, and work goes on afterwards', async () => {
    const gate = deferred<void>()
    const service = await started({
      admission: { running: 2, waiting: 2 },
      issuing: (issuer) => ({
        issue: async (call) => {
          await gate.promise
          return issuer.issue(call)
        },
      }),
    })
    const client = await service.member('s1', 'station')
    const calls = await Promise.all(Array.from({ length: 12 }, (_, index) => dacCall(`k${index}`)))
    const replies = calls.map((call) => client.call(call))
    const early = await Promise.race(replies)
    expect([early.status, member(early.text, 'code')]).toEqual([503, 'SERVER_OVERLOADED'])
    expect(Number(early.headers['retry-after'])).toBeGreaterThan(0)
    expect((await service.client().call({ path: '/healthz' })).status).toBe(200)
    gate.resolve()
    const statuses = (await Promise.all(replies)).map(({ status }) => status)
    expect(statuses.filter((status) => status === 201)).toHaveLength(4)
    expect(statuses.filter((status) => status === 503)).toHaveLength(8)
    expect((await service.ledger.order('O-1'))?.certificatesUsed).toBe(4)
  })
})
