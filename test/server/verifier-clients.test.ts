import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { TokenProfile } from '@keyline/eat'
import { decodeProtectedHeader, importJWK, jwtVerify, type JWK } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  api,
  appraisalOf,
  member,
  openSession,
  sessionType,
  startVerifierService,
  submit,
  textMember,
  tokenType,
  type VerifierService,
} from '../support/verifier-service.ts'

/** An answer as it came over the wire. */
interface RawReply {
  readonly status: string
  readonly headers: ReadonlyMap<string, string>
  readonly body: string
}

let service: VerifierService
beforeAll(async () => {
  service = await startVerifierService()
})
afterAll(() => service[Symbol.asyncDispose]())

/** Sends octets over an open connection and reads one answer. */
async function exchange(
  socket: Socket,
  head: readonly string[],
  body: Uint8Array = new Uint8Array(),
): Promise<RawReply> {
  socket.write(Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), body]))
  let came = Buffer.alloc(0)
  for (;;) {
    const end = came.indexOf('\r\n\r\n')
    const reply =
      end < 0 ? undefined : replyOf(came.subarray(0, end).toString(), came.subarray(end + 4))
    if (reply !== undefined) return reply
    const [chunk]: readonly unknown[] = await once(socket, 'data')
    if (!Buffer.isBuffer(chunk)) throw new TypeError('no octets')
    came = Buffer.concat([came, chunk])
  }
}

/** The answer, as soon as all of its body is there. */
function replyOf(head: string, body: Buffer): RawReply | undefined {
  const [status = '', ...lines] = head.split('\r\n')
  const headers = new Map(
    lines.map((line) => {
      const colon = line.indexOf(':')
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const
    }),
  )
  const length = Number(headers.get('content-length') ?? 0)
  return body.length < length ? undefined : { status, headers, body: body.toString() }
}

/** Standard base64 as Go and Rust decode it: padding to the letter, no other alphabet. */
function strictBase64(text: string): Buffer {
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text)) {
    throw new TypeError(`no padded standard base64: ${text}`)
  }
  return Buffer.from(text, 'base64')
}

/** How Go's `net/http` writes requests; `body` none has the length 0 on a POST alone. */
const go = (host: string) => ({
  post: (path: string, headers: readonly string[], length: number) => [
    `POST ${path} HTTP/1.1`,
    `Host: ${host}`,
    'User-Agent: Go-http-client/1.1',
    `Content-Length: ${length}`,
    ...headers,
    'Accept-Encoding: gzip',
  ],
  other: (method: string, path: string) => [
    `${method} ${path} HTTP/1.1`,
    `Host: ${host}`,
    'User-Agent: Go-http-client/1.1',
    'Accept-Encoding: gzip',
  ],
})

/** How reqwest writes requests: the Rust client, and the C client over it. */
const rust = (host: string) => ({
  post: (path: string, headers: readonly string[], length: number) => [
    `POST ${path} HTTP/1.1`,
    ...headers.map((line) => line.replace(/^[^:]+/, (name) => name.toLowerCase())),
    `host: ${host}`,
    `content-length: ${length}`,
  ],
})

async function connection(): Promise<{ readonly socket: Socket; readonly host: string }> {
  const { port } = service.verifier
  const socket = connect({ host: '127.0.0.1', port })
  await once(socket, 'connect')
  return { socket, host: `127.0.0.1:${port}` }
}

/** The part of an address behind the host, as clients resolve it. */
function resolved(location: string, host: string): string {
  return new URL(location, `http://${host}${api}/newSession`).pathname
}

describe('evcli and the Go client', () => {
  const nonce48 = Buffer.alloc(48, 0xfb)
  it.each([
    ['as attester, 48 octets', '?nonceSize=48', 48, TokenProfile.psa2],
    ['as attester, 32 octets', '?nonceSize=32', 32, TokenProfile.psa1],
    ['as attester, 64 octets', '?nonceSize=64', 64, TokenProfile.psa2],
    [
      'as relying party',
      `?nonce=${encodeURIComponent(nonce48.toString('base64url'))}`,
      48,
      TokenProfile.psa2,
    ],
    [
      'as relying party with padding',
      '?nonce=-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_s%3D',
      32,
      TokenProfile.psa2,
    ],
  ] as const)('%s, get their result', async (_, query, length, profile) => {
    const { socket, host } = await connection()
    const write = go(host)
    const accept = `Accept: ${sessionType}`
    const opened = await exchange(socket, write.post(`${api}/newSession${query}`, [accept], 0))
    expect(opened.status).toBe('HTTP/1.1 201 Created')
    const session: unknown = JSON.parse(opened.body)
    const nonce = strictBase64(textMember(session, 'nonce'))
    expect(nonce).toHaveLength(length)
    expect(member(session, 'accept')).toContain(tokenType)
    const location = opened.headers.get('location') ?? ''
    expect(location).toMatch(/^session\//)
    const path = resolved(location, host)

    const bootSeed = new Uint8Array(32).fill(5)
    const claims = { nonce: Uint8Array.from(nonce), profile, bootSeed }
    const token = await service.device.token(claims)
    const type = `Content-Type: ${tokenType}`
    const judged = await exchange(socket, write.post(path, [accept, type], token.length), token)
    expect(judged.status).toBe('HTTP/1.1 200 OK')
    expect(judged.headers.get('content-type')).toBe(sessionType)
    const done: unknown = JSON.parse(judged.body)
    expect(member(done, 'status')).toBe('complete')
    expect(strictBase64(textMember(member(done, 'evidence'), 'value'))).toEqual(Buffer.from(token))
    expect(appraisalOf(textMember(done, 'result'))).toMatchObject({ 'ear.status': 'affirming' })

    const polled = await exchange(socket, write.other('GET', path))
    expect(JSON.parse(polled.body)).toEqual(done)
    const deleted = await exchange(socket, write.other('DELETE', path))
    expect(deleted.status).toBe('HTTP/1.1 204 No Content')
    socket.destroy()
  })

  it('find the key and the address in the discovery document', async () => {
    const { socket, host } = await connection()
    const [line = '', ...lines] = go(host).other('GET', '/.well-known/veraison/verification')
    const accept = 'Accept: application/vnd.veraison.discovery+json'
    const { status, body } = await exchange(socket, [line, accept, ...lines])
    expect(status).toBe('HTTP/1.1 200 OK')
    const found: unknown = JSON.parse(body)
    expect(member(member(found, 'api-endpoints'), 'newChallengeResponseSession')).toBe(
      `${api}/newSession`,
    )
    expect(member(found, 'service-state')).toBe('READY')
    socket.destroy()
  })
})

describe('the Rust client, and the C client over it', () => {
  it.each([
    ['?nonceSize=32', 32],
    ['?nonce=-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_s=', 32],
    ['?', 32],
  ])('with newSession%s get their result', async (query, length) => {
    const { socket, host } = await connection()
    const write = rust(host)
    const accept = `Accept: ${sessionType}`
    const opened = await exchange(socket, write.post(`${api}/newSession${query}`, [accept], 0))
    expect(opened.status).toBe('HTTP/1.1 201 Created')
    const session: unknown = JSON.parse(opened.body)
    const nonce = strictBase64(textMember(session, 'nonce'))
    expect(nonce).toHaveLength(length)
    expect(new Date(textMember(session, 'expiry')).toISOString()).toBe(
      textMember(session, 'expiry'),
    )
    const path = resolved(opened.headers.get('location') ?? '', host)
    const token = await service.device.token({ nonce: Uint8Array.from(nonce) })
    const type = `Content-Type: ${tokenType}`
    const judged = await exchange(socket, write.post(path, [accept, type], token.length), token)
    expect(member(JSON.parse(judged.body), 'status')).toBe('complete')
    socket.destroy()
  })

  it('read a problem by its four members', async () => {
    const { socket, host } = await connection()
    const write = rust(host)
    const head = write.post(`${api}/newSession?nonceSize=7`, [`Accept: ${sessionType}`], 0)
    const { body } = await exchange(socket, head)
    expect(JSON.parse(body)).toMatchObject({
      type: expect.any(String),
      title: 'Bad Request',
      status: 400,
      detail: 'failed handling nonce request: nonceSize must be in range 8..64',
    })
    socket.destroy()
  })
})

describe('a relying party with another JWT library', () => {
  it('verifies results under the key of the discovery document, and finds it in the set by its id', async () => {
    const { path, nonce } = await openSession(service)
    const { json } = await submit(service, path, await service.device.token({ nonce }))
    const result = textMember(json, 'result')
    const discovered = await service.call({ path: '/.well-known/veraison/verification' })
    const set = await service.call({ path: '/.well-known/jwks.json' })
    const keys: readonly JWK[] = JSON.parse(set.text).keys
    const { kid } = decodeProtectedHeader(result)
    const byId = keys.find((key) => key.kid === kid)
    expect(byId).toEqual(member(discovered.json, 'ear-verification-key'))
    const key = await importJWK(byId ?? {}, 'ES256')
    const options = { currentDate: new Date(service.clock.now()), algorithms: ['ES256'] }
    const { payload } = await jwtVerify(result, key, options)
    expect(payload['eat_profile']).toBe('tag:github.com,2023:veraison/ear')
  })
})
