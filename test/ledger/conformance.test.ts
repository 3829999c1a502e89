import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { encodeUtf8, isBoardAtFault, Secret, VirtualClock } from '@keyline/bytes'
import { verifyAuditExport, type Ledger, type LedgerLocation } from '@keyline/ledger'
import { databaseKinds, openAt } from './support/databases.ts'
import { sampleOrder, Samples, storeKey, verdict } from './support/sample.ts'

/** What every ledger does, on whichever database it stands. */
describe.each(databaseKinds)('a ledger on $name', ({ create }) => {
  const databases = create()
  const samples = new Samples('conformance')
  let location: LedgerLocation
  let ledger: Ledger

  beforeAll(() => databases.start())
  afterAll(() => databases.stop())
  beforeEach(async () => {
    location = await databases.fresh()
    ledger = await openAt(location)
    await ledger.createOrder(sampleOrder())
  })
  afterEach(() => ledger.close())

  const reserve = async () => {
    const reserved = await ledger.reserve('order-1', samples.draw)
    if (reserved === undefined) throw new Error('the order has no unit left')
    return reserved
  }
  const auditTypes = async (): Promise<readonly string[]> => {
    const types: string[] = []
    await ledger.exportAudit((line) => {
      types.push(String(JSON.parse(line).type))
    })
    return types
  }

  describe('work orders', () => {
    it('records the same order once', async () => {
      expect(await ledger.createOrder(sampleOrder())).toBe(false)
      expect(await ledger.createOrder(sampleOrder({ id: 'order-2' }))).toBe(true)
      expect(await auditTypes()).toEqual(['order.created', 'order.created'])
    })

    it('refuses another order under the same id', async () => {
      await expect(ledger.createOrder(sampleOrder({ quantity: 11 }))).rejects.toMatchObject({
        code: 'LEDGER_ORDER_DIFFERS',
      })
      expect((await ledger.order('order-1'))?.quantity).toBe(10)
    })

    it('tells what is used of an order', async () => {
      const { unit } = await reserve()
      await ledger.record(samples.entry(unit.id))
      expect(await ledger.order('order-1')).toEqual({
        orderId: 'order-1',
        vendorId: 0xfff1,
        productId: 0x8004,
        policy: 'test',
        state: 'open',
        quantity: 10,
        unitsReserved: 1,
        certificateLimit: 10,
        certificatesUsed: 1,
      })
      expect(await ledger.order('other')).toBeUndefined()
    })

    it('gives neither unit nor certificate from a closed order', async () => {
      const { unit } = await reserve()
      await ledger.closeOrder('order-1')
      await ledger.closeOrder('order-1')
      const closed = { code: 'LEDGER_ORDER_CLOSED' }
      await expect(ledger.reserve('order-1', samples.draw)).rejects.toMatchObject(closed)
      await expect(ledger.record(samples.entry(unit.id))).rejects.toMatchObject(closed)
      await expect(ledger.closeOrder('other')).rejects.toMatchObject({
        code: 'LEDGER_ORDER_UNKNOWN',
      })
      expect(await auditTypes()).toEqual(['order.created', 'unit.reserved', 'order.closed'])
    })

    it('refuses a pattern that differs from its pool', async () => {
      const serialNumbers = { pool: 'main', pattern: 'XX-{######}' }
      await expect(
        ledger.createOrder(sampleOrder({ id: 'order-2', serialNumbers })),
      ).rejects.toMatchObject({ code: 'LEDGER_SERIAL_PATTERN' })
      expect(await ledger.order('order-2')).toBeUndefined()
    })
  })

  describe('units', () => {
    it('takes serial numbers in order and stops at the quantity', async () => {
      await ledger.createOrder(sampleOrder({ id: 'small', quantity: 2 }))
      const first = await ledger.reserve('small', samples.draw)
      await reserve()
      const second = await ledger.reserve('small', samples.draw)
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
        return samples.draw()
      }
      expect(await ledger.reserve('small', draw)).toBeUndefined()
      expect(drawn).toBe(0)
    })

    it('continues the pool after it was opened anew', async () => {
      await reserve()
      await ledger.close()
      ledger = await openAt(location)
      expect((await reserve()).unit.serialNumber).toBe('KL-000002')
    })

    it('takes nothing when the secrets cannot be drawn', async () => {
      const failure = new Error('no entropy')
      await expect(ledger.reserve('order-1', () => Promise.reject(failure))).rejects.toBe(failure)
      expect(await ledger.order('order-1')).toMatchObject({ unitsReserved: 0 })
      expect((await reserve()).unit.serialNumber).toBe('KL-000001')
    })

    it('stops when the pool has no number left', async () => {
      const serialNumbers = { pool: 'tiny', pattern: 'T{#}' }
      await ledger.createOrder(sampleOrder({ id: 'tiny', quantity: 20, serialNumbers }))
      for (let number = 1; number <= 9; number++) {
        expect((await ledger.reserve('tiny', samples.draw))?.unit.serialNumber).toBe(`T${number}`)
      }
      await expect(ledger.reserve('tiny', samples.draw)).rejects.toMatchObject({
        code: 'LEDGER_POOL_EXHAUSTED',
      })
      expect(await ledger.order('tiny')).toMatchObject({ unitsReserved: 9 })
    })

    it('refuses a serial number that another pool gave to the same product', async () => {
      await reserve()
      const serialNumbers = { pool: 'second', pattern: 'KL-{######}' }
      await ledger.createOrder(sampleOrder({ id: 'order-2', serialNumbers }))
      await expect(ledger.reserve('order-2', samples.draw)).rejects.toMatchObject({
        code: 'LEDGER_SERIAL_TAKEN',
        fault: 'operator',
      })
    })

    it('gives back the secrets of undecided units, by sequence', async () => {
      const first = await reserve()
      const second = await reserve()
      const third = await reserve()
      await ledger.decide(second.unit.id, verdict('PASS'))
      const open = await ledger.undecided('order-1')
      expect(open.map(({ unit }) => unit.sequence)).toEqual([1, 3])
      expect(open.map(({ secrets }) => secrets)).toEqual([first.secrets, third.secrets])
    })

    it('accounts for every number of a pool', async () => {
      const units = [await reserve(), await reserve(), await reserve(), await reserve()]
      for (const [index, of] of (['PASS', 'FAIL', 'ERROR', 'QUARANTINE'] as const).entries()) {
        await ledger.decide(units[index]?.unit.id ?? '', verdict(of))
      }
      expect(await ledger.serialPool('main')).toEqual({
        name: 'main',
        pattern: 'KL-{######}',
        next: 5,
        issued: 2,
        void: 2,
      })
      expect(await ledger.serialPool('other')).toBeUndefined()
    })

    it('binds a unit to one board, and a board to one live unit', async () => {
      const [a, b] = [await reserve(), await reserve()]
      const board = samples.boardUid()
      await ledger.bind(a.unit.id, board)
      await ledger.bind(a.unit.id, board)
      await expect(ledger.bind(a.unit.id, samples.boardUid())).rejects.toMatchObject({
        code: 'LEDGER_UNIT_BOUND',
      })
      const refusal: unknown = await ledger.bind(b.unit.id, board).catch((error: unknown) => error)
      expect(refusal).toMatchObject({
        code: 'LEDGER_BOARD_TAKEN',
        details: { unit: a.unit.id },
        message: expect.stringContaining(a.unit.serialNumber),
      })
      expect(isBoardAtFault(refusal)).toBe(false)
      expect((await ledger.unit(a.unit.id))?.unit).toMatchObject({
        state: 'active',
        boardUid: board,
      })
      expect((await ledger.unit(b.unit.id))?.unit).toMatchObject({ state: 'reserved' })
    })

    it.each([
      ['PASS', false],
      ['QUARANTINE', false],
      ['FAIL', true],
      ['ERROR', true],
    ] as const)('after %s the board is free: %s', async (of, free) => {
      const [a, b] = [await reserve(), await reserve()]
      const board = samples.boardUid()
      await ledger.bind(a.unit.id, board)
      await ledger.decide(a.unit.id, verdict(of))
      const bound = ledger.bind(b.unit.id, board)
      if (free) await expect(bound).resolves.toBeUndefined()
      else await expect(bound).rejects.toMatchObject({ code: 'LEDGER_BOARD_TAKEN' })
    })

    it('keeps the first verdict and its evidence', async () => {
      const { unit } = await reserve()
      await ledger.decide(unit.id, verdict('PASS'))
      await ledger.decide(unit.id, verdict('PASS', 'again'))
      await expect(ledger.decide(unit.id, verdict('FAIL'))).rejects.toMatchObject({
        code: 'LEDGER_VERDICT_DIFFERS',
      })
      expect((await ledger.unit(unit.id))?.verdict).toEqual(verdict('PASS'))
      expect((await auditTypes()).filter((type) => type === 'unit.decided')).toHaveLength(1)
    })

    it('keeps a unit in quarantine open until a later verdict replaces it', async () => {
      const { unit, secrets } = await reserve()
      const board = samples.boardUid()
      await ledger.bind(unit.id, board)
      await ledger.decide(unit.id, verdict('QUARANTINE'))
      expect(await ledger.undecided('order-1')).toMatchObject([{ unit: { id: unit.id }, secrets }])
      await ledger.bind(unit.id, board)
      await ledger.decide(unit.id, verdict('PASS'))
      expect((await ledger.unit(unit.id))?.verdict).toEqual(verdict('PASS'))
      expect(await ledger.undecided('order-1')).toEqual([])
      expect((await auditTypes()).filter((type) => type === 'unit.decided')).toHaveLength(2)
    })

    it('gives the place of a failed unit back, but never its sequence or serial number', async () => {
      const before = await ledger.remaining('order-1')
      const bad = await reserve()
      expect(await ledger.remaining('order-1')).toBe(before - 1)
      await ledger.decide(bad.unit.id, verdict('FAIL'))
      expect(await ledger.remaining('order-1')).toBe(before)
      const next = await reserve()
      expect(next.unit.sequence).toBe(bad.unit.sequence + 1)
      expect(next.unit.serialNumber).not.toBe(bad.unit.serialNumber)
      expect((await ledger.unitsOf('order-1')).map((report) => report.unit.id)).toEqual([
        bad.unit.id,
        next.unit.id,
      ])
    })

    it('does nothing in the name of a decided or an unknown unit', async () => {
      const { unit } = await reserve()
      await ledger.decide(unit.id, verdict('ERROR'))
      const decided = { code: 'LEDGER_UNIT_DECIDED' }
      await expect(ledger.bind(unit.id, samples.boardUid())).rejects.toMatchObject(decided)
      await expect(ledger.record(samples.entry(unit.id))).rejects.toMatchObject(decided)
      const unknown = { code: 'LEDGER_UNIT_UNKNOWN' }
      await expect(ledger.bind('none', samples.boardUid())).rejects.toMatchObject(unknown)
      await expect(ledger.record(samples.entry('none'))).rejects.toMatchObject(unknown)
      await expect(ledger.decide('none', verdict('PASS'))).rejects.toMatchObject(unknown)
      await expect(ledger.reveal('none')).rejects.toMatchObject(unknown)
      expect(await ledger.order('order-1')).toMatchObject({ certificatesUsed: 0 })
    })

    it('shows a unit by id and by serial number, without secrets', async () => {
      const { unit } = await reserve()
      const entry = samples.entry(unit.id)
      await ledger.record(entry)
      const report = await ledger.unit(unit.serialNumber)
      expect(report).toEqual(await ledger.unit(unit.id))
      expect(report).toMatchObject({ unit, vendorId: 0xfff1, productId: 0x8004 })
      expect(report?.certificates).toHaveLength(1)
      expect(JSON.stringify(report)).not.toMatch(/passcode|verifier|salt/)
      expect(await ledger.unit('KL-999999')).toBeUndefined()
      expect(await ledger.unitSerialNumber(unit.id)).toBe(unit.serialNumber)
      expect(await ledger.unitSerialNumber('none')).toBeUndefined()
    })

    it('asks for the id where a serial number names two products', async () => {
      const { unit } = await reserve()
      const order = sampleOrder({
        id: 'order-2',
        serialNumbers: { pool: 'second', pattern: 'KL-{######}' },
        product: { ...sampleOrder().product, productId: 0x8005 },
      })
      await ledger.createOrder(order)
      await ledger.reserve('order-2', samples.draw)
      await expect(ledger.unit(unit.serialNumber)).rejects.toMatchObject({
        code: 'LEDGER_UNIT_AMBIGUOUS',
      })
      expect((await ledger.unit(unit.id))?.productId).toBe(0x8004)
    })

    it('records who looked at secrets before it hands them out', async () => {
      const { unit, secrets } = await reserve()
      expect(await ledger.reveal(unit.id)).toEqual(secrets)
      expect((await auditTypes()).at(-1)).toBe('secrets.revealed')
    })
  })

  describe('certificates', () => {
    it('answers the same request with the same certificate and uses one of the quota', async () => {
      const { unit } = await reserve()
      const entry = samples.entry(unit.id)
      expect(await ledger.record(entry)).toEqual({
        certificate: entry.certificate,
        replayed: false,
      })
      const again = { ...entry, certificate: samples.octets(500), serialNumber: samples.hex(8) }
      expect(await ledger.record(again)).toEqual({ certificate: entry.certificate, replayed: true })
      expect(await ledger.issued(entry.idempotencyKey)).toEqual({
        requestHash: entry.requestHash,
        certificate: entry.certificate,
      })
      expect(await ledger.issued('other')).toBeUndefined()
      expect(await ledger.order('order-1')).toMatchObject({ certificatesUsed: 1 })
    })

    it('refuses another request under a used idempotency key', async () => {
      const { unit } = await reserve()
      const entry = samples.entry(unit.id)
      await ledger.record(entry)
      await expect(
        ledger.record(samples.entry(unit.id, { idempotencyKey: entry.idempotencyKey })),
      ).rejects.toMatchObject({ code: 'LEDGER_IDEMPOTENCY' })
    })

    it('issues exactly to the limit', async () => {
      await ledger.createOrder(sampleOrder({ id: 'two', quantity: 5, certificateLimit: 2 }))
      const reserved = await ledger.reserve('two', samples.draw)
      const unitId = reserved?.unit.id ?? ''
      await ledger.record(samples.entry(unitId, { orderId: 'two' }))
      await ledger.record(samples.entry(unitId, { orderId: 'two' }))
      await expect(ledger.record(samples.entry(unitId, { orderId: 'two' }))).rejects.toMatchObject({
        code: 'LEDGER_QUOTA',
        fault: 'operator',
        message: expect.stringContaining('2'),
      })
      expect(await ledger.order('two')).toMatchObject({ certificatesUsed: 2 })
      await expect(ledger.record(samples.entry(unitId, { orderId: 'none' }))).rejects.toMatchObject(
        { code: 'LEDGER_ORDER_UNKNOWN' },
      )
    })

    it('refuses a public key a second time, even a void one, and writes both units down', async () => {
      const [a, b] = [await reserve(), await reserve()]
      const entry = samples.entry(a.unit.id)
      await ledger.record(entry)
      const sha256 = (await ledger.certificateRecords(a.unit.id))[0]?.sha256 ?? ''
      await ledger.voidCertificate(a.unit.id, sha256, 'board restarted')
      expect(await ledger.isKeyKnown(entry.spkiSha256)).toBe(true)
      expect(await ledger.isKeyKnown(samples.hex(32))).toBe(false)
      await expect(
        ledger.record(samples.entry(b.unit.id, { spkiSha256: entry.spkiSha256 })),
      ).rejects.toMatchObject({ code: 'LEDGER_KEY_TAKEN', fault: 'operator' })
      const lines: string[] = []
      await ledger.exportAudit((line) => void lines.push(line))
      expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({
        type: 'certificate.refused',
        data: { unit: b.unit.id, holder: a.unit.id },
      })
      expect(await ledger.order('order-1')).toMatchObject({ certificatesUsed: 1 })
    })

    it('refuses a certificate serial number that its issuer used', async () => {
      const { unit } = await reserve()
      const { serialNumber } = samples.entry(unit.id)
      await ledger.record(samples.entry(unit.id, { serialNumber }))
      await expect(ledger.record(samples.entry(unit.id, { serialNumber }))).rejects.toMatchObject({
        code: 'LEDGER_CERTIFICATE_SERIAL_TAKEN',
        retryable: true,
      })
      const issuerKeyId = 'b'.repeat(40)
      await ledger.record(samples.entry(unit.id, { serialNumber, issuerKeyId }))
    })

    it('refuses a unit of another order', async () => {
      await ledger.createOrder(sampleOrder({ id: 'order-2' }))
      const { unit } = await reserve()
      await expect(
        ledger.record(samples.entry(unit.id, { orderId: 'order-2' })),
      ).rejects.toMatchObject({ code: 'LEDGER_UNIT_UNKNOWN' })
    })

    it('gives the newest live certificate of a unit and keeps them all', async () => {
      const { unit } = await reserve()
      const [first, second] = [samples.entry(unit.id), samples.entry(unit.id)]
      await ledger.record(first)
      await ledger.record(second)
      expect(await ledger.certificateOf(unit.id)).toEqual(second.certificate)
      const [, newest] = await ledger.certificateRecords(unit.id)
      await ledger.voidCertificate(unit.id, newest?.sha256 ?? '', 'key lost')
      await ledger.voidCertificate(unit.id, newest?.sha256 ?? '', 'said twice')
      expect(await ledger.certificateOf(unit.id)).toEqual(first.certificate)
      expect(await ledger.certificateRecords(unit.id)).toMatchObject([
        { quotaNumber: 1, state: 'live', certificate: first.certificate },
        { quotaNumber: 2, state: 'void', voidReason: 'key lost', certificate: second.certificate },
      ])
      await expect(ledger.voidCertificate(unit.id, 'none', 'x')).rejects.toMatchObject({
        code: 'LEDGER_CERTIFICATE_UNKNOWN',
      })
    })
  })

  describe('time', () => {
    it('issues at most five minutes before the last certificate', async () => {
      const { unit } = await reserve()
      const last = Date.UTC(2030, 0, 1, 12)
      await using now = await openAtTime(location, last)
      await now.record(samples.entry(unit.id))
      await using close = await openAtTime(location, last - 5 * 60_000)
      await close.checkClock()
      await close.record(samples.entry(unit.id))
      await using early = await openAtTime(location, last - 5 * 60_000 - 1)
      await expect(early.checkClock()).rejects.toMatchObject({ code: 'LEDGER_CLOCK' })
      await expect(early.record(samples.entry(unit.id))).rejects.toMatchObject({
        code: 'LEDGER_CLOCK',
        fault: 'infrastructure',
      })
      expect(await ledger.order('order-1')).toMatchObject({ certificatesUsed: 2 })
    })

    it('refuses a clock from before this release', async () => {
      await using reset = await openAt(location, { clock: new VirtualClock(0) })
      await expect(reset.checkClock()).rejects.toMatchObject({ code: 'LEDGER_CLOCK' })
    })
  })

  describe('settings and store key', () => {
    it('keeps the newest value of a setting', async () => {
      expect(await ledger.setting('pai')).toBeUndefined()
      await ledger.setSetting('pai', new Secret(encodeUtf8('one')))
      await ledger.setSetting('pai', new Secret(encodeUtf8('two')))
      const value = await ledger.setting('pai')
      expect(value?.equals(new Secret(encodeUtf8('two')))).toBe(true)
    })

    it('refuses another store key at the door', async () => {
      await expect(openAt(location, { storeKey: storeKey(8) })).rejects.toMatchObject({
        code: 'LEDGER_STORE_KEY',
      })
      const short = new Secret(new Uint8Array(31))
      await expect(openAt(location, { storeKey: short })).rejects.toMatchObject({
        code: 'LEDGER_STORE_KEY',
        message: expect.stringContaining('31'),
      })
    })
  })

  describe('audit log', () => {
    it('has one record for each act, and none for what was refused', async () => {
      const { unit } = await reserve()
      await ledger.bind(unit.id, samples.boardUid())
      const entry = samples.entry(unit.id)
      await ledger.record(entry)
      await ledger.record(entry)
      await ledger.voidCertificate(
        unit.id,
        (await ledger.certificateRecords(unit.id))[0]?.sha256 ?? '',
        'x',
      )
      await ledger.decide(unit.id, verdict('FAIL'))
      await ledger.setSetting('name', new Secret(encodeUtf8('value')))
      await expect(ledger.decide('none', verdict('PASS'))).rejects.toThrow()
      expect(await auditTypes()).toEqual([
        'order.created',
        'unit.reserved',
        'unit.bound',
        'certificate.issued',
        'certificate.voided',
        'unit.decided',
        'setting.changed',
      ])
    })

    it('exports a chain that verifies to its head', async () => {
      for (let round = 0; round < 5; round++) await reserve()
      const lines: string[] = []
      const head = await ledger.exportAudit((line) => void lines.push(line))
      expect(head).toEqual(await ledger.head())
      expect(await verifyAuditExport(lines, [head])).toEqual({
        lines: 6,
        consistentTo: head,
        findings: [],
        anchoredTo: 6,
      })
      expect(JSON.parse(lines[0] ?? '')).toMatchObject({ seq: 1, actor: 'test' })
    })

    it('refuses to be older than what a manifest has seen', async () => {
      const before = await ledger.head()
      await ledger.checkHead({ seq: 0, hash: '0'.repeat(64) })
      await ledger.checkHead(before)
      await expect(ledger.checkHead({ ...before, seq: before.seq + 1 })).rejects.toMatchObject({
        code: 'LEDGER_RESTORED',
      })
      await expect(ledger.checkHead({ ...before, hash: 'f'.repeat(64) })).rejects.toMatchObject({
        code: 'LEDGER_RESTORED',
      })
    })
  })

  it('says so when it is used after its end', async () => {
    await ledger.close()
    await ledger.close()
    await expect(ledger.head()).rejects.toMatchObject({ code: 'LEDGER_CLOSED' })
    await expect(ledger.decide('none', verdict('PASS'))).rejects.toMatchObject({
      code: 'LEDGER_CLOSED',
    })
  })
})

function openAtTime(location: LedgerLocation, ms: number): Promise<Ledger> {
  return openAt(location, { clock: new VirtualClock(ms) })
}
