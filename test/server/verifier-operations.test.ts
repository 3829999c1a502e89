import { once } from 'node:events'
import { connect } from 'node:net'
import { connect as secureConnect } from 'node:tls'
import { decodeUtf8, systemClock, systemRandom, toHex } from '@keyline/bytes'
import { generateP256, p256ToPkcs8, sha256 } from '@keyline/crypto'
import { pemEncode } from '@keyline/x509'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { certifyMember, certifyServer } from '../../packages/server/src/service-ca/certify.ts'
import { createServiceCa } from '../../packages/server/src/service-ca/service-ca.ts'
import { HandClock } from '../../packages/server/src/testing/hand-clock.ts'
import { drawApiKey } from '../../packages/server/src/verifier/credential/api-key.ts'
import { rotateResultKey } from '../../packages/server/src/verifier/key/rotate.ts'
import type { VerifierRole } from '../../packages/server/src/verifier/port.ts'
import { Faults } from '../support/breakable.ts'
import { verifiedDevice } from '../support/verified-device.ts'
import {
  api,
  appraisalOf,
  drawNonce,
  member,
  openSession,
  problemOf,
  recordWith,
  startVerifierService,
  submit,
  textMember,
  tokenType,
  verify,
  type VerifierService,
} from '../support/verifier-service.ts'
import { Client } from './support/call.ts'

const discoveryPath = '/.well-known/veraison/verification'

let service: VerifierService
beforeAll(async () => {
  service = await startVerifierService({ settings: { tenants: { names: ['acme'] } } })
})
afterAll(() => service[Symbol.asyncDispose]())

describe('discovery', () => {
  it.each([
    ['application/vnd.veraison.discovery+json', 'application/vnd.veraison.discovery+json'],
    ['application/json', 'application/json'],
    ['*/*', 'application/vnd.veraison.discovery+json'],
  ])('for %s is %s, and may be kept for a minute', async (accept, type) => {
    const { status, headers } = await service.call({ path: discoveryPath, headers: { accept } })
    expect([status, headers['content-type'], headers['cache-control']]).toEqual([
      200,
      type,
      'max-age=60',
    ])
    expect(headers.expires).toBe(new Date(service.clock.now() + 60_000).toUTCString())
  })

  it('is told in no other media type', async () => {
    const reply = await service.call({ path: discoveryPath, headers: { accept: 'text/html' } })
    expect(problemOf(reply).slice(0, 2)).toEqual([406, 'not-acceptable'])
  })

  it('of provisioning has no key, and says that what is submitted is active', async () => {
    const { json } = await service.call({ path: '/.well-known/veraison/provisioning' })
    expect(json).toMatchObject({
      'activate-on-submit': true,
      'attestation-schemes': ['PSA_IOT'],
      'service-state': 'READY',
      'api-endpoints': { provisioningSubmit: '/endorsement-provisioning/v1/submit' },
    })
    expect(member(json, 'ear-verification-key')).toBeUndefined()
  })

  it('of a tenant names the addresses of the tenant', async () => {
    const { json } = await service.call({ path: `/tenant/acme${discoveryPath}` })
    expect(member(member(json, 'api-endpoints'), 'newChallengeResponseSession')).toBe(
      `/tenant/acme${api}/newSession`,
    )
  })
})

describe('the API document', () => {
  const Document = z.object({
    openapi: z.literal('3.1.0'),
    paths: z.record(z.string(), z.record(z.string(), z.object({ responses: z.object({}) }))),
  })

  it('has every endpoint, made of the schemas', async () => {
    const { json } = await service.call({ path: '/openapi.json' })
    const { paths } = Document.parse(json)
    expect(Object.keys(paths)).toEqual(
      expect.arrayContaining([
        `${api}/newSession`,
        `${api}/session/{id}`,
        `${api}/nonce`,
        `${api}/verify`,
        discoveryPath,
        '/.well-known/veraison/provisioning',
        '/.well-known/jwks.json',
        '/endorsement-provisioning/v1/submit',
        '/management/v1/policy/{scheme}',
        '/healthz',
        '/readyz',
        '/metrics',
        '/openapi.json',
      ]),
    )
    expect(Object.keys(paths[`${api}/session/{id}`] ?? {}).toSorted()).toEqual([
      'delete',
      'get',
      'post',
    ])
  })
})

/** A service that asks for credentials, and the header of who has this role. */
async function guarded(roles: readonly VerifierRole[], clients: 'anyone' | 'known') {
  const one = await startVerifierService({ settings: { access: { clients } } })
  const { key, sha256: verifier } = drawApiKey(systemRandom)
  const credential = { name: 'k', kind: 'api-key', roles, verifier, createdAt: 0 } as const
  await one.record.credentials.add(credential, 'test')
  const headers = { authorization: `Bearer ${decodeUtf8(key.reveal())}` }
  return { one, headers }
}

describe('who may ask', () => {
  it('is anyone for verification, and an auditor for figures', async () => {
    const { one, headers } = await guarded(['auditor'], 'anyone')
    await using _ = one
    expect((await one.call({ path: `${api}/nonce` })).status).toBe(200)
    const refused = await one.call({ path: '/metrics' })
    expect(problemOf(refused).slice(0, 2)).toEqual([401, 'unauthorised'])
    expect(refused.headers['www-authenticate']).toMatch(/^Basic .*Bearer/)
    const { status, headers: came, text } = await one.call({ path: '/metrics', headers })
    expect([status, came['content-type']]).toEqual([200, expect.stringMatching(/^text\/plain/)])
    expect(text).toContain('keyline_request_seconds_bucket')
    expect(text).toContain('keyline_requests_waiting 0')
  })

  it('is who brings an API key of a client, where the settings ask for one', async () => {
    const { one, headers } = await guarded(['client'], 'known')
    await using _ = one
    const path = `${api}/nonce`
    expect(problemOf(await one.call({ path })).slice(0, 2)).toEqual([401, 'unauthorised'])
    const wrong = { authorization: 'Bearer keyline_wrong' }
    expect(problemOf(await one.call({ path, headers: wrong })).slice(0, 2)).toEqual([
      401,
      'unauthorised',
    ])
    expect((await one.call({ path, headers })).status).toBe(200)
    const opened = await one.call({ method: 'POST', path: `${api}/newSession`, headers })
    expect(opened.status).toBe(201)
    expect(problemOf(await one.call({ path: '/metrics', headers })).slice(0, 2)).toEqual([
      403,
      'forbidden',
    ])
  })

  it('waits when it asks too often', async () => {
    const rates = { anonymous: { perSecond: 1, burst: 2 } }
    await using one = await startVerifierService({ settings: { limits: { rates } } })
    const statuses: number[] = []
    for (let count = 0; count < 3; count += 1) {
      statuses.push((await one.call({ path: `${api}/nonce` })).status)
    }
    expect(statuses).toEqual([200, 200, 429])
    const { headers } = await one.call({ path: `${api}/nonce` })
    expect(headers['retry-after']).toBe('1')
    one.clock.pass(1_000)
    expect((await one.call({ path: `${api}/nonce` })).status).toBe(200)
  })
})

describe('a body that is too long', () => {
  it('is refused by its announced length, before any of it is sent', async () => {
    const socket = connect({ host: '127.0.0.1', port: service.verifier.port })
    const { path } = await openSession(service)
    const lines = [`POST ${path} HTTP/1.1`, 'Host: x', `Content-Type: ${tokenType}`]
    socket.write([...lines, 'Content-Length: 65537', '', ''].join('\r\n'))
    const [head]: readonly unknown[] = await once(socket, 'data')
    expect(String(head)).toMatch(/^HTTP\/1\.1 413 Payload Too Large\r\n/)
    expect(String(head)).toMatch(/\r\nConnection: close\r\n/)
    socket.destroy()
  })

  it('is refused as soon as it grows too long', async () => {
    const socket = connect({ host: '127.0.0.1', port: service.verifier.port })
    socket.on('error', () => undefined)
    const { path } = await openSession(service)
    const lines = [`POST ${path} HTTP/1.1`, 'Host: x', `Content-Type: ${tokenType}`]
    socket.write([...lines, 'Transfer-Encoding: chunked', '', ''].join('\r\n'))
    const chunk = 'x'.repeat(0x4001)
    const came = once(socket, 'data')
    for (let count = 0; count < 4; count += 1) socket.write(`4001\r\n${chunk}\r\n`)
    const [head]: readonly unknown[] = await came
    expect(String(head)).toMatch(/^HTTP\/1\.1 413 /)
    socket.destroy()
  })
})

/** A service over TLS that knows its clients, and one of them. */
async function secured(minVersion?: 'TLSv1.2') {
  const options = { clock: systemClock, random: systemRandom }
  const ca = await createServiceCa({ notBefore: new Date(), random: systemRandom })
  const identity = await certifyServer({ ...options, ca }, ['localhost'])
  const clientCa = pemEncode('CERTIFICATE', ca.certificate)
  const tls = {
    certificate: pemEncode('CERTIFICATE', identity.certificate),
    key: identity.key,
    clientCa,
    minVersion,
  }
  const one = await startVerifierService({
    settings: { access: { clients: 'known' } },
    listen: { tls },
  })
  const pair = generateP256()
  const spkiSha256 = toHex(sha256(pair.publicKey.point))
  const client = { name: 'relying party', publicKey: pair.publicKey, spkiSha256 }
  const { certificate } = await certifyMember({ ...options, ca }, client)
  const key = pemEncode('PRIVATE KEY', p256ToPkcs8(pair).reveal())
  const credentials = { cert: pemEncode('CERTIFICATE', certificate), key }
  return { one, ca, clientCa, credentials }
}

describe('TLS', () => {
  it('knows clients by the authority of their certificates', async () => {
    const { one, ca, credentials } = await secured()
    await using _ = one
    const { port } = one.verifier
    using known = new Client({ port, ca: ca.certificate, credentials })
    using unknown = new Client({ port, ca: ca.certificate })
    expect((await known.call({ path: `${api}/nonce` })).status).toBe(200)
    expect((await unknown.call({ path: `${api}/nonce` })).status).toBe(401)
    expect((await unknown.call({ path: discoveryPath })).status).toBe(200)
    expect((await known.call({ path: '/metrics' })).status).toBe(401)
  })

  it.each([
    [undefined, 'TLSv1.3'],
    ['TLSv1.2', 'TLSv1.2'],
  ] as const)('from %s on lets old clients speak %s', async (minVersion, spoken) => {
    const { one, clientCa } = await secured(minVersion)
    await using _ = one
    const { port } = one.verifier
    const socket = secureConnect({ host: 'localhost', port, ca: clientCa, maxVersion: spoken })
    await once(socket, 'secureConnect')
    expect(socket.getProtocol()).toBe(spoken)
    socket.destroy()
    if (minVersion !== undefined) return
    const old = secureConnect({ host: 'localhost', port, ca: clientCa, maxVersion: 'TLSv1.2' })
    const [error]: readonly unknown[] = await once(old, 'error')
    expect(String(error)).toMatch(/alert protocol version/)
  })
})

/** A clock that can be set back. */
class SetBackClock extends HandClock {
  backMs = 0

  override now(): number {
    return super.now() - this.backMs
  }
}

describe('a service', () => {
  it('that stops lets running appraisals end, writes their records, and takes nothing new', async () => {
    const clock = new HandClock()
    const faults = new Faults()
    const record = faults.over(await recordWith([verifiedDevice(1)], clock))
    const one = await startVerifierService({ clock, record })
    const nonce = await drawNonce(one)
    const token = await one.device.token({ nonce })
    faults.set({ method: 'tenant.trust.findAnchor', how: 'waits' })
    const running = verify(one, nonce, token)
    await faults.hit()
    const stopped = one.verifier.stop({ drainMs: 1_000 })
    const ready = await one.call({ path: '/readyz' })
    expect([problemOf(ready).slice(0, 2), ready.headers.connection]).toEqual([
      [503, 'unavailable'],
      'close',
    ])
    const discovered = await one.call({ path: discoveryPath })
    expect(member(discovered.json, 'service-state')).toBe('TERMINATING')
    clock.pass(1_000)
    await new Promise((resolve) => setImmediate(resolve))
    await expect(one.call({ path: '/healthz' })).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    faults.release()
    expect(appraisalOf((await running).text)).toMatchObject({ 'ear.status': 'affirming' })
    await stopped
    const kept = await record.tenant('0').appraisals.list({ limit: 2 })
    expect(kept.map(({ outcome }) => outcome)).toEqual(['genuine'])
  })

  it('whose clock was set back is not ready, and lets no session live longer', async () => {
    const clock = new SetBackClock()
    await using one = await startVerifierService({ clock })
    const { path, nonce } = await openSession(one)
    clock.pass(140_000)
    clock.backMs = 3_600_000
    clock.pass(9_999)
    expect((await one.call({ path })).status).toBe(200)
    clock.pass(1)
    expect((await submit(one, path, await one.device.token({ nonce }))).status).toBe(404)
    const { status, json } = await one.call({ path: '/readyz' })
    expect([status, member(json, 'detail')]).toEqual([503, 'the clock does not answer'])
  })

  it('changes the key of results without a result that nobody can verify', async () => {
    await using one = await startVerifierService()
    const kidOf = async (): Promise<unknown> => {
      const nonce = await drawNonce(one)
      const { text } = await verify(one, nonce, await one.device.token({ nonce }))
      return member(
        JSON.parse(Buffer.from(text.split('.')[0] ?? '', 'base64url').toString()),
        'kid',
      )
    }
    const published = async (): Promise<readonly unknown[]> => {
      const { text } = await one.call({ path: '/.well-known/jwks.json' })
      return z
        .object({ keys: z.array(z.object({ kid: z.string() })) })
        .parse(JSON.parse(text))
        .keys.map(({ kid }) => kid)
    }
    const before = await kidOf()
    await rotateResultKey({ ...one, random: systemRandom })
    one.clock.pass(20_000)
    await new Promise((resolve) => setImmediate(resolve))
    expect(await published()).toHaveLength(2)
    expect(await kidOf()).toBe(before)
    one.clock.pass(40_000)
    const after = await kidOf()
    expect(after).not.toBe(before)
    expect(await published()).toEqual([before, after])
  })

  it('writes neither nonces, ids, tokens nor results to its log', async () => {
    const one = await startVerifierService()
    const opened = await openSession(one)
    const { nonce } = opened
    const token = await one.device.token({ nonce })
    const { json } = await submit(one, opened.path, token)
    const own = await drawNonce(one)
    await verify(one, own, await one.device.token({ nonce: own }))
    await one.verifier.stop()
    const log = one.log.lines.join('\n')
    for (const octets of [nonce, token, own, one.device.instanceId]) {
      const buffer = Buffer.from(octets)
      for (const form of ['hex', 'base64', 'base64url'] as const) {
        expect(log).not.toContain(buffer.toString(form).slice(0, 40))
      }
    }
    expect(log).not.toContain(textMember(json, 'result').slice(0, 40))
    expect(log).not.toContain(opened.path.split('/').at(-1))
    expect(log).toContain('POST /challenge-response/v1/session/{id}')
  })
})

describe('settings', () => {
  it('of the policy production ask for credentials in any case', async () => {
    const settings = { policy: 'production', access: { management: 'none' } } as const
    await expect(startVerifierService({ settings })).rejects.toMatchObject({
      code: 'SERVER_CREDENTIALS_OFF',
    })
  })
})
