import { compilePolicy } from '@keyline/verifier'
import { describe, expect, it } from 'vitest'
import { HandClock } from '../../packages/server/src/testing/hand-clock.ts'
import { Faults, type Fault } from '../support/breakable.ts'
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
  verify,
  type Reply,
  type ServiceOptions,
  type VerifierService,
} from '../support/verifier-service.ts'

interface Broken extends VerifierService {
  readonly faults: Faults
}

/** A service whose record fails when a test says so. */
async function broken(options: ServiceOptions = {}): Promise<Broken> {
  const clock = new HandClock()
  const faults = new Faults()
  const memory = await recordWith([verifiedDevice(1)], clock)
  const record = faults.over(memory)
  const service = await startVerifierService({ ...options, clock, record })
  return { ...service, faults }
}

/** Asks while a fault is set; a call that hangs is waited for until the patience of the service ends. */
async function during(one: Broken, fault: Fault, ask: () => Promise<Reply>): Promise<Reply> {
  one.faults.set(fault)
  const reply = ask()
  if (fault.how === 'hangs') {
    await one.faults.hit()
    one.clock.pass(2_000)
  }
  const came = await reply
  expect(one.faults.hits).toBeGreaterThan(0)
  one.faults.set(undefined)
  return came
}

const hows = ['throws', 'rejects', 'hangs'] as const
const faultsOf = (...methods: readonly string[]): readonly Fault[] =>
  methods.flatMap((method) => hows.map((how) => ({ method: `tenant.${method}`, how })))

/** "Could not check": 503 with a time to wait, and nothing of what went wrong. */
function expectUnavailable(reply: Reply): void {
  expect(problemOf(reply).slice(0, 2)).toEqual([503, 'unavailable'])
  expect(Number(reply.headers['retry-after'])).toBeGreaterThan(0)
  expect(reply.text).not.toMatch(/postgres|hunter2|tenant\./)
}

function expectUnchecked(reply: Reply): void {
  expect(problemOf(reply)).toEqual([500, 'internal', 'error encountered while processing evidence'])
}

const judging = ['trust.findAnchor', 'trust.referencesOf']

describe('a record that fails is no verdict, in one request', () => {
  it.each(faultsOf('policies.active', ...judging, 'seen.enter'))(
    'when $method $how',
    async (fault) => {
      await using one = await broken({ settings: { nonce: { singleUse: true } } })
      const nonce = await drawNonce(one)
      const token = await one.device.token({ nonce })
      expectUnavailable(await during(one, fault, () => verify(one, nonce, token)))
      const again = await verify(one, nonce, token)
      expect(appraisalOf(again.text)).toMatchObject({ 'ear.status': 'affirming' })
    },
  )

  it('when authorities of certificates are asked for in vain', async () => {
    await using one = await broken()
    const nonce = await drawNonce(one)
    const token = await verifiedDevice(2).token({ nonce })
    const fault = { method: 'tenant.trust.certificateTrust', how: 'rejects' } as const
    expectUnavailable(await during(one, fault, () => verify(one, nonce, token)))
  })

  it('when there is no store for the tenant at all', async () => {
    await using one = await broken()
    const nonce = await drawNonce(one)
    const fault = { method: 'tenant', how: 'throws' } as const
    expectUnavailable(await during(one, fault, () => verify(one, nonce, new Uint8Array(9))))
  })
})

describe('a record that fails is no verdict, in a session', () => {
  it.each(faultsOf('sessions.open'))('when $method $how, and none was opened', async (fault) => {
    await using one = await broken()
    const call = { method: 'POST', path: `${api}/newSession` }
    expectUnavailable(await during(one, fault, () => one.call(call)))
  })

  it.each(faultsOf('policies.active', 'sessions.claim'))(
    'when $method $how, and it goes on waiting',
    async (fault) => {
      await using one = await broken()
      const { path, nonce } = await openSession(one)
      const token = await one.device.token({ nonce })
      expectUnavailable(await during(one, fault, () => submit(one, path, token)))
      expect((await one.call({ path })).json).toMatchObject({ status: 'waiting' })
      expect((await submit(one, path, token)).json).toMatchObject({ status: 'complete' })
    },
  )

  it.each(faultsOf(...judging))('when $method $how, and it has failed', async (fault) => {
    await using one = await broken()
    const { path, nonce } = await openSession(one)
    const token = await one.device.token({ nonce })
    expectUnchecked(await during(one, fault, () => submit(one, path, token)))
    const { json } = await one.call({ path })
    expect([member(json, 'status'), member(json, 'result')]).toEqual(['failed', undefined])
    expectUnchecked(await submit(one, path, token))
    const other = await submit(one, path, await one.device.token({ nonce, clientId: -2 }))
    expect(problemOf(other).slice(0, 2)).toEqual([409, 'session-used'])
  })

  it.each([
    ...faultsOf('sessions.finish'),
    { method: 'tenant.sessions.finish', how: 'fails after it was done' },
  ] as const)('when $method $how: the identical request brings it to its end', async (fault) => {
    await using one = await broken()
    const { path, nonce } = await openSession(one)
    const token = await one.device.token({ nonce })
    // A session whose result cannot be written cannot be marked as failed either: the fault is met twice.
    one.faults.set(fault)
    const reply = submit(one, path, token)
    if (fault.how === 'hangs') {
      for (let hits = 0; hits < 2; hits += 1) {
        while (one.faults.hits <= hits) await new Promise((resolve) => setImmediate(resolve))
        one.clock.pass(2_000)
      }
    }
    expectUnchecked(await reply)
    one.faults.set(undefined)
    const again = await submit(one, path, token)
    expect(again.json).toMatchObject({ status: 'complete' })
    const kept = await one.call({ path })
    expect(kept.json).toEqual(again.json)
    expect(appraisalOf(textMember(kept.json, 'result'))).toMatchObject({
      'ear.status': 'affirming',
    })
  })

  it('when the answer to the claim is lost: the identical request is judged', async () => {
    await using one = await broken()
    const { path, nonce } = await openSession(one)
    const token = await one.device.token({ nonce })
    const fault = { method: 'tenant.sessions.claim', how: 'fails after it was done' } as const
    expectUnavailable(await during(one, fault, () => submit(one, path, token)))
    expect((await submit(one, path, token)).json).toMatchObject({ status: 'complete' })
  })

  it.each(faultsOf('sessions.find', 'sessions.delete'))(
    'when $method $how, and it is still there',
    async (fault) => {
      await using one = await broken()
      const { path } = await openSession(one)
      const method = fault.method.endsWith('delete') ? 'DELETE' : 'GET'
      expectUnavailable(await during(one, fault, () => one.call({ method, path })))
      expect((await one.call({ path })).status).toBe(200)
    },
  )
})

describe('the log of appraisals', () => {
  it('that cannot be written lets nothing be checked after a while, and loses no record', async () => {
    await using one = await broken({ settings: { audit: { queue: 3, delayMs: 0 } } })
    one.faults.set({ method: 'tenant.appraisals.append', how: 'rejects' })
    const ask = async (): Promise<Reply> => {
      const nonce = await drawNonce(one)
      return verify(one, nonce, await one.device.token({ nonce }))
    }
    for (let count = 0; count < 3; count += 1) expect((await ask()).status).toBe(200)
    expectUnavailable(await ask())
    const { path, nonce } = await openSession(one)
    const token = await one.device.token({ nonce })
    expectUnavailable(await submit(one, path, token))
    expect((await one.call({ path })).json).toMatchObject({ status: 'waiting' })
    one.faults.set(undefined)
    await one.verifier.stop()
    const kept = await one.record.tenant('0').appraisals.list({ limit: 10 })
    expect(kept.map(({ outcome }) => outcome)).toEqual(['genuine', 'genuine', 'genuine'])
  })

  it('says what could not be checked without a word on the device', async () => {
    await using one = await broken()
    const nonce = await drawNonce(one)
    const token = await one.device.token({ nonce })
    const fault = { method: 'tenant.trust.findAnchor', how: 'rejects' } as const
    await during(one, fault, () => verify(one, nonce, token))
    await verify(one, nonce, await verifiedDevice(3).token({ nonce }))
    await verify(one, nonce, token)
    const figures = await one.verifier.metrics()
    for (const name of ['genuine', 'contraindicated', 'could_not_check']) {
      expect(figures).toContain(`keyline_verifier_${name}_total 1`)
    }
    await one.verifier.stop()
    const [genuine, bad, unchecked] = await one.record.tenant('0').appraisals.list({ limit: 3 })
    expect(genuine).toMatchObject({ outcome: 'genuine', status: 'affirming', codes: [] })
    expect(genuine?.instanceId).toMatch(/^01[0-9a-f]{64}$/)
    expect(bad).toMatchObject({ outcome: 'contraindicated', codes: ['E_KEY_UNKNOWN'] })
    expect(bad?.instanceId).toBeUndefined()
    const { outcome, status, vector, instanceId } = unchecked ?? {}
    expect([outcome, status, vector, instanceId]).toEqual([
      'could-not-check',
      undefined,
      undefined,
      undefined,
    ])
  })
})

describe('a policy that fails', () => {
  it('leaves a result that says nothing of the device, and counts as not checked', async () => {
    await using one = await broken()
    const rules = JSON.stringify({
      rules: [{ when: "evidence['absent'] == 1", set: { hardware: 'GENUINE_HW' } }],
    })
    expect((await compilePolicy(rules)).rules).toHaveLength(1)
    const { policies } = one.record.tenant('0')
    const uuid = '5a2d1c40-0000-4000-8000-000000000001'
    const type = 'application/vnd.keyline.policy+json'
    await policies.add({ uuid, scheme: 'PSA_IOT', name: 'p', type, rules, createdAt: 0 })
    await policies.activate('PSA_IOT', uuid, 'test')
    const { path, nonce } = await openSession(one)
    const { status, json } = await submit(one, path, await one.device.token({ nonce }))
    expect([status, member(json, 'status')]).toEqual([200, 'complete'])
    expect(appraisalOf(textMember(json, 'result'))).toMatchObject({
      'ear.status': 'none',
      'ear.trustworthiness-vector': { hardware: -1 },
    })
    expect(await one.verifier.metrics()).toContain('keyline_verifier_could_not_check_total 1')
  })
})

describe('readiness', () => {
  it('ends while the record does not answer, and comes back by itself', async () => {
    await using one = await broken()
    const state = async (): Promise<unknown> => {
      const { json } = await one.call({ path: '/.well-known/veraison/verification' })
      return member(json, 'service-state')
    }
    expect([(await one.call({ path: '/readyz' })).status, await state()]).toEqual([200, 'READY'])
    one.faults.set({ method: 'ping', how: 'rejects' })
    one.clock.pass(1_000)
    expectUnready(await one.call({ path: '/readyz' }))
    expect(await state()).toBe('DOWN')
    expect((await one.call({ path: '/healthz' })).status).toBe(200)
    one.faults.set(undefined)
    one.clock.pass(1_000)
    expect([(await one.call({ path: '/readyz' })).status, await state()]).toEqual([200, 'READY'])
  })

  it.each(['ping', 'tenant', 'tenant.trust.certificateTrust'])(
    'is not begun without %s',
    async (method) => {
      const clock = new HandClock()
      const faults = new Faults()
      const record = faults.over(await recordWith([], clock))
      faults.set({ method, how: 'throws' })
      await expect(startVerifierService({ clock, record })).rejects.toMatchObject({
        code: 'SERVER_SELF_TEST',
      })
    },
  )
})

describe('200 clients on a record that serves two at a time', () => {
  it('get a verdict or are asked to wait, and none gets a negative one', async () => {
    await using one = await broken({ settings: { limits: { running: 2, waiting: 50 } } })
    const nonce = await drawNonce(one)
    const token = await one.device.token({ nonce })
    const replies = await Promise.all(Array.from({ length: 200 }, () => verify(one, nonce, token)))
    const genuine = replies.filter(({ status }) => status === 200)
    for (const { text } of genuine) {
      expect(appraisalOf(text)).toMatchObject({ 'ear.status': 'affirming' })
    }
    for (const reply of replies) if (reply.status !== 200) expectUnavailable(reply)
    expect(genuine.length).toBeGreaterThan(0)
  })
})

function expectUnready(reply: Reply): void {
  expectUnavailable(reply)
  expect(member(reply.json, 'detail')).toBe('the record does not answer')
}
