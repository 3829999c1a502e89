import { describe, expect, it } from 'vitest'
import { VirtualClock } from '@keyline/bytes'
import { verifyAuditExport } from '@keyline/ledger'
import type { WorkOrderInput } from '@keyline/ledger/records'
import { LedgerBench } from './support/bench.ts'
import { databaseKinds, openAt } from './support/databases.ts'
import { sampleOrder } from './support/sample.ts'

/** What a ledger does for stations that ask from elsewhere, on whichever database it stands. */
describe.each(databaseKinds)('issuing for others on $name', ({ name, create }) => {
  const bench = new LedgerBench(create(), `issuing on ${name}`)
  bench.register()

  const asked = (unitId: string, serialNumber: string, boardUid?: string) =>
    bench.samples.entry(unitId, {
      stationId: 'line-1',
      identity: { serialNumber, boardUid },
    })

  const open = (change: Partial<WorkOrderInput>) => bench.ledger.createOrder(sampleOrder(change))

  describe('a unit of another ledger', () => {
    it('is made with its first certificate, without secrets and without a place in the order', async () => {
      const board = bench.samples.boardUid()
      const entry = asked('far-1', 'FAR-1', board)
      await bench.ledger.record(entry)
      await bench.ledger.record(asked('far-2', 'FAR-2'))
      expect((await bench.ledger.unit('FAR-1'))?.unit).toMatchObject({
        id: 'far-1',
        orderId: 'order-1',
        sequence: 1,
        state: 'active',
        boardUid: board,
      })
      expect((await bench.ledger.unit('FAR-2'))?.unit.sequence).toBe(2)
      expect(await bench.ledger.order('order-1')).toMatchObject({
        certificatesUsed: 2,
        unitsReserved: 0,
      })
      await expect(bench.ledger.reveal('far-1')).rejects.toMatchObject({
        code: 'LEDGER_UNIT_REMOTE',
      })
      expect(await bench.ledger.undecided('order-1')).toEqual([])
      expect((await bench.reserve()).unit.sequence).toBe(3)
      const lines: string[] = []
      await bench.ledger.exportAudit((line) => void lines.push(line))
      expect(JSON.parse(lines[1] ?? '')).toMatchObject({
        type: 'certificate.issued',
        data: { station: 'line-1', unit: 'far-1', deviceSerialNumber: 'FAR-1', board },
      })
    })

    it('stays the same unit for its further certificates', async () => {
      const board = bench.samples.boardUid()
      await bench.ledger.record(asked('far-1', 'FAR-1'))
      await bench.ledger.record(asked('far-1', 'FAR-1', board))
      expect((await bench.ledger.unit('far-1'))?.unit.boardUid).toBe(board)
      await bench.ledger.record(bench.samples.entry('far-1'))
      expect(await bench.ledger.certificateRecords('far-1')).toHaveLength(3)
      await expect(bench.ledger.record(asked('far-1', 'FAR-9'))).rejects.toMatchObject({
        code: 'LEDGER_UNIT_DIFFERS',
      })
      const other = bench.samples.boardUid()
      await expect(bench.ledger.record(asked('far-1', 'FAR-1', other))).rejects.toMatchObject({
        code: 'LEDGER_UNIT_BOUND',
      })
    })

    it('is refused a serial number or a board that another live unit has', async () => {
      const board = bench.samples.boardUid()
      const { unit } = await bench.reserve()
      await bench.ledger.bind(unit.id, board)
      await bench.ledger.record(asked('far-1', 'FAR-1', bench.samples.boardUid()))
      for (const [entry, code] of [
        [asked('far-2', 'FAR-1'), 'LEDGER_SERIAL_TAKEN'],
        [asked('far-2', unit.serialNumber), 'LEDGER_SERIAL_TAKEN'],
        [asked('far-2', 'FAR-2', board), 'LEDGER_BOARD_TAKEN'],
      ] as const) {
        await expect(bench.ledger.record(entry)).rejects.toMatchObject({ code, fault: 'operator' })
      }
      expect(await bench.ledger.unit('far-2')).toBeUndefined()
      expect(await bench.ledger.order('order-1')).toMatchObject({ certificatesUsed: 1 })
    })

    it('leaves its board to the next unit once its certificates are void', async () => {
      const board = bench.samples.boardUid()
      await bench.ledger.record(asked('far-1', 'FAR-1', board))
      const next = asked('far-2', 'FAR-2', board)
      await expect(bench.ledger.record(next)).rejects.toMatchObject({
        code: 'LEDGER_BOARD_TAKEN',
        message: expect.stringContaining('unit far-1 (FAR-1'),
      })
      const [record] = await bench.ledger.certificateRecords('far-1')
      await bench.ledger.voidCertificate('far-1', record?.sha256 ?? '', 'the board began anew')
      expect(await bench.ledger.as('line-1').record(next)).toMatchObject({ replayed: false })
      await expect(bench.ledger.record(asked('far-1', 'FAR-1', board))).rejects.toMatchObject({
        code: 'LEDGER_UNIT_DECIDED',
      })
      expect((await bench.auditTypes()).slice(-2)).toEqual(['unit.ended', 'certificate.issued'])
    })

    it('is bound to the board that any of those who ask together names', async () => {
      const boardUid = bench.samples.boardUid()
      const entries = [asked('far-1', 'FAR-1', boardUid), asked('far-1', 'FAR-1')]
      await Promise.all(entries.map((entry) => bench.ledger.record(entry)))
      expect((await bench.ledger.unit('FAR-1'))?.unit.boardUid).toBe(boardUid)
    })

    it('is made once by many who ask for it at the same time', async () => {
      const entries = Array.from({ length: 8 }, () => asked('far-1', 'FAR-1'))
      await Promise.all(entries.map((entry) => bench.ledger.record(entry)))
      expect(await bench.ledger.certificateRecords('far-1')).toHaveLength(8)
      expect((await bench.ledger.unit('FAR-1'))?.unit.sequence).toBe(1)
    })
  })

  describe('an order', () => {
    it('stands still while it is paused, and goes on when it is resumed', async () => {
      const { unit } = await bench.reserve()
      const known = bench.samples.entry(unit.id)
      await bench.ledger.record(known)
      await bench.ledger.pauseOrder('order-1')
      await bench.ledger.pauseOrder('order-1')
      const paused = { code: 'LEDGER_ORDER_PAUSED', fault: 'operator' }
      await expect(bench.ledger.record(bench.samples.entry(unit.id))).rejects.toMatchObject(paused)
      await expect(bench.ledger.reserve('order-1', bench.samples.draw)).rejects.toMatchObject(
        paused,
      )
      expect(await bench.ledger.order('order-1')).toMatchObject({ state: 'paused' })
      expect(await bench.ledger.record(known)).toMatchObject({ replayed: true })
      await bench.ledger.resumeOrder('order-1')
      await bench.ledger.record(bench.samples.entry(unit.id))
      await bench.ledger.pauseOrder('order-1')
      await bench.ledger.closeOrder('order-1')
      expect(await bench.ledger.order('order-1')).toMatchObject({ state: 'closed' })
      await expect(bench.ledger.resumeOrder('order-1')).rejects.toMatchObject({
        code: 'LEDGER_ORDER_CLOSED',
      })
      await expect(bench.ledger.pauseOrder('none')).rejects.toMatchObject({
        code: 'LEDGER_ORDER_UNKNOWN',
      })
      expect(await bench.auditTypes()).toEqual([
        'order.created',
        'unit.reserved',
        'certificate.issued',
        'order.paused',
        'order.resumed',
        'certificate.issued',
        'order.paused',
        'order.closed',
      ])
    })

    it('that names its stations gives nothing to another one, nor to one without a name', async () => {
      await open({ id: 'named', stations: ['line-1', 'line-2'] })
      for (const stationId of ['line-3', undefined]) {
        const entry = { ...asked('far-1', 'FAR-1'), orderId: 'named', stationId }
        await expect(bench.ledger.record(entry)).rejects.toMatchObject({
          code: 'LEDGER_STATION_REFUSED',
          message: expect.stringContaining('line-1, line-2'),
        })
      }
      await bench.ledger.record({ ...asked('far-1', 'FAR-1'), orderId: 'named' })
      expect(await bench.ledger.order('named')).toMatchObject({
        stations: ['line-1', 'line-2'],
        certificatesUsed: 1,
      })
    })

    it('issues from the first moment of its time to the last before its end', async () => {
      const opens = Date.UTC(2030, 0, 1, 6)
      const closes = Date.UTC(2030, 0, 1, 14)
      await open({
        id: 'shift',
        opens: '2030-01-01T07:00:00+01:00',
        closes: '2030-01-01T14:00:00Z',
      })
      expect(await bench.ledger.order('shift')).toMatchObject({ opens, closes, state: 'open' })
      for (const [now, isOpen] of [
        [opens - 1, false],
        [opens, true],
        [closes - 1, true],
        [closes, false],
      ] as const) {
        await using ledger = await openAt(bench.location, { clock: new VirtualClock(now) })
        const entry = { ...asked(`unit-${now}`, `SN-${now}`), orderId: 'shift' }
        const code = await ledger.record(entry).then(
          () => 'recorded',
          (error: unknown) => Object(error).code,
        )
        expect({ now, code }).toEqual({ now, code: isOpen ? 'recorded' : 'LEDGER_ORDER_WINDOW' })
      }
    })

    it('keeps to the PAI of its first certificate', async () => {
      await bench.ledger.record(asked('far-1', 'FAR-1'))
      expect(await bench.ledger.order('order-1')).toMatchObject({ issuerKeyId: 'a'.repeat(40) })
      const next = { ...asked('far-2', 'FAR-2'), issuerKeyId: 'b'.repeat(40) }
      await expect(bench.ledger.record(next)).rejects.toMatchObject({ code: 'LEDGER_ORDER_PAI' })
      const settled = await Promise.allSettled([
        bench.ledger.record(next),
        bench.ledger.record(asked('far-3', 'FAR-3')),
      ])
      expect(settled.map(({ status }) => status)).toEqual(['rejected', 'fulfilled'])
    })

    it('is listed with all others, the oldest first', async () => {
      await open({ id: 'a-later' })
      const orders = await bench.ledger.orders()
      expect(orders.map(({ orderId }) => orderId).toSorted()).toEqual(['a-later', 'order-1'])
      expect(orders.map(({ createdAt }) => createdAt)).toEqual(
        orders.map(({ createdAt }) => createdAt).toSorted((a, b) => a - b),
      )
    })
  })

  describe('a question', () => {
    it('is answered with order, unit, earlier answer and holder of the key, all at once', async () => {
      const { unit } = await bench.reserve()
      const entry = bench.samples.entry(unit.id)
      await bench.ledger.record(entry)
      const { orderId, unitId, idempotencyKey, requestHash, certificate, spkiSha256 } = entry
      const question = { orderId, unitId, idempotencyKey, spkiSha256 }
      const unknown = { orderId: 'none', unitId: 'none', idempotencyKey: 'none' }
      const [known, none, keyAlone] = await Promise.all([
        bench.ledger.prospect(question),
        bench.ledger.prospect(unknown),
        bench.ledger.prospect({ ...unknown, spkiSha256 }),
      ])
      expect(known).toEqual({
        order: await bench.ledger.order('order-1'),
        issued: { requestHash, certificate },
        serialNumber: unit.serialNumber,
        isKeyKnown: true,
      })
      expect(none).toEqual({ isKeyKnown: false })
      expect(keyAlone).toEqual({ isKeyKnown: true })
    })
  })

  describe('certificates that arrive together', () => {
    it('are recorded alike, and the refused one falls out alone', async () => {
      const entries = Array.from({ length: 6 }, (_, at) => asked(`far-${at}`, `FAR-${at}`))
      const [first, , third] = entries
      if (first === undefined || third === undefined) throw new Error('no entries')
      const wrong = [
        [{ ...asked('far-10', 'FAR-10'), spkiSha256: first.spkiSha256 }, 'LEDGER_KEY_TAKEN'],
        [bench.samples.entry('nobody'), 'LEDGER_UNIT_UNKNOWN'],
        [{ ...asked('far-11', 'FAR-2') }, 'LEDGER_SERIAL_TAKEN'],
        [
          { ...asked('far-12', 'FAR-12'), idempotencyKey: third.idempotencyKey },
          'LEDGER_IDEMPOTENCY',
        ],
        [{ ...asked('far-13', 'FAR-13'), orderId: 'none' }, 'LEDGER_ORDER_UNKNOWN'],
      ] as const
      const all = [...entries, ...wrong.map(([entry]) => entry), third]
      const settled = await Promise.allSettled(all.map((entry) => bench.ledger.record(entry)))
      expect(
        settled.map((one) =>
          one.status === 'fulfilled' ? one.value.replayed : Object(one.reason).code,
        ),
      ).toEqual([...entries.map(() => false), ...wrong.map(([, code]) => code), true])
      expect(await bench.ledger.order('order-1')).toMatchObject({ certificatesUsed: 6 })
      const numbers = await Promise.all(
        entries.map(async ({ unitId }) =>
          (await bench.ledger.certificateRecords(unitId)).map(({ quotaNumber }) => quotaNumber),
        ),
      )
      expect(numbers.flat().toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6])
      const lines: string[] = []
      const head = await bench.ledger.exportAudit((line) => void lines.push(line))
      expect((await verifyAuditExport(lines, [head])).findings).toEqual([])
      const types = lines.map((line): unknown => Object(JSON.parse(line)).type)
      expect(types.filter((type) => type === 'certificate.issued')).toHaveLength(6)
      expect(types.filter((type) => type === 'certificate.refused')).toHaveLength(1)
    })

    it('by several actors carry each its own name', async () => {
      const actors = ['ann', 'bob', 'test']
      const ledgers = [bench.ledger.as('ann'), bench.ledger.as('bob'), bench.ledger]
      await Promise.all(ledgers.map((ledger, at) => ledger.record(asked(`far-${at}`, `FAR-${at}`))))
      await ledgers[0]?.close()
      await bench.ledger.as('cat').pauseOrder('order-1')
      const lines: string[] = []
      await bench.ledger.exportAudit((line) => void lines.push(line))
      const said = lines.slice(1).map((line): unknown => Object(JSON.parse(line)).actor)
      expect(said).toEqual([...actors, 'cat'])
    })
  })

  it('finds a certificate by its hash, and by its serial number within its PAI', async () => {
    const entry = asked('far-1', 'FAR-1')
    await bench.ledger.record(entry)
    const { issuerKeyId, serialNumber, certificate } = entry
    const found = await bench.ledger.certificateBySerial(issuerKeyId, serialNumber)
    expect(found).toMatchObject({ certificate, unitId: 'far-1', stationId: 'line-1' })
    expect(await bench.ledger.certificate(found?.sha256 ?? '')).toEqual(found)
    expect(await bench.ledger.certificate('none')).toBeUndefined()
    expect(await bench.ledger.certificateBySerial('b'.repeat(40), serialNumber)).toBeUndefined()
  })

  it('answers a ping while it is open', async () => {
    await bench.ledger.ping()
    const view = bench.ledger.as('other')
    await bench.ledger.close()
    for (const closed of [bench.ledger, view]) {
      await expect(closed.ping()).rejects.toMatchObject({ code: 'LEDGER_CLOSED' })
      await expect(closed.prospect(asked('x', 'y'))).rejects.toMatchObject({
        code: 'LEDGER_CLOSED',
      })
    }
  })
})
