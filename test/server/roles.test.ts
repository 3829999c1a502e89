import { createHash } from 'node:crypto'
import { toBase64 } from '@keyline/bytes'
import { generateP256, keyPairSigner } from '@keyline/crypto'
import { access, createServiceCa, type EndpointId, type Role } from '@keyline/server'
import { systemRandom } from '@keyline/bytes'
import { buildCertificate, name, Oid, parseCertificate } from '@keyline/x509'
import { z } from 'zod'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { member, type Call, type Client } from './support/call.ts'
import { exampleOrder } from './support/order.ts'
import { certificateOf, credentialsOf, requestOf } from './support/request.ts'
import { startService, type TestService } from './support/service.ts'

const Document = z.object({ paths: z.record(z.string(), z.record(z.string(), z.unknown())) })

const AuditLine = z.object({
  seq: z.int(),
  type: z.string(),
  actor: z.string(),
  data: z.record(z.string(), z.unknown()),
})

/** Everyone who can stand before the door. */
const callers = [
  'owner',
  'officer',
  'station',
  'operator',
  'auditor',
  'anonymous',
  'blocked',
  'stranger',
  'expired',
] as const
type Caller = (typeof callers)[number]
const roles: readonly Role[] = ['owner', 'officer', 'station', 'operator', 'auditor']

/**
 * Who gets through, written down once more: a change of the table of the server must be meant.
 * `+` lets through, `-` refuses; in the order owner, officer, station, operator, auditor, anonymous. Where the anonymous
 * may ask, so may whoever shows a certificate that is good for nothing else.
 */
const matrix: Readonly<Record<EndpointId, string>> = {
  'GET /healthz': '++++++',
  'GET /readyz': '++++++',
  'GET /openapi.json': '++++++',
  'GET /metrics': '+++++-',
  'GET /.well-known/est/cacerts': '++++++',
  'GET /.well-known/est/{label}/cacerts': '++++++',
  'GET /.well-known/est/{label}/csrattrs': '+++++-',
  'POST /.well-known/est/members/simpleenroll': '++++++',
  'POST /.well-known/est/members/simplereenroll': '+++++-',
  'POST /.well-known/est/{label}/simpleenroll': '--+---',
  'POST /.well-known/est/{label}/simplereenroll': '--+---',
  'POST /.well-known/est/{label}/serverkeygen': '--+---',
  'POST /v1/orders/{order}/dac': '--+---',
  'GET /v1/orders/{order}/dac': '--+---',
  'GET /v1/orders': '+++++-',
  'POST /v1/orders': '++----',
  'GET /v1/orders/{order}': '+++++-',
  'POST /v1/orders/{order}/pause': '++----',
  'POST /v1/orders/{order}/resume': '++----',
  'POST /v1/orders/{order}/close': '++----',
  'GET /v1/certificates/{sha256}': '+++++-',
  'POST /v1/certificates/{sha256}/revoke': '+++---',
  'GET /v1/members': '++--+-',
  'POST /v1/members': '++----',
  'POST /v1/members/{name}/block': '++----',
  'POST /v1/members/{name}/unblock': '++----',
  'GET /v1/audit': '+---+-',
  'GET /v1/cacerts': '++++++',
  'GET /v1/crl/{file}': '++++++',
}

/** Codes that mean: the door stayed shut. */
const shut = new Set([
  'SERVER_CREDENTIALS_MISSING',
  'SERVER_ROLE_REFUSED',
  'SERVER_MEMBER_BLOCKED',
  'SERVER_CERTIFICATE_REFUSED',
])

const shutFor: Readonly<Record<Caller, string>> = {
  owner: 'SERVER_ROLE_REFUSED',
  officer: 'SERVER_ROLE_REFUSED',
  station: 'SERVER_ROLE_REFUSED',
  operator: 'SERVER_ROLE_REFUSED',
  auditor: 'SERVER_ROLE_REFUSED',
  anonymous: 'SERVER_CREDENTIALS_MISSING',
  blocked: 'SERVER_MEMBER_BLOCKED',
  stranger: 'SERVER_CERTIFICATE_REFUSED',
  expired: 'SERVER_CERTIFICATE_REFUSED',
}

function fingerprint(der: Uint8Array): string {
  return createHash('sha256').update(der).digest('hex')
}

let service: TestService
const clients = new Map<Caller, Client>()

beforeAll(async () => {
  service = await startService()
  for (const role of roles) clients.set(role, await service.member(`the-${role}`, role))
  clients.set('anonymous', service.client())
  clients.set('blocked', await service.member('the-blocked', 'owner'))
  await service.ledger.members.block('the-blocked', 'for the test')
  clients.set('stranger', service.client(await foreignCredentials()))
  clients.set('expired', service.client(await expiredCredentials()))
})

afterAll(() => service[Symbol.asyncDispose]())

/** A certificate for the name of the owner from a CA that nobody here knows. */
async function foreignCredentials(): Promise<Parameters<TestService['client']>[0]> {
  const now = Math.floor(Date.now() / 1000) * 1000
  const ca = await createServiceCa({ notBefore: new Date(now - 1000), random: systemRandom })
  const keyPair = generateP256()
  const certificate = await buildCertificate({
    serialNumber: Uint8Array.of(1),
    issuer: parseCertificate(ca.certificate).subject,
    subject: name([{ type: Oid.commonName, value: 'the-owner' }]),
    notBefore: new Date(now - 1000),
    notAfter: new Date(now + 3_600_000),
    publicKey: keyPair.publicKey,
    extensions: [],
    signer: keyPairSigner(ca.keyPair),
  })
  return credentialsOf(keyPair, certificate)
}

/** A certificate of this service whose time is over. */
async function expiredCredentials(): Promise<Parameters<TestService['client']>[0]> {
  const now = Math.floor(Date.now() / 1000) * 1000
  const keyPair = generateP256()
  const certificate = await buildCertificate({
    serialNumber: Uint8Array.of(1),
    issuer: parseCertificate(service.serviceCa.certificate).subject,
    subject: name([{ type: Oid.commonName, value: 'the-owner' }]),
    notBefore: new Date(now - 3_600_000),
    notAfter: new Date(now - 1000),
    publicKey: keyPair.publicKey,
    extensions: [],
    signer: keyPairSigner(service.serviceCa.keyPair),
  })
  return credentialsOf(keyPair, certificate)
}

/** A call of the endpoint that would change nothing if it got through. */
async function callOf(id: EndpointId): Promise<Call> {
  const [method = '', template = ''] = id.split(' ')
  const path = template
    .replace('{label}', 'O-1')
    .replace('{order}', 'no-such-order')
    .replace('{sha256}', '0'.repeat(64))
    .replace('{name}', 'no-such-member')
    .replace('{file}', `${'0'.repeat(40)}.crl`)
  return method === 'GET'
    ? { method, path }
    : { method, path, headers: { 'content-type': 'text/plain' }, body: 'x' }
}

/** Whether the caller came through to the endpoint, and otherwise which code kept it out. */
async function tried(id: EndpointId, caller: Caller): Promise<string> {
  const client = clients.get(caller)
  if (client === undefined) throw new Error(`nobody is ${caller}`)
  const { status, type, text } = await client.call(await callOf(id))
  const code = type.startsWith('text/plain')
    ? text.split('\n')[0]
    : status >= 400
      ? member(text, 'code')
      : ''
  return shut.has(String(code)) ? String(code) : '+'
}

describe('the roles', () => {
  it('are decided for every endpoint that the document names, and for no other', async () => {
    const reply = await service.client().call({ path: '/openapi.json' })
    const document: z.infer<typeof Document> = Document.parse(JSON.parse(reply.text))
    const documented = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    )
    expect(documented.toSorted()).toEqual(Object.keys(access).toSorted())
    expect(Object.keys(matrix).toSorted()).toEqual(Object.keys(access).toSorted())
  })

  it.each(Object.entries(matrix))('of %s are %s', async (id, row) => {
    const endpoint = Object.keys(access).find((known): known is EndpointId => known === id)
    if (endpoint === undefined) throw new Error(`${id} is no endpoint`)
    for (const caller of callers) {
      const place = ['owner', 'officer', 'station', 'operator', 'auditor', 'anonymous'].indexOf(
        caller,
      )
      const isOpenToAll = row.endsWith('+')
      const expected = isOpenToAll || row[place] === '+' ? '+' : shutFor[caller]
      expect([caller, await tried(endpoint, caller)]).toEqual([caller, expected])
    }
  })

  it('let an officer manage stations and operators alone', async () => {
    const officer = clients.get('officer')
    const invite = (memberName: string, role: string): Promise<number | undefined> | undefined =>
      officer
        ?.call({
          method: 'POST',
          path: '/v1/members',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ name: memberName, role }),
        })
        .then(({ status }) => status)
    expect(await invite('new-station', 'station')).toBe(201)
    expect(await invite('new-operator', 'operator')).toBe(201)
    for (const role of ['owner', 'officer', 'auditor'])
      expect(await invite('climber', role)).toBe(403)
    const block = await officer?.call({
      method: 'POST',
      path: '/v1/members/the-owner/block',
      headers: { 'content-type': 'application/json' },
      body: '{"reason":"coup"}',
    })
    expect(block?.status).toBe(403)
  })

  it('let nobody block himself', async () => {
    const reply = await clients.get('owner')?.call({
      method: 'POST',
      path: '/v1/members/the-owner/block',
      headers: { 'content-type': 'application/json' },
      body: '{"reason":"holiday"}',
    })
    expect(reply?.status).toBe(403)
  })

  it('let a station revoke what it asked for itself, for its own reasons', async () => {
    const station = clients.get('station')
    const enrolled = await station?.call({
      method: 'POST',
      path: '/.well-known/est/O-1/simpleenroll',
      headers: { 'content-type': 'application/pkcs10' },
      body: toBase64(await requestOf()),
    })
    expect(enrolled?.status).toBe(200)
    const sha256 = fingerprint(certificateOf(enrolled?.text ?? ''))
    const other = await service.member('another-station', 'station')
    const revoke = async (
      client: Client | undefined,
      reason: string,
    ): Promise<number | undefined> =>
      (
        await client?.call({
          method: 'POST',
          path: `/v1/certificates/${sha256}/revoke`,
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ reason }),
        })
      )?.status
    expect(await revoke(other, 'superseded')).toBe(403)
    expect(await revoke(station, 'keyCompromise')).toBe(403)
    expect(await revoke(station, 'superseded')).toBe(200)
    expect(await revoke(clients.get('officer'), 'keyCompromise')).toBe(200)
  })

  it('name the member who acts in the audit log', async () => {
    const officer = clients.get('officer')
    const order = exampleOrder('O-audit')
    const headers = { 'content-type': 'application/json' }
    const made = await officer?.call({
      method: 'POST',
      path: '/v1/orders',
      headers,
      body: JSON.stringify(order),
    })
    expect(made?.status).toBe(201)
    const audit = await clients.get('auditor')?.call({ path: '/v1/audit' })
    const lines = audit?.text.trim().split('\n') ?? []
    const records = lines.map((line) => AuditLine.parse(JSON.parse(line)))
    expect(records.find(({ data }) => data['order'] === 'O-audit')).toMatchObject({
      type: 'order.created',
      actor: 'the-officer',
    })
    expect(records.map(({ seq }) => seq)).toEqual(records.map((_, index) => index + 1))
  })
})
