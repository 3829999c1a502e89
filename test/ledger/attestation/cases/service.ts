import { toHex } from '@keyline/bytes'
import { describe, expect, it } from 'vitest'
import type { AttestationBench } from '../support.ts'

const scheme = 'PSA_IOT'

const policy = (uuid: string, createdAt: number, name = 'strict') => ({
  uuid,
  scheme,
  name,
  type: 'application/json',
  rules: `{"rules": "${uuid}"}`,
  createdAt,
})

const appraisal = (at: number) => ({
  at,
  sessionHash: '11'.repeat(32),
  mediaType: 'application/psa-attestation-token',
  evidenceHash: '22'.repeat(32),
  outcome: 'could-not-check' as const,
  codes: ['STORE_UNAVAILABLE'],
})

const judged = (at: number) => ({
  ...appraisal(at),
  implementationId: '33'.repeat(32),
  instanceId: '44'.repeat(33),
  outcome: 'genuine' as const,
  status: 'affirming',
  vector: { hardware: 2, executables: 33 },
  codes: [],
  policyId: 'policy:PSA_IOT',
  keyId: 'key',
})

/** Policies, what was submitted, what was judged, and who may ask. */
export function serviceCases(bench: AttestationBench): void {
  describe('policies', () => {
    it('are added inactive, one of a scheme is active, and every process knows which', async () => {
      const { name: tenant, here, there } = bench.fresh()
      expect(await here.policies.active(scheme)).toBeUndefined()
      expect(await there.policies.active(scheme)).toBeUndefined()
      await here.policies.add(policy('b', 1))
      await here.policies.add(policy('a', 2, 'mild'))
      expect(await here.policies.active(scheme)).toBeUndefined()
      expect(await here.policies.activate(scheme, 'b', 'anna')).toBe(true)
      const active = { ...policy('b', 1), isActive: true }
      expect(await here.policies.active(scheme)).toEqual(active)
      await bench.heard()
      expect(await there.policies.active(scheme)).toEqual(active)
      expect(await there.policies.activate(scheme, 'a', 'bert')).toBe(true)
      expect(await there.policies.activate(scheme, 'a', 'bert')).toBe(true)
      expect(await here.policies.list(scheme)).toEqual([
        { ...policy('b', 1), isActive: false },
        { ...policy('a', 2, 'mild'), isActive: true },
      ])
      expect(await here.policies.list(scheme, 'mild')).toHaveLength(1)
      expect(await here.policies.find(scheme, 'b')).toEqual({ ...active, isActive: false })
      expect(await here.policies.find('CCA', 'b')).toBeUndefined()
      await there.policies.deactivate(scheme, 'bert')
      await there.policies.deactivate(scheme, 'bert')
      expect(await there.policies.active(scheme)).toBeUndefined()
      expect(await here.policies.activate(scheme, 'nowhere', 'anna')).toBe(false)
      const own = ({ tenant: of }: Record<string, unknown>) => of === tenant
      expect((await bench.audited('policy.activated')).filter(own)).toEqual([
        { actor: 'anna', tenant, scheme, uuid: 'b' },
        { actor: 'bert', tenant, scheme, uuid: 'a', before: 'b' },
      ])
      expect((await bench.audited('policy.deactivated')).filter(own)).toEqual([
        { actor: 'bert', tenant, scheme, uuid: 'a' },
      ])
    })

    it('answer from memory while that is fresh', async () => {
      const { here } = bench.fresh()
      await here.policies.add(policy('a', 1))
      await here.policies.activate(scheme, 'a', 'anna')
      await here.policies.active(scheme)
      expect(here.policies.active(scheme)).not.toBeInstanceOf(Promise)
    })

    it('are active one at a time, whoever activates at once', async () => {
      const { name: tenant, here, there } = bench.fresh()
      const names = ['a', 'b', 'c', 'd']
      for (const [at, uuid] of names.entries()) await here.policies.add(policy(uuid, at))
      const activations = await Promise.allSettled(
        names.map((uuid, index) =>
          (index % 2 === 0 ? here : there).policies.activate(scheme, uuid, uuid),
        ),
      )
      for (const outcome of activations) {
        if (outcome.status === 'rejected') expect(outcome.reason.code).toBe('LEDGER_BUSY')
      }
      const active = (await here.policies.list(scheme)).filter(({ isActive }) => isActive)
      expect(active).toHaveLength(1)
      // The constraint says so even to who goes past the code.
      const both = `update policy set active = 1 where tenant = '${tenant}'`
      await expect(bench.rows(both)).rejects.toThrow(/unique/i)
    })
  })

  describe('submitted CoRIMs', () => {
    it('have one record each, the newest first', async () => {
      const { name: tenant, here } = bench.fresh()
      const corim = (corimId: string, submittedAt: number) => ({
        corimId,
        sha256: toHex(bench.random.bytes(32)),
        octets: 100,
        submittedBy: 'anna',
        submittedAt,
      })
      await here.corims.record(corim('first', 1))
      const second = { ...corim('second', 2), signer: 'release' }
      await here.corims.record(second)
      const again = corim('first', 3)
      await here.corims.record(again)
      expect(await here.corims.list(10)).toEqual([again, second])
      expect(await here.corims.list(1)).toEqual([again])
      const notes = await bench.audited('corim.submitted')
      expect(notes.filter((note) => note['tenant'] === tenant)).toHaveLength(3)
      expect(notes).toContainEqual(expect.objectContaining({ actor: 'anna', signer: 'release' }))
    })
  })

  describe('appraisals', () => {
    it('are kept as they came, listed the newest first, and swept by age', async () => {
      const { appraisals } = bench.fresh().here
      await appraisals.append([])
      await appraisals.append([appraisal(1), judged(2)])
      await appraisals.append(Array.from({ length: 120 }, (_, index) => appraisal(10 + index)))
      expect(await appraisals.list({ limit: 2 })).toEqual([appraisal(129), appraisal(128)])
      expect(await appraisals.list({ limit: 9, instanceId: '44'.repeat(33) })).toEqual([judged(2)])
      expect(await appraisals.sweep(10)).toBe(2)
      expect(await appraisals.list({ limit: 1000 })).toHaveLength(120)
    })

    it('are appended all or none', async () => {
      const { appraisals } = bench.fresh().here
      const wrong = appraisal(Number.NaN)
      const good = Array.from({ length: 60 }, () => appraisal(1))
      await expect(appraisals.append([...good, wrong])).rejects.toMatchObject({
        code: 'LEDGER_DATABASE',
      })
      expect(await appraisals.list({ limit: 10 })).toEqual([])
    })
  })

  describe('credentials', () => {
    it('are found by name and by key, for all tenants, and taken out once', async () => {
      const { credentials } = bench.record
      const name = `importer ${toHex(bench.random.bytes(4))}`
      const verifier = toHex(bench.random.bytes(32))
      const key = {
        name,
        kind: 'api-key',
        roles: ['provisioner', 'manager'],
        verifier,
        expiresAt: 5,
        createdAt: 1,
      } as const
      const hash = 'scrypt$1$2$3'
      const password = {
        name: `${name} 2`,
        kind: 'password',
        roles: [],
        verifier: hash,
        createdAt: 1,
      } as const
      expect(await credentials.add(key, 'anna')).toBe(true)
      expect(await credentials.add({ ...password, name }, 'anna')).toBe(false)
      expect(await credentials.add(password, 'anna')).toBe(true)
      expect(await bench.other.credentials.findName(name)).toEqual(key)
      expect(await bench.other.credentials.findKey(verifier)).toEqual(key)
      expect(await credentials.findKey(hash)).toBeUndefined()
      expect(await credentials.findName('nobody')).toBeUndefined()
      const names = (await credentials.list()).map((one) => one.name)
      expect(names).toEqual([...names].toSorted())
      expect(names).toContain(password.name)
      expect(await credentials.remove(name, 'bert')).toBe(true)
      expect(await credentials.remove(name, 'bert')).toBe(false)
      expect(await credentials.findKey(verifier)).toBeUndefined()
      expect(await bench.audited('credential.removed')).toContainEqual({
        actor: 'bert',
        name,
        kind: 'api-key',
      })
    })
  })
}
