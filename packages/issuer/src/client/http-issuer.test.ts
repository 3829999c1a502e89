import { encodeUtf8, seededRandom, toBase64, VirtualClock } from '@keyline/bytes'
import { generateP256, type P256KeyPair } from '@keyline/crypto'
import { buildCertsOnly } from '@keyline/x509'
import { describe, expect, it } from 'vitest'
import { IssuerError, issuerErrorTable } from '../errors.ts'
import type { DacRequest } from '../issue/local-issuer.ts'
import { csrOf, testLine, today } from '../testing/test-line.ts'
import { createEstIssuer } from './est-issuer.ts'
import type { HttpAnswer } from './http-transport.ts'
import { createRestIssuer } from './rest-issuer.ts'
import {
  answerOf,
  chainAnswer,
  FakeTransport,
  problemAnswer,
  restServer,
  type Exchange,
} from './testing/rest-server.ts'

const requestOf = async (unit = 1, pair: P256KeyPair = generateP256()): Promise<DacRequest> => ({
  orderId: 'O-1',
  unitId: `U-${unit}`,
  idempotencyKey: `U-${unit}/1`,
  csr: await csrOf(pair),
  identity: { serialNumber: `SN-000${unit}`, boardUid: 'aa' },
})

const around = (exchange: Exchange) => {
  const transport = new FakeTransport(exchange)
  const clock = new VirtualClock(today.getTime())
  const options = { transport, clock, random: seededRandom('client') }
  return { transport, clock, options, issuer: createRestIssuer(options) }
}

describe('a REST issuer', () => {
  it('gives the chain of the server, and names unit, serial number and board', async () => {
    const line = await testLine()
    const { issuer, transport } = around(restServer(line.issuer))
    const request = await requestOf()
    const chain = await issuer.issue(request)
    expect(await line.issuer.issue(request)).toEqual({ ...chain, replayed: true })
    const [sent] = transport.requests
    expect(sent?.path).toBe('/v1/orders/O-1/dac')
    expect(sent?.headers?.['idempotency-key']).toBe('U-1/1')
    expect(JSON.parse(new TextDecoder().decode(sent?.body))).toEqual({
      unit: 'U-1',
      serialNumber: 'SN-0001',
      board: 'aa',
      csr: toBase64(request.csr),
    })
  })

  it('writes an order into the address so that it stays one', async () => {
    const { issuer, transport } = around(async () => answerOf({ status: 404 }))
    await issuer.issue({ ...(await requestOf()), orderId: 'a/../b?c' }).catch(() => undefined)
    expect(transport.requests[0]?.path).toBe('/v1/orders/a%2F..%2Fb%3Fc/dac')
  })

  /** Fault matrix, PKI-3. */
  it('asks with the same key when an answer was lost, and gets the same certificate', async () => {
    const line = await testLine()
    const server = restServer(line.issuer)
    const answers: HttpAnswer[] = []
    const { issuer, transport } = around(async (request) => {
      answers.push(await server(request))
      if (answers.length < 4) throw new IssuerError('ISSUER_UNREACHABLE', 'the answer was cut')
      return answers[0] ?? answerOf({ status: 500 })
    })
    await issuer.issue(await requestOf())
    expect(transport.requests).toHaveLength(4)
    expect(new Set(transport.requests).size).toBe(1)
    expect(new Set(answers.map(({ body }) => String(body))).size).toBe(1)
    expect(line.store.entries()).toHaveLength(1)
  })

  it.each([202, 429, 500, 502, 503, 504])('comes back after %i', async (status) => {
    const line = await testLine()
    const server = restServer(line.issuer)
    let calls = 0
    const { issuer } = around(async (request) =>
      ++calls < 3 ? answerOf({ status, headers: { 'retry-after': '1' } }) : server(request),
    )
    await issuer.issue(await requestOf())
    expect(calls).toBe(3)
  })

  it.each([
    [202, 'ISSUER_BUSY'],
    [429, 'ISSUER_BUSY'],
    [503, 'ISSUER_BUSY'],
    [500, 'ISSUER_FAILED'],
  ])('gives up on %i inside its budget with %s', async (status, code) => {
    const { issuer, clock } = around(async () => answerOf({ status }))
    const failure = issuer.issue(await requestOf())
    await expect(failure).rejects.toMatchObject({ code, fault: 'infrastructure' })
    expect(clock.monotonicMs()).toBeLessThanOrEqual(22_000)
  })

  it.each([400, 401, 403, 404, 409, 413, 415, 418, 422])(
    'never asks again after %i, and blames no board for it',
    async (status) => {
      const { issuer, transport } = around(async () => problemAnswer(status, 'SERVER_X', 'no'))
      const error: unknown = await issuer.issue(await requestOf()).catch((cause: unknown) => cause)
      expect(error).toBeInstanceOf(IssuerError)
      expect(error).toMatchObject({ fault: 'operator', details: { code: 'SERVER_X' } })
      expect(transport.requests).toHaveLength(1)
    },
  )

  it.each(Object.entries(issuerErrorTable))(
    'means the same by %s as an issuer in process',
    async (code, { fault }) => {
      const { issuer } = around(async () =>
        problemAnswer(422, code, 'as told', { 'x-request-id': 'r-1' }),
      )
      const failure = issuer.issue(await requestOf())
      await expect(failure).rejects.toMatchObject({ code, fault })
    },
  )

  it('names the rule, the remedy and the request of a refusal', async () => {
    const body = {
      code: 'ISSUER_REQUEST_REFUSED',
      detail: 'CSR-05 …',
      rule: 'CSR-05',
      remedy: 'look',
    }
    const headers = { 'content-type': 'application/problem+json', 'x-request-id': 'r-7' }
    const { issuer } = around(async () =>
      answerOf({ status: 400, headers, body: JSON.stringify(body) }),
    )
    await expect(issuer.issue(await requestOf())).rejects.toMatchObject({
      message: 'POST /v1/orders/O-1/dac: 400 CSR-05 … (request r-7)',
      remedy: 'look',
      details: { rule: 'CSR-05', status: 400 },
    })
  })

  it.each<[string, string | Uint8Array, string]>([
    ['that is cut', '{"code":"ISSUER_KEY', 'a problem that cannot be read'],
    ['that is a list', '[]', 'a problem that cannot be read'],
    ['that is no text', Uint8Array.of(0xff), 'a problem that cannot be read'],
    ['whose members are no texts', '{"code":7,"detail":{},"title":""}', 'without a reason'],
    ['of a code that nobody knows', '{"code":"SERVER_X","title":"not here"}', 'not here'],
  ])('takes no verdict from a problem %s', async (_, body, words) => {
    const headers = { 'content-type': 'application/problem+json' }
    const { issuer } = around(async () => answerOf({ status: 422, headers, body }))
    await expect(issuer.issue(await requestOf())).rejects.toMatchObject({
      code: 'ISSUER_REFUSED',
      fault: 'operator',
      message: expect.stringContaining(words),
    })
  })

  /** Fault matrix, PKI-8. */
  it.each<[string, Parameters<typeof answerOf>[0]]>([
    ['no type', { status: 200, body: '{}' }],
    ['a page', { status: 200, headers: { 'content-type': 'text/html' }, body: '<html>' }],
    ['a list', { status: 200, headers: { 'content-type': 'application/json' }, body: '[]' }],
    [
      'cut JSON',
      { status: 200, headers: { 'content-type': 'application/json' }, body: '{"dac":"' },
    ],
    [
      'broken base64',
      {
        status: 200,
        headers: { 'content-type': 'application/json' },
        body: '{"dac":"A","pai":"AA==","paa":"AA=="}',
      },
    ],
    [
      'octets that are no text',
      {
        status: 200,
        headers: { 'content-type': 'application/json' },
        body: Uint8Array.of(0xff, 0xfe),
      },
    ],
    ['a redirect', { status: 302, headers: { location: 'https://elsewhere/' } }],
    ['no content', { status: 204 }],
  ])('refuses an answer with %s', async (_, made) => {
    const { issuer, transport } = around(async () => answerOf(made))
    await expect(issuer.issue(await requestOf())).rejects.toMatchObject({
      code: 'ISSUER_ANSWER_MALFORMED',
      fault: 'infrastructure',
    })
    expect(transport.requests).toHaveLength(1)
  })

  it('tells whether it would serve, and closes its connections', async () => {
    const ready = around(async () => answerOf({ status: 200 }))
    expect(await ready.issuer.health()).toEqual({ isReady: true })
    const down = around(async () => problemAnswer(503, 'SERVER_NOT_READY', 'no store'))
    expect(await down.issuer.health()).toMatchObject({ isReady: false })
    const gone = around(() => Promise.reject(new IssuerError('ISSUER_UNREACHABLE', 'refused')))
    expect(await gone.issuer.health()).toEqual({ isReady: false, reason: 'refused' })
    await gone.issuer.close()
    expect(gone.transport.isClosed).toBe(true)
  })
})

/** Fault matrix, PKI-5. */
describe('64 stations at a server that serves 10 in a second', () => {
  it('all get their certificates, and never come in a herd', async () => {
    const line = await testLine()
    const chain = await line.issuer.issue(await requestOf())
    const clock = new VirtualClock()
    const arrivals: number[] = []
    let served = 0
    let second = 0
    const exchange: Exchange = async () => {
      const now = clock.monotonicMs()
      arrivals.push(now)
      if (Math.floor(now / 1000) !== second) [second, served] = [Math.floor(now / 1000), 0]
      if (served++ < 10) return chainAnswer(chain)
      return problemAnswer(served % 2 === 0 ? 503 : 429, 'SERVER_RATE', 'later', {
        'retry-after': '1',
      })
    }
    const request = await requestOf()
    const stations = Array.from({ length: 64 }, async (_, index) => {
      const random = seededRandom(`station ${index}`)
      const transport = new FakeTransport(exchange)
      await createRestIssuer({ transport, clock, random }).issue(request)
      return transport.requests.length
    })
    const tries = await Promise.all(stations)
    expect(Math.max(...tries)).toBeLessThan(20)
    const later = arrivals.filter((time) => time > 2_000)
    const inTenth = (time: number): number =>
      later.filter((other) => other >= time && other < time + 100).length
    expect(Math.max(...later.map(inTenth))).toBeLessThan(20)
  })
})

const type = 'application/pkcs7-mime'
const body = (certificates: readonly Uint8Array[]): string => toBase64(buildCertsOnly(certificates))

/** A request, its chain, and EST issuers whose server answers as told. */
const estLine = async () => {
  const line = await testLine()
  const request = await requestOf()
  const { dac, pai, paa } = await line.issuer.issue(request)
  const answering = (made: Parameters<typeof answerOf>[0]) => {
    const { transport, options } = around(async () => answerOf(made))
    return { transport, issuer: createEstIssuer({ ...options, authorities: { pai, paa } }) }
  }
  return { line, request, chain: { dac, pai, paa }, answering }
}

describe('an EST issuer', () => {
  it('sends base64 in lines and reads what comes back in any form that RFC 8951 knows', async () => {
    const { chain, request, answering } = await estLine()
    const whole = body([chain.paa, chain.dac, chain.pai])
    const lines = (whole.match(/.{1,76}/g) ?? []).join('\r\n')
    for (const [contentType, text] of [
      [type, whole],
      [`${type}; smime-type=certs-only`, lines],
      [`${type};SMIME-TYPE="certs-only"`, ` ${lines}\n`],
      ['Application/PKCS7-mime; charset=x', `${whole}\r\n`],
      [type, body([chain.dac])],
    ]) {
      const headers = { 'content-type': contentType ?? '', 'content-transfer-encoding': 'binary' }
      const { issuer, transport } = answering({ status: 200, headers, body: text ?? '' })
      expect(await issuer.issue(request)).toEqual(chain)
      const [sent] = transport.requests
      expect(sent?.path).toBe('/.well-known/est/O-1/simpleenroll')
      expect(sent?.headers).toMatchObject({
        'content-type': 'application/pkcs10',
        'idempotency-key': 'U-1/1',
        'keyline-unit': 'U-1',
        'keyline-serial-number': 'SN-0001',
        'keyline-board': 'aa',
      })
      const sentText = new TextDecoder().decode(sent?.body)
      expect(sentText.replaceAll('\r\n', '')).toBe(toBase64(request.csr))
      expect(sentText.split('\r\n').every((line) => line.length <= 64)).toBe(true)
    }
  })

  it('refuses certificates that are not for the board, or too many', async () => {
    const { line, chain, request, answering } = await estLine()
    const other = await line.issuer.issue(await requestOf(2))
    for (const certificates of [
      [other.dac],
      [chain.pai, chain.paa],
      [chain.dac, other.dac],
      [chain.dac, other.dac, chain.pai, chain.paa],
      [chain.dac, chain.paa],
    ]) {
      const headers = { 'content-type': type }
      const { issuer } = answering({ status: 200, headers, body: body(certificates) })
      await expect(issuer.issue(request)).rejects.toMatchObject({ code: 'ISSUER_ANSWER_REFUSED' })
    }
  })

  it.each([
    ['a bare certificate', 'application/pkix-cert', ''],
    ['another kind of message', `${type}; smime-type=server-generated-key`, undefined],
    ['broken base64', type, 'MII'],
    ['base64 of something else', type, 'AAAA'],
    ['nothing', type, ''],
  ])('refuses %s', async (_, contentType, text) => {
    const { chain, request, answering } = await estLine()
    const headers = { 'content-type': contentType }
    const { issuer } = answering({ status: 200, headers, body: text ?? body([chain.dac]) })
    await expect(issuer.issue(request)).rejects.toMatchObject({ code: 'ISSUER_ANSWER_MALFORMED' })
  })

  it('reads the two lines of an error', async () => {
    const { request, answering } = await estLine()
    const headers = { 'content-type': 'text/plain; charset=utf-8' }
    const text = 'ISSUER_QUOTA_REACHED\norder O-1 has used 8 of 8. Remedy: …\n'
    const { issuer } = answering({ status: 409, headers, body: encodeUtf8(text) })
    await expect(issuer.issue(request)).rejects.toMatchObject({
      code: 'ISSUER_QUOTA_REACHED',
      fault: 'operator',
    })
    const spoken = answering({ status: 400, headers, body: 'Bad day' })
    await expect(spoken.issuer.issue(request)).rejects.toMatchObject({
      code: 'ISSUER_REFUSED',
      message: 'POST /.well-known/est/O-1/simpleenroll: 400 Bad day',
    })
  })
})
