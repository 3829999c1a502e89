import { toBase64url } from '@keyline/bytes'
import { sha256 } from '@keyline/crypto'
import { describe, expect, it } from 'vitest'
import { deviceComponents } from '../support/verified-device.ts'
import {
  api,
  appraisalOf,
  claimsOf,
  member,
  openSession,
  problemOf,
  startVerifierService,
  submit,
  textMember,
  tokenType,
  type VerifierService,
} from '../support/verifier-service.ts'
import { sharedVerifierService } from './support/shared-verifier-service.ts'

const service = sharedVerifierService()

describe('a session that is its own id', () => {
  it('needs no store, takes evidence once, and knows a retry', async () => {
    await using one = await startVerifierService({ settings: { session: { kind: 'sealed' } } })
    const { path, nonce } = await openSession(one, '?nonceSize=48')
    expect((await one.call({ path })).json).toMatchObject({ status: 'waiting' })
    const token = await one.device.token({ nonce })
    const first = await submit(one, path, token)
    expect(appraisalOf(textMember(first.json, 'result'))).toMatchObject({
      'ear.status': 'affirming',
    })
    expect((await submit(one, path, token)).json).toMatchObject({ status: 'complete' })
    const other = await submit(one, path, await one.device.token({ nonce, clientId: -2 }))
    expect(problemOf(other).slice(0, 2)).toEqual([409, 'session-used'])
  })

  it('is foreign with any character changed, ends, and can be deleted', async () => {
    await using one = await startVerifierService({ settings: { session: { kind: 'sealed' } } })
    const { path, nonce } = await openSession(one)
    const changed = `${path.slice(0, -2)}${path.at(-2) === 'A' ? 'B' : 'A'}${path.at(-1) ?? ''}`
    expect((await one.call({ path: changed })).status).toBe(404)
    expect((await one.call({ path: `${api}/session/*` })).status).toBe(400)
    const second = await openSession(one)
    expect((await one.call({ method: 'DELETE', path: second.path })).status).toBe(204)
    expect((await one.call({ method: 'DELETE', path: second.path })).status).toBe(404)
    const token = await one.device.token({ nonce: second.nonce })
    expect((await submit(one, second.path, token)).status).toBe(404)
    one.clock.pass(150_000)
    expect((await submit(one, path, await one.device.token({ nonce }))).status).toBe(404)
  })

  it('carries the dialect that its opener asked for', async () => {
    await using one = await startVerifierService({ settings: { session: { kind: 'sealed' } } })
    const opened = await one.call({ method: 'POST', path: `${api}/newSession?ear=ietf-2026` })
    const nonce = Buffer.from(textMember(opened.json, 'nonce'), 'base64')
    const token = await one.device.token({ nonce })
    const { json } = await submit(one, `${api}/${opened.headers.location ?? ''}`, token)
    expect(member(claimsOf(textMember(json, 'result')), 'eat_profile')).toBe(
      'tag:ietf.org,2026:rats/ear#03',
    )
  })
})

/** Claims of the result of a session. */
async function result(
  one: VerifierService,
  { query = '', headers = {} }: { query?: string; headers?: Readonly<Record<string, string>> } = {},
): Promise<unknown> {
  const { path, nonce } = await openSession(one, query)
  const body = await one.device.token({ nonce })
  const { json } = await one.call({
    method: 'POST',
    path,
    headers: { 'content-type': tokenType, ...headers },
    body,
  })
  return claimsOf(textMember(json, 'result'))
}

/** Tier of a device whose second component is missing. */
async function tierOfHalf(one: VerifierService): Promise<unknown> {
  const { path, nonce } = await openSession(one)
  const softwareComponents = deviceComponents.slice(0, 1)
  const { json } = await submit(one, path, await one.device.token({ nonce, softwareComponents }))
  return member(appraisalOf(textMember(json, 'result')), 'ear.status')
}

describe('the result of a session', () => {
  it('is in the dialect that the opener, the sender or the settings choose', async () => {
    const one = await service()
    const drafted = 'tag:ietf.org,2026:rats/ear#03'
    const profiles = await Promise.all([
      result(one),
      result(one, { query: '?ear=ietf-2026' }),
      result(one, { headers: { 'accept-ear': 'ietf-2026' } }),
      result(one, { query: '?ear=ietf-2026', headers: { 'accept-ear': 'veraison-2023' } }),
    ])
    expect(profiles.map((claims) => member(claims, 'eat_profile'))).toEqual([
      'tag:github.com,2023:veraison/ear',
      drafted,
      drafted,
      'tag:github.com,2023:veraison/ear',
    ])
    const unknown = await one.call({ method: 'POST', path: `${api}/newSession?ear=other` })
    expect(problemOf(unknown).slice(0, 2)).toEqual([406, 'not-acceptable'])
  })

  it('ends, hides and shows what the settings say', async () => {
    await using one = await startVerifierService({
      settings: {
        result: { exp: true, annotatedEvidence: 'redacted', rawEvidence: true },
        verifierId: { developer: 'https://example.com', build: 'b 1' },
      },
    })
    const claims = await result(one)
    const { clock } = one
    expect(claims).toMatchObject({
      iat: Math.trunc(clock.now() / 1000),
      exp: Math.trunc(clock.now() / 1000) + 300,
      'ear.verifier-id': { developer: 'https://example.com', build: 'b 1' },
    })
    expect(member(claims, 'ear.raw-evidence')).toMatch(/^[\w-]+$/)
    expect(JSON.stringify(claims)).not.toContain('psa-instance-id')
    expect(JSON.stringify(claims)).toContain('psa-client-id')
    await using hidden = await startVerifierService({
      settings: { result: { annotatedEvidence: 'off' } },
    })
    expect(JSON.stringify(await result(hidden))).not.toContain('annotated-evidence')
  })

  it('tells of a token that was seen in another session with the same nonce', async () => {
    await using one = await startVerifierService({ settings: { replay: { detect: true } } })
    const query = `?nonce=${toBase64url(sha256(Uint8Array.of(9)))}`
    expect(JSON.stringify(await result(one, { query }))).not.toContain('in another session')
    const again = await result(one, { query })
    expect(JSON.stringify(again)).toContain('in another session before')
    expect(JSON.stringify(again)).toContain('affirming')
    await using strict = await startVerifierService({ settings: { replay: { refuse: true } } })
    await result(strict, { query })
    expect(JSON.stringify(await result(strict, { query }))).toContain('contraindicated')
  })

  it('asks for every reference value where the settings do', async () => {
    await using closed = await startVerifierService({
      settings: { psa: { requireAllReferences: true } },
    })
    expect([await tierOfHalf(await service()), await tierOfHalf(closed)]).toEqual([
      'affirming',
      'warning',
    ])
  })
})
