import { toBase64, toBase64url } from '@keyline/bytes'
import { CborTag, encodeCbor } from '@keyline/eat'
import { describe, expect, it } from 'vitest'
import {
  api,
  appraisalOf,
  claimsOf,
  member,
  openSession,
  problemOf,
  sessionType,
  startVerifierService,
  submit,
  textMember,
  tokenType,
  type Call,
} from '../support/verifier-service.ts'
import { sharedVerifierService } from './support/shared-verifier-service.ts'
import { verifiedDevice } from '../support/verified-device.ts'

const service = sharedVerifierService()

const unknownId = '/session/5a2d1c40-0000-4000-8000-000000000000'
const evidenceTypes = [
  tokenType,
  'application/eat+cwt; eat_profile="tag:psacertified.org,2023:psa#tfm"',
  'application/eat+cwt; eat_profile="tag:psacertified.org,2019:psa#legacy"',
  'application/eat-cwt; profile="http://arm.com/psa/2.0.0"',
]

describe('a new session', () => {
  it('has a nonce in padded standard base64, a relative address, and all media types of evidence', async () => {
    const { call, clock } = await service()
    const { status, headers, json } = await call({ method: 'POST', path: `${api}/newSession` })
    expect(status).toBe(201)
    expect(headers['content-type']).toBe(sessionType)
    expect(headers['cache-control']).toBe('no-store')
    expect(headers.location).toMatch(/^session\/[0-9a-f-]{14}4[0-9a-f]{3}-[89ab][0-9a-f-]{16}$/)
    expect(json).toEqual({
      nonce: expect.stringMatching(/^[A-Za-z0-9+/]{43}=$/),
      expiry: new Date(clock.now() + 150_000).toISOString(),
      accept: evidenceTypes,
      status: 'waiting',
    })
  })

  it.each([
    ['', 32],
    ['?nonce=&nonceSize=', 32],
    ['?nonceSize=8', 8],
    ['?nonceSize=064', 64],
    ['?nonceSize=48&nonce=', 48],
    ['?nonce=AAECAwQFBgc', 8],
    ['?nonce=AAECAwQFBgc=', 8],
    ['?nonce=AAECAwQFBgc%3D&nonceSize=', 8],
  ])('with %s has a nonce of %d octets', async (query, length) => {
    expect((await openSession(await service(), query)).nonce).toHaveLength(length)
  })

  it.each([
    [
      '?nonce=AAECAwQFBgc&nonceSize=32',
      'nonce-exclusive',
      'nonce and nonceSize are mutually exclusive',
    ],
    ['?nonceSize=7', 'nonce-size', 'nonceSize must be in range 8..64'],
    ['?nonceSize=65', 'nonce-size', 'nonceSize must be in range 8..64'],
    ['?nonceSize=x', 'nonce-size', 'nonceSize must be in range 8..64'],
    ['?nonceSize=-32', 'nonce-size', 'nonceSize must be in range 8..64'],
    ['?nonceSize=3.2e1', 'nonce-size', 'nonceSize must be in range 8..64'],
    ['?nonceSize=%2032', 'nonce-size', 'nonceSize must be in range 8..64'],
    ['?nonce=AAECAwQFBgc%2B', 'nonce-encoding', 'nonce must be valid base64'],
    ['?nonce=AAECAwQFBgc%3D%3D', 'nonce-encoding', 'nonce must be valid base64'],
    ['?nonce=A', 'nonce-encoding', 'nonce must be valid base64'],
    ['?nonce=AAECAwQFBg', 'nonce-length', 'nonce must be between 8 and 64 bytes long; got 7'],
  ])('with %s is refused: %s', async (query, code, detail) => {
    const { call } = await service()
    const reply = await call({ method: 'POST', path: `${api}/newSession${query}` })
    expect(problemOf(reply)).toEqual([400, code, `failed handling nonce request: ${detail}`])
  })

  it('is not told in another media type, which is looked at before the nonce', async () => {
    const { call } = await service()
    const path = `${api}/newSession?nonceSize=7`
    const reply = await call({ method: 'POST', path, headers: { accept: 'application/json' } })
    expect(problemOf(reply)).toEqual([
      406,
      'not-acceptable',
      `the only supported output format is ${sessionType}`,
    ])
  })

  it('with a nonce that no token can carry is noted in the log, without the nonce', async () => {
    const { log, call } = await service()
    const { json } = await call({ method: 'POST', path: `${api}/newSession?nonceSize=33` })
    expect(log.lines.join('\n')).toMatch(/a session has a nonce that no PSA token can carry .*33/)
    expect(log.lines.join()).not.toContain(textMember(json, 'nonce'))
  })

  it('has its nonce in base64url where the settings say so', async () => {
    await using other = await startVerifierService({
      settings: { session: { nonceEncoding: 'base64url' } },
    })
    const { json } = await other.call({ method: 'POST', path: `${api}/newSession` })
    expect(textMember(json, 'nonce')).toMatch(/^[\w-]{43}$/)
  })
})

describe('evidence', () => {
  it('of a known device is judged at once, and the session tells all of it', async () => {
    const one = await service()
    const { path, nonce } = await openSession(one)
    const token = await one.device.token({ nonce })
    const reply = await submit(one, path, token)
    expect(reply.status).toBe(200)
    expect(reply.headers['content-type']).toBe(sessionType)
    expect(reply.json).toMatchObject({
      status: 'complete',
      nonce: toBase64(nonce),
      evidence: { type: tokenType, value: toBase64(token) },
    })
    const result = textMember(reply.json, 'result')
    expect(appraisalOf(result)).toMatchObject({ 'ear.status': 'affirming' })
    expect(member(claimsOf(result), 'exp')).toBeUndefined()
    expect((await one.call({ path })).json).toEqual(reply.json)
  })

  it.each([
    ['with another nonce', 'E_NONCE_MISMATCH', { nonce: new Uint8Array(32) }, 1],
    ['of an unknown device', 'E_KEY_UNKNOWN', {}, 7],
  ] as const)(
    '%s is no fault of the request: 200, complete, and a result that says so',
    async (_, code, claims, seed) => {
      const one = await service()
      const { path, nonce } = await openSession(one)
      const token = await verifiedDevice(seed).token({ nonce, ...claims })
      const { status, json } = await submit(one, path, token)
      expect([status, member(json, 'status')]).toEqual([200, 'complete'])
      expect(appraisalOf(textMember(json, 'result'))).toMatchObject({
        'ear.status': 'contraindicated',
        'ear.veraison.policy-claims': { code },
      })
    },
  )

  it('that is no token is bad evidence', async () => {
    const one = await service()
    const { path } = await openSession(one)
    const { status, json } = await submit(one, path, Uint8Array.of(1, 2, 3))
    expect([status, member(json, 'status')]).toEqual([200, 'complete'])
    expect(JSON.stringify(appraisalOf(textMember(json, 'result')))).toContain('E_CBOR_TRAILING')
  })

  it('whose media type names a profile must have it', async () => {
    const one = await service()
    const judged = async (type: string): Promise<string> => {
      const { path, nonce } = await openSession(one)
      const body = await one.device.token({ nonce })
      const { json } = await one.call({
        method: 'POST',
        path,
        body,
        headers: { 'content-type': type },
      })
      return JSON.stringify(appraisalOf(textMember(json, 'result')))
    }
    expect(
      await judged('APPLICATION/eat+cwt;EAT_PROFILE="tag:psacertified.org,2023:psa#tfm"'),
    ).toContain('affirming')
    expect(await judged('application/eat-cwt; profile="http://arm.com/psa/2.0.0"')).toContain(
      'E_PROFILE_UNKNOWN',
    )
  })

  it.each([
    ['application/cmw', (token: Uint8Array) => JSON.stringify([tokenType, toBase64url(token)])],
    ['application/cmw', (token: Uint8Array) => encodeCbor([tokenType, token, 4])],
    [
      'application/cmw+json',
      (token: Uint8Array) => JSON.stringify([10_003, toBase64url(token), 4]),
    ],
    ['application/cmw+cbor', (token: Uint8Array) => encodeCbor([tokenType, token])],
    ['application/cmw+cbor', (token: Uint8Array) => encodeCbor(new CborTag(1_668_556_859, token))],
    [
      'application/vnd.veraison.cmw+json',
      (token: Uint8Array) => JSON.stringify([tokenType, toBase64url(token)]),
    ],
    ['application/vnd.veraison.cmw+cbor', (token: Uint8Array) => encodeCbor([tokenType, token])],
  ])('in the wrapper %s is unwrapped', async (type, wrap) => {
    const one = await service()
    const { path, nonce } = await openSession(one)
    const token = await one.device.token({ nonce })
    const headers = { 'content-type': type }
    const { json } = await one.call({ method: 'POST', path, headers, body: wrap(token) })
    expect(member(member(json, 'evidence'), 'value')).toBe(toBase64(token))
    expect(appraisalOf(textMember(json, 'result'))).toMatchObject({ 'ear.status': 'affirming' })
  })

  it('may be submitted once; the identical request is answered again, other evidence is not', async () => {
    const one = await service()
    const { path, nonce } = await openSession(one)
    const token = await one.device.token({ nonce })
    const first = await submit(one, path, token)
    expect((await submit(one, path, token)).json).toEqual(first.json)
    const upperCase = path.replace(/[^/]+$/, (id) => id.toUpperCase())
    expect((await submit(one, upperCase, token)).json).toEqual(first.json)
    const other = await submit(one, path, await one.device.token({ nonce, clientId: -2 }))
    expect(problemOf(other)).toEqual([409, 'session-used', 'evidence already submitted'])
    const headers = { 'content-type': `${tokenType};` }
    const renamed = await one.call({ method: 'POST', path, headers, body: token })
    expect(problemOf(renamed)).toEqual([409, 'session-used', 'evidence already submitted'])
  })
})

/** A request that breaks every rule from the given one on: the answer must be about the first of them. */
describe('the checks of a submission come in the order of the specification', () => {
  const tooLong = new Uint8Array(65_537)
  const rows: ReadonlyArray<readonly [string, number, string, Call]> = [
    [
      'Accept',
      406,
      'not-acceptable',
      { path: '/session/x', headers: { accept: 'text/html', 'content-type': 'a/b' }, body: '' },
    ],
    [
      'an empty body',
      400,
      'body-empty',
      { path: '/session/x', headers: { 'content-type': 'a/b' }, body: '' },
    ],
    [
      'the wrapper',
      400,
      'cmw',
      { path: '/session/x', headers: { 'content-type': 'application/cmw' }, body: '[' },
    ],
    [
      'the type in the wrapper',
      415,
      'media-type',
      { path: '/session/x', headers: { 'content-type': 'application/cmw' }, body: '["a/b","AA"]' },
    ],
    [
      'a collection',
      415,
      'media-type',
      { path: '/session/x', headers: { 'content-type': 'application/cmw+json' }, body: '{}' },
    ],
    [
      'the media type',
      415,
      'media-type',
      { path: '/session/x', headers: { 'content-type': 'a/b' }, body: 'x' },
    ],
    ['no media type', 415, 'media-type', { path: '/session/x', body: 'x' }],
    [
      'the form of the id',
      400,
      'session-id',
      { path: '/session/x', headers: { 'content-type': tokenType }, body: 'x' },
    ],
    [
      'the session',
      404,
      'session-unknown',
      { path: unknownId, headers: { 'content-type': tokenType }, body: 'x' },
    ],
    [
      'Accept of a long body',
      406,
      'not-acceptable',
      { path: unknownId, headers: { accept: 'text/html' }, body: tooLong },
    ],
    [
      'the media type of a long body',
      415,
      'media-type',
      { path: unknownId, headers: { 'content-type': 'a/b' }, body: tooLong },
    ],
    [
      'the id of a long body',
      400,
      'session-id',
      { path: '/session/x', headers: { 'content-type': tokenType }, body: tooLong },
    ],
    [
      'the session of a long body',
      404,
      'session-unknown',
      { path: unknownId, headers: { 'content-type': tokenType }, body: tooLong },
    ],
  ]

  it.each(rows)('%s: %d %s', async (_, status, code, call) => {
    const one = await service()
    const reply = await one.call({ ...call, method: 'POST', path: api + call.path })
    expect(problemOf(reply).slice(0, 2)).toEqual([status, code])
    if (status === 415) expect(reply.headers.accept).toBe(evidenceTypes.join(', '))
  })

  it('the length of the body comes last, and leaves the session as it is', async () => {
    const one = await service()
    const { path, nonce } = await openSession(one)
    expect(problemOf(await submit(one, path, tooLong)).slice(0, 2)).toEqual([413, 'body-too-large'])
    const longest = await submit(one, path, new Uint8Array(65_536))
    expect([longest.status, member(longest.json, 'status')]).toEqual([200, 'complete'])
    expect(problemOf(await submit(one, path, tooLong)).slice(0, 2)).toEqual([409, 'session-used'])
    expect(nonce).toHaveLength(32)
  })

  it('says in the words of the interface what is wrong', async () => {
    const { call } = await service()
    const post = (headers: Readonly<Record<string, string>>, body: string) =>
      call({ method: 'POST', path: api + unknownId, headers, body })
    expect(problemOf(await post({ 'content-type': tokenType }, ''))[2]).toBe(
      'unable to read evidence from the request body',
    )
    expect(problemOf(await post({ 'content-type': 'application/unknown' }, 'x'))[2]).toBe(
      'no active plugin found for application/unknown',
    )
    expect(problemOf(await post({ 'content-type': 'application/cmw+json' }, '[]'))[2]).toMatch(
      /^could not unwrap the CMW: /,
    )
  })
})

describe('a session', () => {
  const rows: ReadonlyArray<readonly [string, string, string | undefined, number, string]> = [
    ['GET', '/session/x', 'application/json', 406, 'not-acceptable'],
    ['GET', '/session/x', undefined, 400, 'session-id'],
    ['GET', unknownId, undefined, 404, 'session-unknown'],
    ['DELETE', '/session/x', 'text/html', 400, 'session-id'],
    ['DELETE', unknownId, undefined, 404, 'session-unknown'],
  ]

  it.each(rows)('%s %s with Accept %s: %d %s', async (method, path, accept, status, code) => {
    const { call } = await service()
    const headers = accept === undefined ? {} : { accept }
    const reply = await call({ method, path: api + path, headers })
    expect(problemOf(reply).slice(0, 2)).toEqual([status, code])
  })

  it('is shown while it waits, and is gone after it was deleted', async () => {
    const one = await service()
    const { path, nonce } = await openSession(one)
    expect((await one.call({ path })).json).toMatchObject({ status: 'waiting' })
    const gone = await one.call({ method: 'DELETE', path })
    expect([gone.status, gone.text]).toEqual([204, ''])
    expect((await one.call({ method: 'DELETE', path })).status).toBe(404)
    expect((await submit(one, path, await one.device.token({ nonce }))).status).toBe(404)
  })

  it('ends with its time, and does not begin again when the clock is set back', async () => {
    await using one = await startVerifierService()
    const { path, nonce } = await openSession(one)
    const token = await one.device.token({ nonce })
    one.clock.pass(149_999)
    expect((await one.call({ path })).status).toBe(200)
    one.clock.pass(1)
    expect((await one.call({ path })).status).toBe(404)
    expect((await submit(one, path, token)).status).toBe(404)
    expect((await one.call({ method: 'DELETE', path })).status).toBe(404)
  })

  it('is asked for by other methods in vain', async () => {
    const { call } = await service()
    const reply = await call({ method: 'PUT', path: api + unknownId })
    expect(problemOf(reply).slice(0, 2)).toEqual([405, 'method'])
    expect(reply.headers.allow).toBe('POST, GET, DELETE')
    expect(problemOf(await call({ path: `${api}/session` })).slice(0, 2)).toEqual([
      404,
      'route-unknown',
    ])
  })

  it('stands under an id that no log shows', async () => {
    const one = await service()
    const { path } = await openSession(one)
    await one.call({ path })
    const id = path.split('/').at(-1) ?? ''
    expect(one.log.lines.join()).not.toContain(id)
  })
})
