import { Secret, toHex } from '@keyline/bytes'
import { describe, expect, it } from 'vitest'
import { scaled } from '../../../support/scale.ts'
import type { AttestationBench } from '../support.ts'
import {
  anchorOf,
  hashOf,
  implementationId,
  instanceOf,
  pointOf,
  referenceOf,
  within,
} from './samples.ts'

const add = { replace: false }

/** What is trusted, in memory and in the database, here and in another process. */
export function trustCases(bench: AttestationBench): void {
  describe('an anchor', () => {
    it('is found by exactly its names, on every curve, with its source', async () => {
      const { here, there } = bench.fresh()
      const curves = ['P-256', 'P-384', 'P-521'] as const
      const source = { id: 'batch', validity: { notBefore: 5, notAfter: 9 } }
      await within(
        here.endorsements,
        async (transaction) => {
          for (const curve of curves) {
            expect(await transaction.addAnchor(anchorOf(curve, curve, curve), add)).toBe('added')
          }
        },
        source,
      )
      for (const { trust } of [here, there]) {
        for (const curve of curves) {
          const wanted = {
            ...anchorOf(curve, curve, curve),
            state: 'active',
            validity: source.validity,
            source: 'batch',
          }
          const { instanceId } = wanted
          // From the database, then from memory.
          expect(await trust.findAnchor(implementationId, instanceId)).toEqual(wanted)
          expect(trust.findAnchor(implementationId, instanceId)).toEqual(wanted)
          expect(await trust.findAnchor(hashOf('another'), instanceId)).toBeUndefined()
        }
        expect(await trust.findAnchor(implementationId, instanceOf('nobody'))).toBeUndefined()
        expect(await trust.findAnchor(implementationId, new Uint8Array(4))).toBeUndefined()
      }
    })

    it('of another tenant is unknown', async () => {
      const { here } = bench.fresh()
      await within(here.endorsements, (transaction) => transaction.addAnchor(anchorOf('a'), add))
      const { trust } = bench.fresh().here
      expect(await trust.findAnchor(implementationId, instanceOf('a'))).toBeUndefined()
    })

    it('is unknown for no longer than a moment, and is known here as soon as it is imported', async () => {
      const { here, there } = bench.fresh()
      const find = (trust: typeof here.trust) => trust.findAnchor(implementationId, instanceOf('a'))
      expect(await find(here.trust)).toBeUndefined()
      // From memory, without a question to the database.
      expect(find(here.trust)).toBeUndefined()
      expect(await find(there.trust)).toBeUndefined()
      await within(here.endorsements, (transaction) => transaction.addAnchor(anchorOf('a'), add))
      expect(await find(here.trust)).toBeDefined()
      await expect.poll(() => find(there.trust), { timeout: 10_000 }).toBeDefined()
    })

    it('that is revoked by one process is revoked for all, and can come back', async () => {
      const { name: tenant, here, there } = bench.fresh()
      const instanceId = instanceOf('a')
      const stateOf = async (trust: typeof here.trust) =>
        (await trust.findAnchor(implementationId, instanceId))?.state
      await within(here.endorsements, (transaction) => transaction.addAnchor(anchorOf('a'), add))
      expect([await stateOf(here.trust), await stateOf(there.trust)]).toEqual(['active', 'active'])
      expect(await here.endorsements.setState(instanceId, 'revoked')).toBe(true)
      expect(await stateOf(here.trust)).toBe('revoked')
      await bench.heard()
      expect(await stateOf(there.trust)).toBe('revoked')
      expect(await there.endorsements.setState(instanceId, 'revoked')).toBe(true)
      expect(await there.endorsements.setState(instanceId, 'active')).toBe(true)
      await bench.heard()
      expect(await stateOf(here.trust)).toBe('active')
      expect(await here.endorsements.setState(instanceOf('nobody'), 'revoked')).toBe(false)
      const own = ({ tenant: of }: Record<string, unknown>) => of === tenant
      const instance = toHex(instanceId)
      expect((await bench.audited('device.revoked')).filter(own)).toEqual([
        { actor: 'line', tenant, instance },
      ])
      expect((await bench.audited('device.reinstated')).filter(own)).toEqual([
        { actor: 'verifier', tenant, instance },
      ])
    })

    it('that was revoked while it was read is not kept as it was', async () => {
      const { here } = bench.fresh()
      const instanceId = instanceOf('a')
      await within(here.endorsements, (transaction) => transaction.addAnchor(anchorOf('a'), add))
      for (let round = 0; round < scaled(10, 300); round++) {
        const state = round % 2 === 0 ? 'revoked' : 'active'
        here.trust.forgetAll()
        const [, changed] = await Promise.all([
          here.trust.findAnchor(implementationId, instanceId),
          here.endorsements.setState(instanceId, state),
          here.trust.findAnchor(implementationId, instanceId),
        ])
        expect(changed).toBe(true)
        expect(await here.trust.findAnchor(implementationId, instanceId)).toMatchObject({ state })
      }
    })

    it('is asked for once, however many ask at once', async () => {
      const { here } = bench.fresh()
      await within(here.endorsements, (transaction) => transaction.addAnchor(anchorOf('a'), add))
      await here.trust.findAnchor(implementationId, instanceOf('b'))
      const ask = () => here.trust.findAnchor(implementationId, instanceOf('a'))
      const first = ask()
      expect(first).toBeInstanceOf(Promise)
      expect(ask()).toBe(first)
      await first
    })

    it('is in memory before its first token where all are preloaded', async () => {
      const { here, there } = bench.fresh()
      const count = scaled(1200, 20_000)
      await within(here.endorsements, async (transaction) => {
        const point = pointOf('one')
        await Promise.all(
          Array.from({ length: count }, async (_, index) =>
            transaction.addAnchor(
              {
                implementationId,
                instanceId: instanceOf(`preloaded ${index}`),
                key: { type: 'ec', curve: 'P-256', point },
              },
              add,
            ),
          ),
        )
      })
      expect(await there.trust.preload()).toBe(count)
      for (const index of [0, 1, count - 1]) {
        const found = there.trust.findAnchor(implementationId, instanceOf(`preloaded ${index}`))
        expect(found).toMatchObject({ state: 'active' })
      }
      expect(await there.trust.preload(AbortSignal.abort())).toBe(count)
    })
  })

  describe('a symmetric key', () => {
    it('rests sealed, and counts only where the record is opened for it', async () => {
      const { name: tenant, here, there } = bench.fresh()
      const instanceId = instanceOf('mac')
      const secret = new Secret(hashOf('secret'))
      const device = { implementationId, instanceId }
      expect(await here.devices.registerSymmetric(device, secret)).toBe(true)
      expect(await here.devices.registerSymmetric(device, secret)).toBe(false)
      const other = new Secret(hashOf('another'))
      await expect(here.devices.registerSymmetric(device, other)).rejects.toMatchObject({
        code: 'LEDGER_DEVICE_TAKEN',
      })
      for (let round = 0; round < 2; round++) {
        const found = await here.trust.findAnchor(implementationId, instanceId)
        expect(found?.key.type === 'symmetric' && found.key.secret.equals(secret)).toBe(true)
      }
      expect(await there.trust.findAnchor(implementationId, instanceId)).toBeUndefined()
      expect(await there.trust.preload()).toBe(0)
      const [row] = await bench.rows(`select key from trust_key where tenant = '${tenant}'`)
      const stored = row?.['key']
      if (!(stored instanceof Uint8Array)) throw new Error('the row has no key')
      expect(toHex(stored)).not.toContain(toHex(hashOf('secret')))
      expect(stored.length).toBeGreaterThan(32)
    })
  })

  describe('reference values and certifications', () => {
    it('are what was imported, once, for every process', async () => {
      const { here, there } = bench.fresh()
      const detailed = {
        ...referenceOf('two'),
        digests: [
          { algorithm: undefined, value: hashOf('two') },
          { algorithm: 'sha-512' as const, value: new Uint8Array(64).fill(2) },
        ],
        vendor: 'Vendor',
        model: 'Model',
      }
      const bare = {
        implementationId,
        digests: referenceOf('bare').digests,
        signerId: hashOf('signer'),
      }
      const certification = {
        implementationId,
        number: '0604565272829-10010',
        conditions: [
          {
            environment: { vendor: 'Vendor' },
            measurements: [{ key: 'a', values: new Map([[0, 1]]) }],
          },
        ],
      }
      expect((await there.trust.referencesOf(implementationId)).values).toEqual([])
      expect(await there.trust.certificationsOf(implementationId)).toEqual([])
      const import_ = () =>
        within(here.endorsements, (transaction) =>
          Promise.all([
            transaction.addReference(referenceOf('one')),
            transaction.addReference(detailed),
            transaction.addReference(referenceOf('one')),
            transaction.addReference(bare),
            transaction.addCertification(certification),
            transaction.addCertification(certification),
          ]),
        )
      expect(await import_()).toEqual(['added', 'added', 'present', 'added', 'added', 'present'])
      expect(await import_()).toEqual(Array.from({ length: 6 }, () => 'present'))
      await bench.heard()
      for (const { trust } of [here, there]) {
        const { values } = await trust.referencesOf(implementationId)
        expect(values).toHaveLength(3)
        expect(values).toEqual(expect.arrayContaining([referenceOf('one'), detailed, bare]))
        expect(await trust.certificationsOf(implementationId)).toEqual([certification])
        expect((await trust.referencesOf(hashOf('another'))).values).toEqual([])
        expect(trust.referencesOf(implementationId)).not.toBeInstanceOf(Promise)
      }
    })
  })
}
