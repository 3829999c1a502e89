import { TokenProfile } from '@keyline/eat'
import { appraise, applyPolicy, ReferenceSet } from '@keyline/verifier'
import { describe, expect, it } from 'vitest'
import {
  deviceComponents,
  deviceImplementation,
  deviceNonce,
  referenceFor,
} from '../../../../../test/support/verified-device.ts'
import { MemoryVerifierStore } from '../testing/memory-record.ts'
import { ActivePolicies } from './active-policy.ts'

const one = '6f1b1a2e-0c63-4a4b-8a4e-2f3d5c6b7a89'
const other = '7f1b1a2e-0c63-4a4b-8a4e-2f3d5c6b7a89'
const rules = '{"rules":[{"when":{},"set":{"status":"warning"}}]}'

async function storeWith(uuid: string, text: string): Promise<MemoryVerifierStore> {
  const store = new MemoryVerifierStore()
  const policy = { scheme: 'PSA_IOT', name: 'x', type: 'x', createdAt: 0 }
  await store.policies.add({ ...policy, uuid, rules: text })
  await store.policies.activate('PSA_IOT', uuid)
  return store
}

describe('the active policy', () => {
  it('is compiled once, and answers at once from then on', async () => {
    const policies = new ActivePolicies()
    const store = await storeWith(one, rules)
    const compiled = await policies.of(store)
    expect(compiled).toMatchObject({ id: one, mayRaise: false })
    expect(policies.of(store)).toBe(compiled)
  })

  it('is another one, or none, as soon as the store says so', async () => {
    const policies = new ActivePolicies()
    const store = await storeWith(one, rules)
    await policies.of(store)
    expect(await policies.of(await storeWith(other, rules))).toMatchObject({ id: other })
    await store.policies.deactivate('PSA_IOT')
    expect(policies.of(store)).toBeUndefined()
  })

  it('waits for a store that has to look', async () => {
    const store = await storeWith(one, rules)
    const slow = { policies: { active: async () => store.policies.active('PSA_IOT') } }
    expect(await new ActivePolicies().of(slow)).toMatchObject({ id: one })
    const broken = { policies: { active: () => Promise.reject(new Error('gone')) } }
    await expect(new ActivePolicies().of(broken)).rejects.toThrow('gone')
  })

  it('that this version does not understand fails each appraisal, and lets none pass unchanged', async () => {
    const store = await storeWith(one, '{"rules":[{"unless":{}}]}')
    const policy = await new ActivePolicies().of(store)
    if (policy === undefined) throw new TypeError('no policy')
    expect(policy.id).toBe(one)
    const appraisal = appraise({
      claims: {
        profile: TokenProfile.psa2023,
        nonce: deviceNonce,
        instanceId: new Uint8Array(33).fill(1),
        implementationId: deviceImplementation,
        clientId: -1,
        securityLifecycle: 0x3000,
        softwareComponents: deviceComponents,
      },
      origin: { kind: 'registered' },
      warnings: [],
      references: new ReferenceSet(deviceComponents.map(referenceFor)),
    })
    expect(appraisal.status).toBe('affirming')
    const facts = { appraisal, references: [], certifications: [], nonce: deviceNonce }
    expect(applyPolicy(policy, facts)).toMatchObject({
      kind: 'malfunction',
      message: expect.stringContaining(one),
    })
  })
})
