import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { seededRandom, uniformBelow } from '@keyline/bytes'
import { verifyAuditExport, type LedgerLocation } from '@keyline/ledger'
import { scaled, testSeed } from '../support/scale.ts'
import { quotaViolations, serialViolations } from './support/checkers.ts'
import { startChild } from './support/child.ts'
import { databaseKinds, openAt } from './support/databases.ts'
import { sampleOrder } from './support/sample.ts'

/** Promise P2: what was acknowledged before `kill -9` is there afterwards, and nothing is there by halves. */
describe.each(databaseKinds)('a writer killed at any moment on $name', ({ name, create }) => {
  const databases = create()
  beforeAll(() => databases.start())
  afterAll(() => databases.stop())

  it('loses nothing that was acknowledged, and its successor goes on', async () => {
    const random = seededRandom(`crash on ${name} ${testSeed}`)
    const location = await databases.fresh()
    const rounds = scaled(4, 60)
    const order = sampleOrder({ id: 'long', quantity: 100_000 })
    {
      await using ledger = await openAt(location)
      await ledger.createOrder(order)
    }
    const said: (readonly string[])[] = []
    for (let round = 0; round < rounds; round++) {
      const child = startChild({
        database: location,
        orderId: 'long',
        seed: `round ${round} of ${testSeed}`,
        units: 100_000,
      })
      let left = 2 + uniformBelow(random, 120)
      for await (const line of child.lines) {
        said.push(line.split(' '))
        if (left-- === 0) child.process.kill('SIGKILL')
      }
      expect(await child.ended).toBe('SIGKILL')
    }
    expect(said.filter(([word]) => word === 'ready')).toHaveLength(rounds)
    await checkAll(location, said)
  })
})

async function checkAll(
  location: LedgerLocation,
  said: readonly (readonly string[])[],
): Promise<void> {
  await using ledger = await openAt(location)
  const of = (word: string) => said.filter(([first]) => first === word)
  for (const [, id = '', serialNumber] of of('unit')) {
    expect((await ledger.unit(id))?.unit).toMatchObject({ serialNumber, orderId: 'long' })
  }
  for (const [, key = '', unitId = ''] of of('certificate')) {
    const issued = await ledger.issued(key)
    expect(await ledger.certificateOf(unitId)).toEqual(issued?.certificate)
  }
  for (const [, id = ''] of of('verdict')) {
    expect((await ledger.unit(id))?.verdict?.verdict).toBe('PASS')
  }
  const records: { readonly type: string; readonly data: Record<string, string> }[] = []
  const lines: string[] = []
  const head = await ledger.exportAudit((line) => {
    lines.push(line)
    records.push(JSON.parse(line))
  })
  const audited = (type: string) => records.filter((record) => record.type === type)
  const status = await ledger.order('long')
  expect((await verifyAuditExport(lines, [head])).findings).toEqual([])
  expect(audited('certificate.issued')).toHaveLength(status?.certificatesUsed ?? -1)
  expect(audited('unit.reserved')).toHaveLength(status?.unitsReserved ?? -1)
  const serials = audited('unit.reserved').map(({ data }) => data['serialNumber'] ?? '')
  expect(serialViolations(serials)).toEqual([])
  const received = of('certificate').map(([, key]) => key ?? '')
  const recorded = status?.certificatesUsed ?? 0
  expect(quotaViolations({ limit: 100_000, received, recorded })).toEqual([])
  // At most the one act of each round that was in flight is recorded and was not acknowledged.
  expect(recorded - received.length).toBeLessThanOrEqual(of('ready').length)
}
