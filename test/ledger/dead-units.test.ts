import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { databaseKinds, openAt } from './support/databases.ts'
import { sampleOrder, Samples, verdict } from './support/sample.ts'

describe.each(databaseKinds)('a unit that ends on $name', ({ name, create }) => {
  const databases = create()
  const samples = new Samples(`dead units on ${name}`)
  beforeAll(() => databases.start())
  afterAll(() => databases.stop())

  it.each([
    { ending: 'FAIL', state: 'void', voided: 2 },
    { ending: 'ERROR', state: 'void', voided: 2 },
    { ending: 'QUARANTINE', state: 'live', voided: 0 },
    { ending: 'PASS', state: 'live', voided: 0 },
  ] as const)(
    'as $ending has its certificates $state from the same moment on',
    async ({ ending, state, voided }) => {
      await using ledger = await openAt(await databases.fresh())
      await ledger.createOrder(sampleOrder())
      const { unit } = (await ledger.reserve('order-1', samples.draw)) ?? { unit: { id: '' } }
      await ledger.record(samples.entry(unit.id))
      await ledger.record(samples.entry(unit.id))
      const before = await ledger.head()
      await ledger.decide(unit.id, verdict(ending, 'R-1'))
      await ledger.decide(unit.id, verdict(ending, 'R-1'))
      const records = await ledger.certificateRecords(unit.id)
      expect(records.map((record) => record.state)).toEqual([state, state])
      expect(records.map((record) => record.voidReason)).toEqual(
        Array.from({ length: 2 }, () =>
          voided > 0 ? `the unit ended as ${ending}: R-1` : undefined,
        ),
      )
      expect((await ledger.head()).seq - before.seq).toBe(voided + 1)
    },
  )
})
