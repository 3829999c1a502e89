import { asyncProperty, assert, constantFrom, array, integer } from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { GivenIdentity } from '@keyline/ledger'
import type { UnitSecrets } from '@keyline/ledger/records'
import '../support/properties.ts'
import { scaled } from '../support/scale.ts'
import { LedgerBench } from './support/bench.ts'
import { databaseKinds } from './support/databases.ts'
import { sampleOrder, verdict } from './support/sample.ts'

/** Units whose identity was made elsewhere, on whichever database the ledger stands. */
describe.each(databaseKinds)('a given identity on $name', ({ name, create }) => {
  const bench = new LedgerBench(create(), `adopted on ${name}`)
  bench.register()

  const identity = (serialNumber = 'GIVEN-1'): GivenIdentity => ({
    serialNumber,
    secrets: bench.samples.secrets(),
  })

  it('is one unit, however often it is adopted', async () => {
    const given = identity()
    const first = await bench.ledger.adopt('order-1', given)
    expect(first.unit).toMatchObject({ serialNumber: 'GIVEN-1', sequence: 1, state: 'reserved' })
    expect(first.secrets).toEqual(given.secrets)
    await bench.ledger.bind(first.unit.id, 'a1'.repeat(12))
    await bench.reopen()
    const again = await bench.ledger.adopt('order-1', given)
    expect(again.unit).toEqual({ ...first.unit, state: 'active', boardUid: 'a1'.repeat(12) })
    expect(await bench.ledger.undecided('order-1')).toEqual([again])
    expect(await bench.ledger.order('order-1')).toMatchObject({ unitsReserved: 1 })
    expect(await bench.auditTypes()).toEqual(['order.created', 'unit.adopted', 'unit.bound'])
  })

  it.each<[string, (secrets: UnitSecrets) => Partial<UnitSecrets>]>([
    ['passcode', () => ({ passcode: 34567890 })],
    ['discriminator', () => ({ discriminator: 1 })],
    ['iterations', () => ({ iterations: 2000 })],
    ['salt', () => ({ salt: new Uint8Array(32) })],
    ['verifier', () => ({ verifier: new Uint8Array(97) })],
  ])('is refused under the same serial number with another %s', async (_, change) => {
    const given = identity()
    await bench.ledger.adopt('order-1', given)
    const other = { ...given, secrets: { ...given.secrets, ...change(given.secrets) } }
    await expect(bench.ledger.adopt('order-1', other)).rejects.toMatchObject({
      code: 'LEDGER_UNIT_DIFFERS',
    })
  })

  it('goes on under another order with its board, and gives its place in the first one back', async () => {
    const given = identity()
    const board = bench.samples.boardUid()
    await bench.ledger.createOrder(sampleOrder({ id: 'order-2' }))
    const { unit } = await bench.ledger.adopt('order-1', given)
    await bench.ledger.bind(unit.id, board)
    await bench.ledger.decide(unit.id, verdict('QUARANTINE'))
    const moved = await bench.ledger.adopt('order-2', given)
    expect(moved.unit).toMatchObject({ id: unit.id, orderId: 'order-2', boardUid: board })
    const places = await Promise.all(['order-1', 'order-2'].map((id) => bench.ledger.order(id)))
    expect(places.map((order) => order?.unitsReserved)).toEqual([0, 1])
    await bench.ledger.decide(unit.id, verdict('PASS'))
    expect(await bench.ledger.undecided('order-2')).toEqual([])
  })

  it.each(['PASS', 'FAIL'] as const)('is not used again after %s', async (of) => {
    const given = identity()
    const { unit } = await bench.ledger.adopt('order-1', given)
    await bench.ledger.decide(unit.id, verdict(of))
    await expect(bench.ledger.adopt('order-1', given)).rejects.toMatchObject({
      code: 'LEDGER_UNIT_DECIDED',
    })
    expect((await bench.ledger.unit(unit.id))?.verdict).toEqual(verdict(of))
  })

  it('opens again after ERROR, for its own board alone', async () => {
    const given = identity()
    const board = bench.samples.boardUid()
    await bench.ledger.createOrder(sampleOrder({ id: 'order-2' }))
    const { unit } = await bench.ledger.adopt('order-1', given)
    await bench.ledger.bind(unit.id, board)
    await bench.ledger.decide(unit.id, verdict('ERROR'))
    const again = await bench.ledger.adopt('order-2', given)
    expect(again.unit).toMatchObject({ id: unit.id, orderId: 'order-2', state: 'active' })
    expect(again.unit.boardUid).toBe(board)
    await expect(bench.ledger.bind(unit.id, bench.samples.boardUid())).rejects.toMatchObject({
      code: 'LEDGER_UNIT_BOUND',
    })
    expect((await bench.ledger.unit(unit.id))?.verdict).toBeUndefined()
    await bench.ledger.decide(unit.id, verdict('PASS'))
    const places = await Promise.all(['order-1', 'order-2'].map((id) => bench.ledger.order(id)))
    expect(places.map((order) => order?.unitsReserved)).toEqual([0, 1])
    expect(await bench.auditTypes()).toEqual([
      'order.created',
      'order.created',
      'unit.adopted',
      'unit.bound',
      'unit.decided',
      'unit.reopened',
      'unit.decided',
    ])
  })

  it('takes another passcode when it opens again, but not while it is in work', async () => {
    const given = identity()
    const { unit } = await bench.ledger.adopt('order-1', given)
    const other = { ...given, secrets: { ...given.secrets, passcode: 34567890 } }
    await expect(bench.ledger.adopt('order-1', other)).rejects.toMatchObject({
      code: 'LEDGER_UNIT_DIFFERS',
    })
    await bench.ledger.decide(unit.id, verdict('ERROR'))
    await bench.ledger.adopt('order-1', other)
    expect(await bench.ledger.undecided('order-1')).toMatchObject([{ secrets: other.secrets }])
  })

  it('does not open again once its board has become another live unit', async () => {
    const given = identity()
    const board = bench.samples.boardUid()
    const { unit } = await bench.ledger.adopt('order-1', given)
    await bench.ledger.bind(unit.id, board)
    await bench.ledger.decide(unit.id, verdict('ERROR'))
    const { unit: other } = await bench.reserve()
    await bench.ledger.bind(other.id, board)
    await expect(bench.ledger.adopt('order-1', given)).rejects.toMatchObject({
      code: 'LEDGER_BOARD_TAKEN',
    })
    expect((await bench.ledger.unit(unit.id))?.verdict).toEqual(verdict('ERROR'))
  })

  it('needs a place of an open order', async () => {
    await bench.ledger.createOrder(sampleOrder({ id: 'one', quantity: 1 }))
    await bench.ledger.adopt('one', identity())
    await expect(bench.ledger.adopt('one', identity('GIVEN-2'))).rejects.toMatchObject({
      code: 'LEDGER_QUOTA',
    })
    await bench.ledger.closeOrder('order-1')
    await expect(bench.ledger.adopt('order-1', identity('GIVEN-3'))).rejects.toMatchObject({
      code: 'LEDGER_ORDER_CLOSED',
    })
    await expect(bench.ledger.adopt('nowhere', identity('GIVEN-4'))).rejects.toMatchObject({
      code: 'LEDGER_ORDER_UNKNOWN',
    })
  })

  it('is refused when the pool of another order has given its serial number', async () => {
    const { unit } = await bench.reserve()
    await expect(bench.ledger.adopt('order-1', identity(unit.serialNumber))).rejects.toMatchObject({
      code: 'LEDGER_UNIT_DIFFERS',
    })
  })

  it('is one unit for all who race for it, even for the last place', async () => {
    const given = identity()
    await bench.ledger.createOrder(sampleOrder({ id: 'last', quantity: 1 }))
    const race = (): Promise<string>[] =>
      Array.from({ length: 64 }, () =>
        bench.ledger.adopt('last', given).then(({ unit }) => unit.id),
      )
    const first = new Set(await Promise.all(race()))
    expect(first.size).toBe(1)
    const [id = ''] = first
    await bench.ledger.decide(id, verdict('ERROR'))
    expect(new Set(await Promise.all(race()))).toEqual(first)
    const types = await bench.auditTypes()
    expect(types.filter((type) => /adopted|reopened/.test(type))).toEqual([
      'unit.adopted',
      'unit.reopened',
    ])
    expect(await bench.ledger.order('last')).toMatchObject({ unitsReserved: 1 })
  })

  it('never becomes two units, in whatever order identities come, end and come again', async () => {
    let round = 0
    await assert(
      asyncProperty(
        array(
          constantFrom(...(['adopt', 'bind', 'PASS', 'ERROR', 'FAIL'] as const)).chain((act) =>
            integer({ min: 0, max: 2 }).map((who) => ({ act, who })),
          ),
          { maxLength: 12 },
        ),
        async (steps) => {
          const orderId = `round-${round++}`
          await bench.ledger.createOrder(sampleOrder({ id: orderId, quantity: 3 }))
          const all = [0, 1, 2].map((who) => identity(`${orderId}-${who}`))
          const ids = new Map<number, Set<string>>()
          const boards = new Map<number, Set<string>>()
          for (const { act, who } of steps) {
            const given = all[who] ?? identity()
            const [id] = ids.get(who) ?? []
            if (act === 'adopt') {
              const adopted = await bench.ledger.adopt(orderId, given).catch(() => undefined)
              if (adopted === undefined) continue
              ids.set(who, (ids.get(who) ?? new Set()).add(adopted.unit.id))
            } else if (id !== undefined && act === 'bind') {
              const board = bench.samples.boardUid()
              const isBound = await bench.ledger.bind(id, board).then(
                () => true,
                () => false,
              )
              if (isBound) boards.set(who, (boards.get(who) ?? new Set()).add(board))
            } else if (id !== undefined && act !== 'bind') {
              await bench.ledger.decide(id, verdict(act)).catch(() => undefined)
            }
          }
          const reports = await bench.ledger.unitsOf(orderId)
          const live = reports.filter(
            ({ verdict: of }) => of === undefined || of.verdict === 'PASS',
          )
          const status = await bench.ledger.order(orderId)
          for (const of of [...ids.values(), ...boards.values()]) expect(of.size).toBe(1)
          expect(reports).toHaveLength(ids.size)
          expect(status?.unitsReserved).toBe(live.length)
        },
      ),
      { numRuns: scaled(15, 500) },
    )
  })
})
