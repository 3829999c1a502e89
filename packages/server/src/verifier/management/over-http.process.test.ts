import { Secret, encodeUtf8, seededRandom } from '@keyline/bytes'
import { corimMaxLength } from '@keyline/eat'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { deviceCorim, verifiedDevice } from '../../../../../test/support/verified-device.ts'
import {
  startVerifierService,
  type Call,
  type Reply,
  type VerifierService,
} from '../../../../../test/support/verifier-service.ts'
import { hashPassword } from '../credential/password-hash.ts'
import { corimMediaTypes } from '../provisioning/corim-type.ts'
import { provisioningSessionType } from '../provisioning/session.ts'

const cost = { costLog2: 4, blockSize: 1, parallelism: 1 }
const names = ['factory', 'boss'] as const
const submitPath = '/endorsement-provisioning/v1/submit'
let opened: VerifierService | undefined

beforeAll(async () => {
  const settings = { policy: 'production', access: { management: 'required' } } as const
  opened = await startVerifierService({ settings })
  for (const name of names) {
    const password = new Secret(encodeUtf8(`password of ${name}`))
    const verifier = await hashPassword(password, seededRandom(name), cost)
    const roles = [name === 'boss' ? 'manager' : 'provisioner'] as const
    await opened.record.credentials.add(
      { name, kind: 'password', roles, verifier, createdAt: 0 },
      'test',
    )
  }
})

afterAll(async () => opened?.[Symbol.asyncDispose]())

function call(by: (typeof names)[number] | undefined, { headers, ...rest }: Call): Promise<Reply> {
  if (opened === undefined) throw new TypeError('no service')
  const credentials = { Authorization: `Basic ${btoa(`${by}:password of ${by}`)}` }
  return opened.call({ ...rest, headers: { ...headers, ...(by !== undefined && credentials) } })
}

const codeOf = ({ json }: Reply): string => z.object({ code: z.string() }).parse(json).code

describe('provisioning and management over HTTP', () => {
  const submission: Call = {
    method: 'POST',
    path: submitPath,
    headers: { 'Content-Type': corimMediaTypes[0] },
    body: deviceCorim([verifiedDevice(2)]),
  }

  it('take a CoRIM as clients of the interface expect it', async () => {
    const { status, headers, json } = await call('factory', submission)
    expect(status).toBe(200)
    expect(headers['content-type']).toBe(provisioningSessionType)
    expect(Number(headers['content-length'])).toBeGreaterThan(0)
    expect(json).toMatchObject({ status: 'success' })
  })

  it('ask for credentials before anything else: 401 with a challenge, 403 with the role that lacks', async () => {
    const unknown = await call(undefined, submission)
    expect([unknown.status, codeOf(unknown)]).toEqual([401, 'unauthorised'])
    expect(unknown.headers['www-authenticate']).toMatch(/^Basic realm="[^"]+", charset="UTF-8"/)
    expect(unknown.headers['content-type']).toBe('application/problem+json')
    const wrong = await call(undefined, {
      ...submission,
      headers: { Authorization: `Basic ${btoa('factory:guess')}` },
    })
    expect([wrong.status, codeOf(wrong)]).toEqual([401, 'unauthorised'])
    const path = '/management/v1/policies/PSA_IOT'
    const refused = await call('factory', { path })
    expect([refused.status, codeOf(refused)]).toEqual([403, 'forbidden'])
    expect(await call('boss', { path })).toMatchObject({ status: 200, json: [] })
  })

  const changes: readonly (readonly [string, Partial<Call>, number, string])[] = [
    ['a type without a plugin', { headers: { 'Content-Type': 'text/plain' } }, 415, 'media-type'],
    ['an Accept without ours', { headers: { Accept: 'text/html' } }, 406, 'not-acceptable'],
    ['no body', { body: '' }, 400, 'body-empty'],
    ['more than 16 MiB', { body: new Uint8Array(corimMaxLength + 1) }, 413, 'body-too-large'],
  ]

  it.each(changes)('name what is wrong with %s', async (_what, change, status, code) => {
    const headers = { ...submission.headers, ...change.headers }
    const reply = await call('factory', { ...submission, ...change, headers })
    expect([reply.status, codeOf(reply)]).toEqual([status, code])
    if (status === 415) expect(reply.headers['accept']).toBe(corimMediaTypes.join(', '))
  })

  it.each([
    ['application/vnd.veraison.policy.opa', 'package policy', 501, 'policy-engine'],
    ['application/vnd.keyline.policy+json', '{', 400, 'policy-rules'],
  ])('tell of a policy of %s what a client needs', async (type, body, status, code) => {
    const path = '/management/v1/policy/PSA_IOT'
    const headers = { 'Content-Type': type }
    const reply = await call('boss', { method: 'POST', path, headers, body })
    expect([reply.status, codeOf(reply)]).toEqual([status, code])
  })

  it('stand in the document of the interface', async () => {
    const { json } = await call(undefined, { path: '/openapi.json' })
    const { paths } = z.object({ paths: z.record(z.string(), z.unknown()) }).parse(json)
    for (const path of [
      submitPath,
      '/management/v1/authorities',
      '/management/v1/policy/{scheme}',
    ]) {
      expect(Object.keys(paths)).toContain(path)
    }
  })
})
