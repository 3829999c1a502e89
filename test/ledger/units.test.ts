import { describe, expect, it } from 'vitest'
import { isBoardAtFault } from '@keyline/bytes'
import { LedgerBench } from './support/bench.ts'
import { databaseKinds } from './support/databases.ts'
import { sampleOrder, verdict } from './support/sample.ts'

/** What a ledger does with work orders and units, on whichever database it stands. */
describe.each(databaseKinds)('work orders and units on $name', ({ name, create }) => {
  const bench = new LedgerBench(create(), `units on ${name}`)
  bench.register()

  describe('work orders', () => {
    it('records the same order once', async () => {
      expect(await bench.ledger.createOrder(sampleOrder())).toBe(false)
      expect(await bench.ledger.createOrder(sampleOrder({ id: 'order-2' }))).toBe(true)
      expect(await bench.auditTypes()).toEqual(['order.created', 'order.created'])
    })

    it('refuses another order under the same id', async () => {
      await expect(bench.ledger.createOrder(sampleOrder({ quantity: 11 }))).rejects.toMatchObject({
        code: 'LEDGER_ORDER_DIFFERS',
      })
      expect((await bench.ledger.order('order-1'))?.quantity).toBe(10)
    })

    it('tells what is used of an order', async () => {
      const { unit } = await bench.reserve()
      await bench.ledger.record(bench.samples.entry(unit.id))
      expect(await bench.ledger.order('order-1')).toEqual({
        orderId: 'order-1',
        vendorId: 0xfff1,
        productId: 0x8004,
        policy: 'test',
        state: 'open',
        quantity: 10,
        unitsReserved: 1,
        certificateLimit: 10,
        certificatesUsed: 1,
        issuerKeyId: 'a'.repeat(40),
        createdAt: expect.any(Number),
      })
      expect(await bench.ledger.order('other')).toBeUndefined()
    })

    it('gives neither unit nor certificate from a closed order', async () => {
      const { unit } = await bench.reserve()
      await bench.ledger.closeOrder('order-1')
      await bench.ledger.closeOrder('order-1')
      const closed = { code: 'LEDGER_ORDER_CLOSED' }
      await expect(bench.ledger.reserve('order-1', bench.samples.draw)).rejects.toMatchObject(
        closed,
      )
      await expect(bench.ledger.record(bench.samples.entry(unit.id))).rejects.toMatchObject(closed)
      await expect(bench.ledger.closeOrder('other')).rejects.toMatchObject({
        code: 'LEDGER_ORDER_UNKNOWN',
      })
      expect(await bench.auditTypes()).toEqual(['order.created', 'unit.reserved', 'order.closed'])
    })

    it('refuses a pattern that differs from its pool', async () => {
      const serialNumbers = { pool: 'main', pattern: 'XX-{######}' }
      await expect(
        bench.ledger.createOrder(sampleOrder({ id: 'order-2', serialNumbers })),
      ).rejects.toMatchObject({ code: 'LEDGER_SERIAL_PATTERN' })
      expect(await bench.ledger.order('order-2')).toBeUndefined()
    })
  })

  describe('units', () => {
    it('takes serial numbers in order and stops at the quantity', async () => {
      await bench.ledger.createOrder(sampleOrder({ id: 'small', quantity: 2 }))
      const first = await bench.ledger.reserve('small', bench.samples.draw)
      await bench.reserve()
      const second = await bench.ledger.reserve('small', bench.samples.draw)
      expect(first?.unit).toMatchObject({
        orderId: 'small',
        sequence: 1,
        serialNumber: 'KL-000001',
        state: 'reserved',
      })
      expect(second?.unit).toMatchObject({ sequence: 2, serialNumber: 'KL-000003' })
      let drawn = 0
      const draw = () => {
        drawn++
        return bench.samples.draw()
      }
      expect(await bench.ledger.reserve('small', draw)).toBeUndefined()
      expect(drawn).toBe(0)
    })

    it('continues the pool after it was opened anew', async () => {
      await bench.reserve()
      await bench.reopen()
      expect((await bench.reserve()).unit.serialNumber).toBe('KL-000002')
    })

    it('takes nothing when the secrets cannot be drawn', async () => {
      const failure = new Error('no entropy')
      await expect(bench.ledger.reserve('order-1', () => Promise.reject(failure))).rejects.toBe(
        failure,
      )
      expect(await bench.ledger.order('order-1')).toMatchObject({ unitsReserved: 0 })
      expect((await bench.reserve()).unit.serialNumber).toBe('KL-000001')
    })

    it('stops when the pool has no number left', async () => {
      const serialNumbers = { pool: 'tiny', pattern: 'T{#}' }
      await bench.ledger.createOrder(sampleOrder({ id: 'tiny', quantity: 20, serialNumbers }))
      for (let number = 1; number <= 9; number++) {
        expect((await bench.ledger.reserve('tiny', bench.samples.draw))?.unit.serialNumber).toBe(
          `T${number}`,
        )
      }
      await expect(bench.ledger.reserve('tiny', bench.samples.draw)).rejects.toMatchObject({
        code: 'LEDGER_POOL_EXHAUSTED',
      })
      expect(await bench.ledger.order('tiny')).toMatchObject({ unitsReserved: 9 })
    })

    it('refuses a serial number that another pool gave to the same product', async () => {
      await bench.reserve()
      const serialNumbers = { pool: 'second', pattern: 'KL-{######}' }
      await bench.ledger.createOrder(sampleOrder({ id: 'order-2', serialNumbers }))
      await expect(bench.ledger.reserve('order-2', bench.samples.draw)).rejects.toMatchObject({
        code: 'LEDGER_SERIAL_TAKEN',
        fault: 'operator',
      })
    })

    it('gives back the secrets of undecided units, by sequence', async () => {
      const first = await bench.reserve()
      const second = await bench.reserve()
      const third = await bench.reserve()
      await bench.ledger.decide(second.unit.id, verdict('PASS'))
      const open = await bench.ledger.undecided('order-1')
      expect(open.map(({ unit }) => unit.sequence)).toEqual([1, 3])
      expect(open.map(({ secrets }) => secrets)).toEqual([first.secrets, third.secrets])
    })

    it('accounts for every number of a pool', async () => {
      const units = [
        await bench.reserve(),
        await bench.reserve(),
        await bench.reserve(),
        await bench.reserve(),
      ]
      for (const [index, of] of (['PASS', 'FAIL', 'ERROR', 'QUARANTINE'] as const).entries()) {
        await bench.ledger.decide(units[index]?.unit.id ?? '', verdict(of))
      }
      expect(await bench.ledger.serialPool('main')).toEqual({
        name: 'main',
        pattern: 'KL-{######}',
        next: 5,
        issued: 2,
        void: 2,
        held: 0,
      })
      expect(await bench.ledger.serialPool('other')).toBeUndefined()
    })

    it('binds a unit to one board, and a board to one live unit', async () => {
      const [a, b] = [await bench.reserve(), await bench.reserve()]
      const board = bench.samples.boardUid()
      await bench.ledger.bind(a.unit.id, board)
      await bench.ledger.bind(a.unit.id, board)
      await expect(bench.ledger.bind(a.unit.id, bench.samples.boardUid())).rejects.toMatchObject({
        code: 'LEDGER_UNIT_BOUND',
      })
      const refusal: unknown = await bench.ledger
        .bind(b.unit.id, board)
        .catch((error: unknown) => error)
      expect(refusal).toMatchObject({
        code: 'LEDGER_BOARD_TAKEN',
        details: { unit: a.unit.id },
        message: expect.stringContaining(a.unit.serialNumber),
      })
      expect(isBoardAtFault(refusal)).toBe(false)
      expect((await bench.ledger.unit(a.unit.id))?.unit).toMatchObject({
        state: 'active',
        boardUid: board,
      })
      expect((await bench.ledger.unit(b.unit.id))?.unit).toMatchObject({ state: 'reserved' })
    })

    it('lets only one station be the first to bind a unit, even with the same board', async () => {
      const { unit } = await bench.reserve()
      const board = bench.samples.boardUid()
      const tries = [1, 2].map(() => bench.ledger.bind(unit.id, board, { isFirst: true }))
      const outcomes = await Promise.allSettled(tries)
      expect(outcomes.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
      expect(outcomes.find(({ status }) => status === 'rejected')).toMatchObject({
        reason: { code: 'LEDGER_UNIT_BOUND' },
      })
      await bench.ledger.bind(unit.id, board)
    })

    it.each([
      ['PASS', false],
      ['QUARANTINE', false],
      ['FAIL', true],
      ['ERROR', true],
    ] as const)('after %s the board is free: %s', async (of, free) => {
      const [a, b] = [await bench.reserve(), await bench.reserve()]
      const board = bench.samples.boardUid()
      await bench.ledger.bind(a.unit.id, board)
      await bench.ledger.decide(a.unit.id, verdict(of))
      const bound = bench.ledger.bind(b.unit.id, board)
      if (free) await expect(bound).resolves.toBeUndefined()
      else await expect(bound).rejects.toMatchObject({ code: 'LEDGER_BOARD_TAKEN' })
    })

    it('keeps the first verdict and its evidence', async () => {
      const { unit } = await bench.reserve()
      await bench.ledger.decide(unit.id, verdict('PASS'))
      await bench.ledger.decide(unit.id, verdict('PASS', 'again'))
      await expect(bench.ledger.decide(unit.id, verdict('FAIL'))).rejects.toMatchObject({
        code: 'LEDGER_VERDICT_DIFFERS',
      })
      expect((await bench.ledger.unit(unit.id))?.verdict).toEqual(verdict('PASS'))
      expect((await bench.auditTypes()).filter((type) => type === 'unit.decided')).toHaveLength(1)
    })

    it('keeps a unit in quarantine open until a later verdict replaces it', async () => {
      const { unit, secrets } = await bench.reserve()
      const board = bench.samples.boardUid()
      await bench.ledger.bind(unit.id, board)
      await bench.ledger.decide(unit.id, verdict('QUARANTINE'))
      expect(await bench.ledger.undecided('order-1')).toMatchObject([
        { unit: { id: unit.id }, secrets },
      ])
      await bench.ledger.bind(unit.id, board)
      await bench.ledger.decide(unit.id, verdict('PASS'))
      expect((await bench.ledger.unit(unit.id))?.verdict).toEqual(verdict('PASS'))
      expect(await bench.ledger.undecided('order-1')).toEqual([])
      expect((await bench.auditTypes()).filter((type) => type === 'unit.decided')).toHaveLength(2)
    })

    it('gives the place of a failed unit back, but never its sequence or serial number', async () => {
      const before = await bench.ledger.remaining('order-1')
      const bad = await bench.reserve()
      expect(await bench.ledger.remaining('order-1')).toBe(before - 1)
      await bench.ledger.decide(bad.unit.id, verdict('FAIL'))
      expect(await bench.ledger.remaining('order-1')).toBe(before)
      const next = await bench.reserve()
      expect(next.unit.sequence).toBe(bad.unit.sequence + 1)
      expect(next.unit.serialNumber).not.toBe(bad.unit.serialNumber)
      expect((await bench.ledger.unitsOf('order-1')).map((report) => report.unit.id)).toEqual([
        bad.unit.id,
        next.unit.id,
      ])
    })

    it('does nothing in the name of a decided or an unknown unit', async () => {
      const { unit } = await bench.reserve()
      await bench.ledger.decide(unit.id, verdict('ERROR'))
      const decided = { code: 'LEDGER_UNIT_DECIDED' }
      await expect(bench.ledger.bind(unit.id, bench.samples.boardUid())).rejects.toMatchObject(
        decided,
      )
      await expect(bench.ledger.record(bench.samples.entry(unit.id))).rejects.toMatchObject(decided)
      const unknown = { code: 'LEDGER_UNIT_UNKNOWN' }
      await expect(bench.ledger.bind('none', bench.samples.boardUid())).rejects.toMatchObject(
        unknown,
      )
      await expect(bench.ledger.record(bench.samples.entry('none'))).rejects.toMatchObject(unknown)
      await expect(bench.ledger.decide('none', verdict('PASS'))).rejects.toMatchObject(unknown)
      await expect(bench.ledger.reveal('none')).rejects.toMatchObject(unknown)
      expect(await bench.ledger.order('order-1')).toMatchObject({ certificatesUsed: 0 })
    })

    it('shows a unit by id and by serial number, without secrets', async () => {
      const { unit } = await bench.reserve()
      const entry = bench.samples.entry(unit.id)
      await bench.ledger.record(entry)
      const report = await bench.ledger.unit(unit.serialNumber)
      expect(report).toEqual(await bench.ledger.unit(unit.id))
      expect(report).toMatchObject({ unit, vendorId: 0xfff1, productId: 0x8004 })
      expect(report?.certificates).toHaveLength(1)
      expect(JSON.stringify(report)).not.toMatch(/passcode|verifier|salt/)
      expect(await bench.ledger.unit('KL-999999')).toBeUndefined()
    })

    it('asks for the id where a serial number names two products', async () => {
      const { unit } = await bench.reserve()
      const order = sampleOrder({
        id: 'order-2',
        serialNumbers: { pool: 'second', pattern: 'KL-{######}' },
        product: { ...sampleOrder().product, productId: 0x8005 },
      })
      await bench.ledger.createOrder(order)
      await bench.ledger.reserve('order-2', bench.samples.draw)
      await expect(bench.ledger.unit(unit.serialNumber)).rejects.toMatchObject({
        code: 'LEDGER_UNIT_AMBIGUOUS',
      })
      expect((await bench.ledger.unit(unit.id))?.productId).toBe(0x8004)
    })

    it('records who looked at secrets before it hands them out', async () => {
      const { unit, secrets } = await bench.reserve()
      expect(await bench.ledger.reveal(unit.id)).toEqual(secrets)
      expect((await bench.auditTypes()).at(-1)).toBe('secrets.revealed')
    })
  })
})
