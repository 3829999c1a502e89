import { toBase64url } from '@keyline/bytes'
import { encodeCbor } from '@keyline/eat'
import { importCorim } from '@keyline/verifier'
import { describe, expect, it } from 'vitest'
import { MemoryRecord } from '../../packages/server/src/verifier/testing/memory-record.ts'
import { deviceCorim } from '../support/verified-device.ts'
import {
  api,
  appraisalOf,
  claimsOf,
  drawNonce,
  member,
  problemOf,
  startVerifierService,
  textMember,
  tokenType,
  verify,
  type Call,
  type VerifierService,
} from '../support/verifier-service.ts'
import { sharedVerifierService } from './support/shared-verifier-service.ts'

const service = sharedVerifierService()

describe('a nonce for one request', () => {
  it('has 32 octets in base64url, an end, and the media types of evidence', async () => {
    const { call, clock } = await service()
    const { status, headers, json } = await call({ path: `${api}/nonce` })
    expect([status, headers['content-type'], headers['cache-control']]).toEqual([
      200,
      'application/json',
      'no-store',
    ])
    expect(json).toEqual({
      nonce: expect.stringMatching(/^[\w-]{43}$/),
      expiry: new Date(clock.now() + 150_000).toISOString(),
      accept: expect.arrayContaining([tokenType]),
    })
  })

  it.each(['*/*', 'application/*', 'application/json', ''])(
    'is told to who accepts %j',
    async (accept) => {
      const { call } = await service()
      expect((await call({ path: `${api}/nonce`, headers: { accept } })).status).toBe(200)
    },
  )

  it('is told in no other media type', async () => {
    const { call } = await service()
    const reply = await call({ path: `${api}/nonce`, headers: { accept: 'text/plain' } })
    expect(problemOf(reply)).toEqual([
      406,
      'not-acceptable',
      'the only supported output format is application/json',
    ])
  })
})

describe('evidence in one request', () => {
  it('is answered with the result alone', async () => {
    const one = await service()
    const nonce = await drawNonce(one)
    const { status, headers, text } = await verify(one, nonce, await one.device.token({ nonce }))
    expect([status, headers['content-type'], headers['cache-control']]).toEqual([
      200,
      'application/eat+jwt',
      'no-store',
    ])
    expect(text).toMatch(/^[\w-]+\.[\w-]+\.[\w-]{86}$/)
    expect(appraisalOf(text)).toMatchObject({ 'ear.status': 'affirming' })
    expect(member(claimsOf(text), 'eat_nonce')).toBe(`${toBase64url(nonce)}=`)
  })

  it('over another nonce is bad evidence, not a bad request', async () => {
    const one = await service()
    const { status, text } = await verify(one, await drawNonce(one), await one.device.token())
    expect(status).toBe(200)
    expect(JSON.stringify(appraisalOf(text))).toContain('E_NONCE_MISMATCH')
  })

  it('comes in a wrapper too, is told in the dialect that is asked for, and takes padding in the address', async () => {
    const one = await service()
    const nonce = await drawNonce(one)
    const path = `${api}/verify?nonce=${toBase64url(nonce)}%3D&ear=ietf-2026`
    const body = encodeCbor([tokenType, await one.device.token({ nonce })])
    const headers = { 'content-type': 'application/cmw+cbor', accept: 'application/eat+jwt' }
    const { text } = await one.call({ method: 'POST', path, headers, body })
    expect(member(claimsOf(text), 'eat_profile')).toBe('tag:ietf.org,2026:rats/ear#03')
    expect(member(claimsOf(text), 'ear_status')).toBe('affirming')
  })

  it('is answered again as often as it comes, unless nonces are for one use', async () => {
    const one = await service()
    const nonce = await drawNonce(one)
    const token = await one.device.token({ nonce })
    expect((await verify(one, nonce, token)).status).toBe(200)
    expect((await verify(one, nonce, await one.device.token({ nonce, clientId: -2 }))).status).toBe(
      200,
    )
    await using strict = await startVerifierService({ settings: { nonce: { singleUse: true } } })
    const own = await drawNonce(strict)
    const first = await strict.device.token({ nonce: own })
    expect((await verify(strict, own, first)).status).toBe(200)
    const again = await verify(strict, own, first)
    expect(appraisalOf(again.text)).toMatchObject({ 'ear.status': 'affirming' })
    const other = await verify(strict, own, await strict.device.token({ nonce: own, clientId: -2 }))
    expect(problemOf(other).slice(0, 2)).toEqual([409, 'nonce-used'])
  })
})

/** Requests that break every rule from the given one on: the answer must be about the first of them. */
describe('the checks of one request come in the order of the specification', () => {
  const tooLong = new Uint8Array(65_537)
  const foreign = toBase64url(new Uint8Array(32))
  const ours = { 'content-type': tokenType }
  const rows: ReadonlyArray<readonly [string, number, string, Omit<Call, 'path'>, string]> = [
    ['Accept', 406, 'not-acceptable', { headers: { accept: 'application/json' }, body: '' }, ''],
    ['an empty body', 400, 'body-empty', { headers: { 'content-type': 'a/b' } }, ''],
    ['the wrapper', 400, 'cmw', { headers: { 'content-type': 'application/cmw' }, body: '[' }, ''],
    ['the media type', 415, 'media-type', { headers: { 'content-type': 'a/b' }, body: 'x' }, ''],
    ['no nonce', 400, 'nonce-missing', { headers: ours, body: 'x' }, ''],
    ['an empty nonce', 400, 'nonce-missing', { headers: ours, body: 'x' }, '?nonce='],
    ['its encoding', 400, 'nonce-encoding', { headers: ours, body: 'x' }, '?nonce=%2B'],
    ['its length', 400, 'nonce-length', { headers: ours, body: 'x' }, '?nonce=AAAA'],
    ['its maker', 404, 'nonce-foreign', { headers: ours, body: 'x' }, `?nonce=${foreign}`],
    [
      'Accept of a long body',
      406,
      'not-acceptable',
      { headers: { accept: 'a/b' }, body: tooLong },
      '',
    ],
    ['the media type of a long body', 415, 'media-type', { body: tooLong }, ''],
    ['the nonce of a long body', 400, 'nonce-missing', { headers: ours, body: tooLong }, ''],
    [
      'the maker of the nonce of a long body',
      404,
      'nonce-foreign',
      { headers: ours, body: tooLong },
      `?nonce=${foreign}`,
    ],
  ]

  it.each(rows)('%s: %d %s', async (_, status, code, call, query) => {
    const one = await service()
    const reply = await one.call({ ...call, method: 'POST', path: `${api}/verify${query}` })
    expect(problemOf(reply).slice(0, 2)).toEqual([status, code])
  })

  it('then the end of the nonce, and last the length of the body', async () => {
    await using one = await startVerifierService()
    const nonce = await drawNonce(one)
    expect(problemOf(await verify(one, nonce, tooLong)).slice(0, 2)).toEqual([
      413,
      'body-too-large',
    ])
    one.clock.pass(150_000)
    const late = problemOf(await verify(one, nonce, tooLong))
    expect(late.slice(0, 2)).toEqual([404, 'nonce-expired'])
    const detail = `the nonce was valid until ${new Date(one.clock.now()).toISOString()}`
    expect(late[2]).toBe(detail)
  })
})

describe('the key of nonces', () => {
  it('is common to all replicas, also while it changes', async () => {
    await using first = await startVerifierService()
    const options = { record: first.record, clock: first.clock }
    await using second = await startVerifierService(options)
    const before = await drawNonce(first)
    expect(await statusOf(second, before)).toBe(200)
    // A day later the key is due; each replica reads the new one before it comes into force.
    for (let passed = 0; passed < 86_400_000; passed += 14_400_000) {
      first.clock.pass(14_400_000)
      await settled()
    }
    for (let passed = 0; passed < 120_000; passed += 20_000) {
      const nonce = await drawNonce(first)
      const other = await drawNonce(second)
      expect([await statusOf(second, nonce), await statusOf(first, other)]).toEqual([200, 200])
      first.clock.pass(20_000)
      await settled()
    }
    const setting = await first.record.setting('verifier-nonce-keys')
    const { keys } = JSON.parse(Buffer.from(setting?.reveal() ?? []).toString())
    expect(keys.length).toBeGreaterThan(1)
  })

  it('belongs to one tenant', async () => {
    const record = new MemoryRecord()
    const settings = { tenants: { names: ['acme'], hosts: { 'acme.example': 'acme' } } }
    await using one = await startVerifierService({ record, settings })
    const time = Math.trunc(one.clock.now() / 1000)
    await importCorim(deviceCorim([one.device]), record.tenant('acme').trust, { time })
    const { json } = await one.call({ path: `/tenant/acme${api}/nonce` })
    const nonce = Uint8Array.from(Buffer.from(textMember(json, 'nonce'), 'base64url'))
    const token = await one.device.token({ nonce })
    expect(problemOf(await verify(one, nonce, token)).slice(0, 2)).toEqual([404, 'nonce-foreign'])
    const call = { method: 'POST', headers: { 'content-type': tokenType }, body: token }
    const query = `verify?nonce=${toBase64url(nonce)}`
    const own = await one.call({ ...call, path: `/tenant/acme${api}/${query}` })
    expect(appraisalOf(own.text)).toMatchObject({ 'ear.status': 'affirming' })
    const headers = { ...call.headers, host: 'ACME.example:8443' }
    const byHost = await one.call({ ...call, headers, path: `${api}/${query}` })
    expect(appraisalOf(byHost.text)).toMatchObject({ 'ear.status': 'affirming' })
    expect((await one.call({ path: `/tenant/other${api}/nonce` })).status).toBe(404)
    await one.verifier.stop()
    const logged = async (tenant: string) =>
      (await record.tenant(tenant).appraisals.list({ limit: 9 })).map(({ outcome }) => outcome)
    expect([await logged('0'), await logged('acme')]).toEqual([[], ['genuine', 'genuine']])
  })
})

/** Status of the answer to a token of a known device over the nonce. */
async function statusOf(one: VerifierService, nonce: Uint8Array): Promise<number> {
  return (await verify(one, nonce, await one.device.token({ nonce }))).status
}

/** Lets what timers have started end. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve))
}
