import { Secret, toHex } from '@keyline/bytes'
import { array, assert, asyncProperty, boolean, constantFrom, nat, record } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { importCorim, MemoryTrustStore, verifyEvidence } from '@keyline/verifier'
import { scaled } from '../../../support/scale.ts'
import {
  deviceCorim,
  deviceImplementation,
  deviceNonce as nonce,
  deviceTime as time,
  verifiedDevice,
} from '../../../support/verified-device.ts'
import type { AttestationBench } from '../support.ts'
import { anchorOf, hashOf, instanceOf, pointOf, referenceOf, within } from './samples.ts'

const one = verifiedDevice(1)
const two = verifiedDevice(2)

/** Imports: all or nothing, the same as in memory. */
export function endorsementCases(bench: AttestationBench): void {
  describe('an import', () => {
    it('makes devices genuine, for every process; the same again changes nothing', async () => {
      const { name: tenant, here, there } = bench.fresh()
      const outcomeOf = async (device: typeof one) => {
        const { trust: store } = there
        return (await verifyEvidence(await device.token(), { store, nonce, time })).outcome
      }
      expect(await outcomeOf(two)).toBe('contraindicated')
      const corim = deviceCorim([one])
      expect(await importCorim(corim, here.endorsements, { time })).toMatchObject({
        trustAnchors: { added: 1, present: 0, replaced: 0 },
        referenceValues: { added: 2, present: 0, replaced: 0 },
      })
      expect(await importCorim(corim, there.endorsements, { time })).toMatchObject({
        trustAnchors: { added: 0, present: 1, replaced: 0 },
        referenceValues: { added: 0, present: 2, replaced: 0 },
      })
      expect(await outcomeOf(one)).toBe('genuine')
      expect(await outcomeOf(two)).toBe('contraindicated')
      const notes = await bench.audited('endorsements.imported')
      expect(notes.filter((note) => note['tenant'] === tenant)).toEqual([
        expect.objectContaining({ actor: 'line', anchors: 1, references: 2, replaced: 0 }),
      ])
    })

    it('that is tried out, or taken back, stores nothing', async () => {
      const { name: tenant, here } = bench.fresh()
      const report = await importCorim(deviceCorim([one]), here.endorsements, {
        time,
        isDryRun: true,
      })
      expect(report.trustAnchors.added).toBe(1)
      const transaction = await here.endorsements.begin({ id: 'batch' })
      expect(await transaction.addAnchor(anchorOf('a'), { replace: false })).toBe('added')
      expect(await transaction.addReference(referenceOf('a'))).toBe('added')
      await transaction.rollback()
      await transaction.rollback()
      const closed = { code: 'LEDGER_CLOSED' }
      await expect(transaction.commit()).rejects.toMatchObject(closed)
      const late = transaction.addAnchor(anchorOf('b'), { replace: false })
      await expect(late).rejects.toMatchObject(closed)
      await expect(transaction.addReference(referenceOf('b'))).rejects.toMatchObject(closed)
      await expectNothing(tenant)
    })

    it('with a conflict stores nothing, wherever the conflict stands', async () => {
      const { name: tenant, here } = bench.fresh()
      const thief = { instanceId: one.instanceId, publicKey: two.publicKey }
      for (const corim of [deviceCorim([one, two, thief]), deviceCorim([thief, two, one])]) {
        await expect(importCorim(corim, here.endorsements, { time })).rejects.toMatchObject({
          code: 'E_CORIM_CONFLICT',
        })
        await expectNothing(tenant)
      }
      await importCorim(deviceCorim([one]), here.endorsements, { time })
      const stolen = deviceCorim([thief, two])
      await expect(importCorim(stolen, here.endorsements, { time })).rejects.toMatchObject({
        code: 'E_CORIM_CONFLICT',
      })
      await importCorim(stolen, here.endorsements, { time, replace: true })
      const found = await here.trust.findAnchor(deviceImplementation, one.instanceId)
      expect(found?.key).toMatchObject({ point: two.publicKey.octets })
    })

    it('leaves a revoked device revoked', async () => {
      const { here } = bench.fresh()
      await importCorim(deviceCorim([one]), here.endorsements, { time })
      await here.endorsements.setState(one.instanceId, 'revoked')
      await importCorim(deviceCorim([one, two]), here.endorsements, { time })
      expect(await here.trust.findAnchor(deviceImplementation, one.instanceId)).toMatchObject({
        state: 'revoked',
      })
    })

    it('takes no secret of a MAC', async () => {
      const { here } = bench.fresh()
      const transaction = await here.endorsements.begin({ id: 'batch' })
      const { implementationId, instanceId } = anchorOf('a')
      const key = { type: 'symmetric', secret: new Secret(new Uint8Array(32)) } as const
      await expect(
        transaction.addAnchor({ implementationId, instanceId, key }, { replace: false }),
      ).rejects.toThrow(TypeError)
      await transaction.rollback()
    })

    it('of many devices is named to the other processes as a whole', async () => {
      const { here, there } = bench.fresh()
      const devices = Array.from({ length: 1100 }, (_, index) => `many ${index}`)
      const point = pointOf('one')
      const all = (id: string) =>
        within(
          here.endorsements,
          (transaction) =>
            Promise.all(
              devices.map(async (device) =>
                transaction.addAnchor(
                  { ...anchorOf(device, 'one'), key: { type: 'ec', curve: 'P-256', point } },
                  { replace: false },
                ),
              ),
            ),
          { id },
        )
      expect(new Set(await all('first'))).toEqual(new Set(['added']))
      const { implementationId, instanceId } = anchorOf('many 7', 'one')
      const sourceOf = async () =>
        (await there.trust.findAnchor(implementationId, instanceId))?.source
      expect(await sourceOf()).toBe('first')
      expect(new Set(await all('second'))).toEqual(new Set(['present']))
      await bench.heard()
      expect(await sourceOf()).toBe('second')
    })

    it('waits for another one of its tenant, and both are stored', async () => {
      const { here, there } = bench.fresh()
      const first = await here.endorsements.begin({ id: 'first' })
      const second = bench.rival === bench.record ? here.endorsements : there.endorsements
      const waiting = importCorim(deviceCorim([one, two]), second, { time })
      const publicKey = one.publicKey.octets
      const placed = await first.addAnchor(
        {
          implementationId: deviceImplementation,
          instanceId: one.instanceId,
          key: { type: 'ec', curve: 'P-256', point: publicKey },
        },
        { replace: false },
      )
      expect(placed).toBe('added')
      await first.commit()
      expect((await waiting).trustAnchors).toEqual({ added: 1, present: 1, replaced: 0 })
    })
  })

  describe('the same statements', () => {
    const statement = record({
      device: nat(3),
      implementation: nat(1),
      key: nat(2),
    })
    const step = record({
      statements: array(statement, { maxLength: 6 }),
      replace: boolean(),
      end: constantFrom('commit', 'commit', 'rollback'),
      validity: constantFrom(undefined, { notAfter: 7 }),
      revoke: nat(12),
    })

    it('are placed as in memory, and found as there', { timeout: 120_000 }, async () => {
      await assert(
        asyncProperty(array(step, { maxLength: 5 }), async (steps) => {
          const { here } = bench.fresh()
          const memory = new MemoryTrustStore()
          for (const [index, { statements, replace, end, validity, revoke }] of steps.entries()) {
            const source = { id: `corim ${index % 2}`, validity }
            const transactions = [memory.begin(source), await here.endorsements.begin(source)]
            const placements = await Promise.all(
              transactions.map((transaction) =>
                Promise.all(
                  statements.map(async ({ device, implementation, key }) =>
                    transaction.addAnchor(
                      {
                        implementationId: hashOf(`implementation ${implementation}`),
                        instanceId: instanceOf(`device ${device}`),
                        key: { type: 'ec', curve: 'P-256', point: pointOf(`key ${key}`) },
                      },
                      { replace },
                    ),
                  ),
                ),
              ),
            )
            for (const transaction of transactions) await transaction[end]()
            expect(placements[1]).toEqual(placements[0])
            const instanceId = instanceOf(`device ${revoke}`)
            expect(await here.endorsements.setState(instanceId, 'revoked')).toBe(
              memory.setState(instanceId, 'revoked'),
            )
          }
          for (let device = 0; device <= 3; device++) {
            for (let implementation = 0; implementation <= 1; implementation++) {
              const names = [
                hashOf(`implementation ${implementation}`),
                instanceOf(`device ${device}`),
              ] as const
              expect(await here.trust.findAnchor(...names)).toEqual(memory.findAnchor(...names))
            }
          }
        }),
        { numRuns: scaled(12, 400) },
      )
    })
  })

  async function expectNothing(tenant: string): Promise<void> {
    for (const table of ['trust_key', 'trust_anchor', 'reference_value', 'endorsement_source']) {
      const rows = await bench.rows(`select tenant from ${table} where tenant = '${tenant}'`)
      expect(rows, `${table} of ${tenant} ${toHex(one.instanceId)}`).toEqual([])
    }
  }
}
