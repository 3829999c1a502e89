import { seededRandom } from '@keyline/bytes'
import { describe, expect, it } from 'vitest'
import type { Answer } from '../../answer/answer.ts'
import { HandClock } from '../../testing/hand-clock.ts'
import { ask, type Question } from '../credential/testing/ask.ts'
import { MemoryVerifierStore } from '../testing/memory-record.ts'
import { PolicyType, policyEndpoints } from './policies.ts'

const base = '/management/v1'
const principal = { name: 'boss', roles: ['manager'] } as const
const rules =
  '{"rules":[{"when":"result[\\"ear.status\\"] == \\"warning\\"","set":{"status":"contraindicated"}}]}'
const unknownUuid = '6f1b1a2e-0c63-4a4b-8a4e-2f3d5c6b7a89'

function service() {
  const store = new MemoryVerifierStore()
  const clock = new HandClock(Date.UTC(2026, 5, 1))
  const endpoints = policyEndpoints({ clock, random: seededRandom('policies') })
  const get = (path: string, headers?: Question['headers']): Promise<Answer> =>
    ask(endpoints, store, { path: base + path, principal, headers })
  const post = (path: string, question: Partial<Question> = {}): Promise<Answer> =>
    ask(endpoints, store, { method: 'POST', path: base + path, principal, ...question })
  const upload = (text: string, question: Partial<Question> & { readonly name?: string } = {}) => {
    const { name, ...others } = question
    const query = name === undefined ? '' : `?name=${encodeURIComponent(name)}`
    const headers = { 'content-type': PolicyType.native }
    return post(`/policy/PSA_IOT${query}`, { headers, body: text, ...others })
  }
  const uuidOf = async (name: string): Promise<string> => {
    const uuid = member(await upload(rules, { name }), 'uuid')
    if (typeof uuid !== 'string') throw new TypeError('no uuid')
    return uuid
  }
  return { store, get, post, upload, uuidOf }
}

const bodyOf = ({ body }: Answer): unknown => JSON.parse(String(body))

function member(answer: Answer, name: string): unknown {
  const body = bodyOf(answer)
  return typeof body === 'object' && body !== null ? new Map(Object.entries(body)).get(name) : body
}

describe('a policy', () => {
  it('is not active when it is uploaded, and is the active one from then on that it is made so', async () => {
    const { get, post, upload } = service()
    expect(await get('/policy/PSA_IOT')).toMatchObject({ status: 404 })
    const made = await upload(rules)
    expect(made).toMatchObject({ status: 201, type: 'application/vnd.veraison.policy+json' })
    const uuid = member(made, 'uuid')
    expect(uuid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    const policy = {
      uuid,
      ctime: '2026-06-01T00:00:00.000Z',
      name: 'default',
      type: 'application/vnd.keyline.policy+json',
      rules,
      active: false,
    }
    expect(bodyOf(made)).toEqual(policy)
    expect(await get('/policy/PSA_IOT')).toMatchObject({ status: 404 })
    expect(bodyOf(await get(`/policy/PSA_IOT/${String(uuid)}`))).toEqual(policy)
    const activated = await post(`/policy/PSA_IOT/${String(uuid).toUpperCase()}/activate`)
    expect(activated).toEqual({ status: 204 })
    expect(bodyOf(await get('/policy/PSA_IOT'))).toEqual({ ...policy, active: true })
  })

  it('stands alone: making another one active ends it, and one call ends all', async () => {
    const { get, post, uuidOf } = service()
    const [one, other] = [await uuidOf('one'), await uuidOf('other')]
    const active = async (): Promise<readonly unknown[]> => {
      const list = bodyOf(await get('/policies/PSA_IOT'))
      if (!Array.isArray(list)) throw new TypeError('no list')
      return list.filter(({ active }) => active === true).map(({ uuid }) => uuid)
    }
    await post(`/policy/PSA_IOT/${one}/activate`)
    expect(await active()).toEqual([one])
    await post(`/policy/PSA_IOT/${other}/activate`)
    expect(await active()).toEqual([other])
    await post(`/policy/PSA_IOT/${other}/activate`)
    expect(await active()).toEqual([other])
    expect(await post('/policies/PSA_IOT/deactivate')).toEqual({ status: 204 })
    expect(await active()).toEqual([])
    expect(await get('/policy/PSA_IOT')).toMatchObject({ status: 404 })
  })

  it('is listed by its name, the oldest first', async () => {
    const { get, uuidOf } = service()
    const first = await uuidOf('strict')
    const second = await uuidOf('lenient')
    const third = await uuidOf('strict')
    const uuids = async (query: string): Promise<unknown> => {
      const answer = await get(`/policies/PSA_IOT${query}`)
      expect(answer).toMatchObject({ status: 200, type: 'application/vnd.veraison.policies+json' })
      const list = bodyOf(answer)
      return Array.isArray(list) ? list.map(({ uuid }) => uuid) : list
    }
    expect(await uuids('')).toEqual([first, second, third])
    expect(await uuids('?name=')).toEqual([first, second, third])
    expect(await uuids('?name=strict')).toEqual([first, third])
    expect(await uuids('?name=none')).toEqual([])
  })

  it.each([
    ['no JSON', '{'],
    ['no rules', '{"rules":[]}'],
    ['a rule that sets nothing', '{"rules":[{"when":{},"set":{}}]}'],
    ['no CEL', '{"rules":[{"when":"1 +","set":{"status":"warning"}}]}'],
    [
      'a variable that there is not',
      '{"rules":[{"when":"device == 1","set":{"status":"warning"}}]}',
    ],
    ['no bool', '{"rules":[{"when":"1 + 1","set":{"status":"warning"}}]}'],
    ['octets that are no text', Uint8Array.of(0x7b, 0xff)],
  ])('that has %s is refused at its upload: 400, and nothing changes', async (_what, text) => {
    const { post, upload, get, uuidOf } = service()
    const active = await uuidOf('good')
    await post(`/policy/PSA_IOT/${active}/activate`)
    const refused = await upload('', { body: text })
    expect(refused).toMatchObject({ status: 400 })
    expect(bodyOf(refused)).toMatchObject({ code: 'SERVER_POLICY_RULES' })
    expect(member(await get('/policy/PSA_IOT'), 'uuid')).toBe(active)
    expect(bodyOf(await get('/policies/PSA_IOT'))).toHaveLength(1)
  })

  it('of another version that does not compile here is not made active: 400, and the active one stays', async () => {
    const { post, get, uuidOf, store } = service()
    const active = await uuidOf('good')
    await post(`/policy/PSA_IOT/${active}/activate`)
    await store.policies.add({
      uuid: unknownUuid,
      scheme: 'PSA_IOT',
      name: 'from the future',
      type: PolicyType.native,
      rules: '{"rules":[{"unless":{},"set":{}}]}',
      createdAt: 0,
    })
    const refused = await post(`/policy/PSA_IOT/${unknownUuid}/activate`)
    expect(bodyOf(refused)).toMatchObject({ code: 'SERVER_POLICY_RULES' })
    expect(member(await get('/policy/PSA_IOT'), 'uuid')).toBe(active)
  })

  it('in Rego needs an engine that is not here: 501, with what to do', async () => {
    const { upload } = service()
    const headers = { 'content-type': 'application/vnd.veraison.policy.opa' }
    const answer = await upload('package policy', { headers })
    expect(answer.status).toBe(501)
    expect(bodyOf(answer)).toMatchObject({
      code: 'SERVER_POLICY_ENGINE',
      message: expect.stringContaining('application/vnd.keyline.policy+json'),
    })
  })
})

describe('a request for policies', () => {
  it.each(['psa_iot', 'TPM', 'PSA_IOT%20', ''])(
    'of the scheme %j is refused: 400',
    async (scheme) => {
      const { get, post } = service()
      const headers = { 'content-type': PolicyType.native }
      const answers = [
        await get(`/policy/${scheme}`),
        await get(`/policies/${scheme}`),
        await get(`/policy/${scheme}/${unknownUuid}`),
        await post(`/policy/${scheme}`, { headers, body: rules }),
        await post(`/policy/${scheme}/${unknownUuid}/activate`),
        await post(`/policies/${scheme}/deactivate`),
      ]
      for (const answer of answers) {
        expect(answer.status).toBe(400)
        expect(member(answer, 'message')).toMatch(/^unrecognised scheme/)
      }
    },
  )

  it.each([
    ['GET', `/policy/PSA_IOT/${unknownUuid}`, 404],
    ['POST', `/policy/PSA_IOT/${unknownUuid}/activate`, 404],
    ['GET', '/policy/PSA_IOT/one', 400],
    ['POST', '/policy/PSA_IOT/..%2f/activate', 400],
    ['POST', '/policies/PSA_IOT/deactivate', 204],
  ] as const)('%s %s gives %d', async (method, path, status) => {
    const { get, post } = service()
    expect(await (method === 'GET' ? get(path) : post(path))).toMatchObject({ status })
  })

  it('takes the types of the interface alone', async () => {
    const { get, upload } = service()
    const accept = { accept: 'application/json' }
    expect(await get('/policy/PSA_IOT', accept)).toMatchObject({ status: 406 })
    expect(await get('/policies/PSA_IOT', accept)).toMatchObject({ status: 406 })
    const typed = { ...accept, 'content-type': PolicyType.native }
    expect(await upload(rules, { headers: typed })).toMatchObject({ status: 406 })
    for (const type of ['', 'text/plain', 'application/json']) {
      const answer = await upload(rules, { headers: { 'content-type': type } })
      expect(answer.status).toBe(415)
      expect(bodyOf(answer)).toMatchObject({ details: { accept: PolicyType.native } })
    }
    const quiet = { 'content-type': `${PolicyType.native}; charset=utf-8` }
    expect(await upload(rules, { headers: quiet })).toMatchObject({ status: 201 })
  })

  it('is refused with an empty body, a long one, and a name that is none', async () => {
    const { upload } = service()
    const empty = await upload('')
    expect([empty.status, member(empty, 'message')]).toEqual([400, 'empty body'])
    expect(await upload(rules + ' '.repeat(65_536))).toMatchObject({ status: 413 })
    for (const name of ['a\nb', 'x'.repeat(65), '<b>']) {
      expect(await upload(rules, { name })).toMatchObject({ status: 400 })
    }
  })
})
