import { describe, expect, it } from 'vitest'
import { LedgerError, verifyAuditExport, type Ledger, type NewRework } from '@keyline/ledger'
import type { ScrapReason, Verdict } from '@keyline/ledger/records'
import { LedgerBench } from './support/bench.ts'
import { databaseKinds, openAt } from './support/databases.ts'
import { sampleOrder, verdict } from './support/sample.ts'

const codeOf = (error: unknown): string => (error instanceof LedgerError ? error.code : 'other')

describe.each(databaseKinds)('life after the verdict on $name', ({ name: database, create }) => {
  const bench = new LedgerBench(create(), `aftercare ${database}`)
  bench.register()

  /** A unit on a board with a certificate and, unless it is to stay open, a verdict. */
  const make = async (as?: Verdict, ledger: Ledger = bench.ledger) => {
    const { unit } = await bench.reserve()
    const board = bench.samples.boardUid()
    await ledger.bind(unit.id, board, { isFirst: true })
    await ledger.record(bench.samples.entry(unit.id))
    if (as !== undefined) await ledger.decide(unit.id, verdict(as))
    const [certificate] = await ledger.certificateRecords(unit.id)
    return { ...unit, board, certificate: certificate?.sha256 ?? '' }
  }
  const rework = (unitId: string, change: Partial<NewRework> = {}, ledger = bench.ledger) =>
    ledger.aftercare.rework({ unitId, reason: 'test-failed', onNewBoard: false, ...change })
  const scrap = (unitId: string, reason: ScrapReason = 'destroyed', returnApprovedBy?: string) =>
    bench.ledger.aftercare.scrap({ unitId, reason, returnApprovedBy })
  const report = async (unitId: string) => {
    const found = await bench.ledger.unit(unitId)
    if (found === undefined) throw new Error('there is no such unit')
    return found
  }
  const revocations = async () => {
    const all = []
    for await (const entry of bench.ledger.revocation.list('a'.repeat(40))) all.push(entry)
    return all
  }

  it.each(['PASS', 'FAIL', 'ERROR', 'QUARANTINE'] as const)(
    'opens a unit with %s again and keeps what it was',
    async (before) => {
      const unit = await make(before)
      const opened = await rework(unit.id, { note: 'loose shield' })
      expect(opened).toMatchObject({ state: 'reserved', boardUid: unit.board })
      const after = await report(unit.id)
      expect(after.verdict).toBeUndefined()
      expect(after.reworks).toMatchObject([
        {
          attempt: 2,
          reason: 'test-failed',
          note: 'loose shield',
          boardUid: unit.board,
          verdict: { verdict: before },
          hasNewSecrets: false,
        },
      ])
      expect(after.reworks[0]).not.toHaveProperty('closedAt')
      const open = await bench.ledger.undecided('order-1')
      expect(open.map((entry) => entry.unit)).toEqual([after.unit])
      expect(await bench.ledger.remaining('order-1')).toBe(9)
    },
  )

  it('takes the board of the unit alone, unless a new one is meant', async () => {
    const unit = await make('PASS')
    await rework(unit.id)
    const other = bench.samples.boardUid()
    await expect(bench.ledger.bind(unit.id, other, { isFirst: true })).rejects.toMatchObject({
      code: 'LEDGER_UNIT_BOUND',
    })
    await bench.ledger.bind(unit.id, unit.board, { isFirst: true })
    await bench.ledger.decide(unit.id, verdict('PASS'))
    const opened = await rework(unit.id, { onNewBoard: true })
    expect(opened).not.toHaveProperty('boardUid')
    await bench.ledger.bind(unit.id, other, { isFirst: true })
    const { reworks, unit: after } = await report(unit.id)
    expect(after.boardUid).toBe(other)
    expect(reworks.map(({ boardUid }) => boardUid)).toEqual([unit.board, unit.board])
  })

  it('lets one of two stations bind a unit in rework', async () => {
    const unit = await make('PASS')
    await rework(unit.id)
    const bind = () => bench.ledger.bind(unit.id, unit.board, { isFirst: true })
    await bind()
    await expect(bind()).rejects.toMatchObject({ code: 'LEDGER_UNIT_BOUND' })
  })

  it('keeps the certificate of a board that still has its key', async () => {
    const unit = await make('PASS')
    await rework(unit.id)
    await bench.ledger.bind(unit.id, unit.board, { isFirst: true })
    await bench.ledger.decide(unit.id, verdict('PASS'))
    expect(await revocations()).toEqual([])
    const { certificates, reworks } = await report(unit.id)
    expect(certificates.map(({ state }) => state)).toEqual(['live'])
    expect(reworks[0]?.closedAt).toBeGreaterThan(0)
  })

  it('revokes the old certificate as superseded once a new key has passed', async () => {
    const unit = await make('PASS')
    await rework(unit.id, { onNewBoard: true })
    await bench.ledger.bind(unit.id, bench.samples.boardUid(), { isFirst: true })
    await bench.ledger.record(bench.samples.entry(unit.id))
    expect(await revocations()).toEqual([])
    await bench.ledger.decide(unit.id, verdict('QUARANTINE'))
    expect(await revocations()).toEqual([])
    await bench.ledger.decide(unit.id, verdict('PASS'))
    expect(await revocations()).toMatchObject([
      { certificateSha256: unit.certificate, reason: 'superseded' },
    ])
    const { certificates } = await report(unit.id)
    expect(certificates.map(({ state }) => state)).toEqual(['void', 'live'])
    // The same verdict again changes nothing.
    await bench.ledger.decide(unit.id, verdict('PASS'))
    expect(await revocations()).toHaveLength(1)
  })

  it.each(['FAIL', 'ERROR'] as const)(
    'revokes the certificate that was in the field when the rework ends as %s',
    async (end) => {
      const unit = await make('PASS')
      await rework(unit.id)
      await bench.ledger.decide(unit.id, verdict(end, 'EVIDENCE_DATA'))
      expect(await revocations()).toMatchObject([
        { certificateSha256: unit.certificate, reason: 'cessationOfOperation' },
      ])
      expect(await bench.ledger.remaining('order-1')).toBe(10)
    },
  )

  it('seals new secrets, so that the old label is worth nothing', async () => {
    const unit = await make('PASS')
    const before = await bench.ledger.reveal(unit.id)
    await rework(unit.id, { draw: bench.samples.draw })
    const after = await bench.ledger.reveal(unit.id)
    expect(after.salt).not.toEqual(before.salt)
    expect((await report(unit.id)).reworks[0]?.hasNewSecrets).toBe(true)
  })

  it('reworks a unit as often as it may, and no more', async () => {
    const unit = await make('FAIL')
    for (let attempt = 2; attempt <= 4; attempt++) {
      await rework(unit.id)
      await bench.ledger.decide(unit.id, verdict('FAIL', 'EVIDENCE_DATA'))
    }
    await expect(rework(unit.id)).rejects.toMatchObject({
      code: 'LEDGER_REWORK_LIMIT',
      message: expect.stringContaining('3 times, 3 are allowed'),
    })
    await rework(unit.id, { maxAttempts: 4 })
    expect((await report(unit.id)).reworks.map(({ attempt }) => attempt)).toEqual([2, 3, 4, 5])
  })

  it('refuses what is in work, in rework, or no unit', async () => {
    const open = await make()
    await expect(rework(open.id)).rejects.toMatchObject({ code: 'LEDGER_UNIT_OPEN' })
    await expect(scrap(open.id)).rejects.toMatchObject({ code: 'LEDGER_UNIT_OPEN' })
    const unit = await make('PASS')
    await rework(unit.id)
    await expect(rework(unit.id)).rejects.toMatchObject({ code: 'LEDGER_REWORK_OPEN' })
    await expect(rework('nobody')).rejects.toMatchObject({ code: 'LEDGER_UNIT_UNKNOWN' })
    await expect(scrap('nobody')).rejects.toMatchObject({ code: 'LEDGER_UNIT_UNKNOWN' })
  })

  it('gives a failed unit its place in the order back, while there is one', async () => {
    const failed = await make('FAIL')
    for (let made = 0; made < 10; made++) await bench.reserve()
    await expect(rework(failed.id)).rejects.toMatchObject({ code: 'LEDGER_QUOTA' })
    expect(await bench.ledger.remaining('order-1')).toBe(0)
    await bench.ledger.closeOrder('order-1')
    await expect(rework(failed.id)).rejects.toMatchObject({ code: 'LEDGER_ORDER_CLOSED' })
  })

  it('does not open a unit whose board carries another live one', async () => {
    const failed = await make('FAIL')
    const { unit } = await bench.reserve()
    await bench.ledger.bind(unit.id, failed.board, { isFirst: true })
    await expect(rework(failed.id)).rejects.toMatchObject({ code: 'LEDGER_BOARD_TAKEN' })
    expect((await report(failed.id)).verdict?.verdict).toBe('FAIL')
  })

  it('scraps a unit for ever: revoked, wiped, its board free, its number taken', async () => {
    const unit = await make('PASS')
    expect(await scrap(unit.id, 'lost')).toMatchObject({ reason: 'lost', returned: 0 })
    expect(await revocations()).toMatchObject([
      { certificateSha256: unit.certificate, reason: 'cessationOfOperation' },
    ])
    expect((await report(unit.id)).scrap).toMatchObject({ reason: 'lost' })
    const scrapped = { code: 'LEDGER_UNIT_SCRAPPED' }
    await expect(bench.ledger.reveal(unit.id)).rejects.toMatchObject(scrapped)
    await expect(rework(unit.id)).rejects.toMatchObject(scrapped)
    await expect(scrap(unit.id)).rejects.toMatchObject(scrapped)
    const { unit: next } = await bench.reserve()
    expect(next.serialNumber).not.toBe(unit.serialNumber)
    await bench.ledger.bind(next.id, unit.board, { isFirst: true })
    expect(await bench.ledger.order('order-1')).toMatchObject({
      certificateLimit: 10,
      certificatesUsed: 1,
      unitsReserved: 1,
    })
  })

  it('scraps a unit in rework, with the certificate from before', async () => {
    const unit = await make('PASS')
    await rework(unit.id, { onNewBoard: true })
    await scrap(unit.id)
    expect(await revocations()).toMatchObject([{ certificateSha256: unit.certificate }])
    expect((await report(unit.id)).reworks[0]?.closedAt).toBeGreaterThan(0)
    await expect(
      bench.ledger.bind(unit.id, bench.samples.boardUid(), { isFirst: true }),
    ).rejects.toMatchObject({ code: 'LEDGER_UNIT_DECIDED' })
    await expect(bench.ledger.decide(unit.id, verdict('PASS'))).rejects.toMatchObject({
      code: 'LEDGER_UNIT_SCRAPPED',
    })
  })

  it('gives quota back with an approval alone, and never the number of a certificate', async () => {
    await bench.ledger.createOrder(sampleOrder({ id: 'small', quantity: 1 }))
    const { unit } = (await bench.ledger.reserve('small', bench.samples.draw)) ?? {}
    if (unit === undefined) throw new Error('the order has no unit')
    const entry = { orderId: 'small' }
    await bench.ledger.record(bench.samples.entry(unit.id, entry))
    await bench.ledger.decide(unit.id, verdict('PASS'))
    const refused = { code: 'LEDGER_SCRAP_RETURN' }
    await expect(scrap(unit.id, 'lost', 'ada')).rejects.toMatchObject(refused)
    await expect(scrap(unit.id, 'destroyed', ' ')).rejects.toMatchObject(refused)
    expect((await report(unit.id)).scrap).toBeUndefined()
    expect(await scrap(unit.id, 'destroyed', 'ada')).toMatchObject({
      returned: 1,
      approvedBy: 'ada',
    })
    expect(await bench.ledger.order('small')).toMatchObject({
      certificateLimit: 2,
      certificatesUsed: 1,
    })
    const next = await bench.ledger.reserve('small', bench.samples.draw)
    await bench.ledger.record(bench.samples.entry(next?.unit.id ?? '', entry))
    const [certificate] = await bench.ledger.certificateRecords(next?.unit.id ?? '')
    expect(certificate?.quotaNumber).toBe(2)
    await expect(
      bench.ledger.record(bench.samples.entry(next?.unit.id ?? '', entry)),
    ).rejects.toMatchObject({ code: 'LEDGER_QUOTA' })
  })

  it('has an audit record for each act, in one chain (P7)', async () => {
    const unit = await make('PASS')
    await rework(unit.id)
    await bench.ledger.decide(unit.id, verdict('PASS'))
    await scrap(unit.id, 'destroyed', 'ada')
    const lines: string[] = []
    const head = await bench.ledger.exportAudit((line) => void lines.push(line))
    expect((await verifyAuditExport(lines, [head])).findings).toEqual([])
    const types = lines.map((line) => String(JSON.parse(line).type))
    expect(types.slice(-5)).toEqual([
      'unit.reworked',
      'unit.decided',
      'unit.scrapped',
      'certificate.voided',
      'certificate.revoked',
    ])
  })

  it('lets one of many win: reworks, and a rework against a scrap (P1)', async () => {
    // A SQLite file belongs to one process; stations share PostgreSQL.
    const isShared = database === 'PostgreSQL'
    const second = isShared ? await openAt(bench.location) : undefined
    const stations = [bench.ledger, second ?? bench.ledger]
    try {
      for (let round = 0; round < 5; round++) {
        const unit = await make('PASS')
        const tries = [0, 1, 2, 3].map((index) =>
          rework(unit.id, { onNewBoard: true }, stations[index % 2]).then(() => 'opened', codeOf),
        )
        const outcomes = (await Promise.all(tries)).toSorted()
        expect(outcomes).toEqual([...Array(3).fill('LEDGER_REWORK_OPEN'), 'opened'])
        expect((await report(unit.id)).reworks).toHaveLength(1)

        const other = await make('PASS')
        const both = await Promise.all([
          rework(other.id, {}, stations[0]).then(() => 'opened', codeOf),
          scrap(other.id).then(() => 'scrapped', codeOf),
        ])
        expect([
          'LEDGER_UNIT_SCRAPPED,scrapped',
          'opened,scrapped',
          'opened,LEDGER_UNIT_OPEN',
        ]).toContain(both.join())
      }
    } finally {
      await second?.close()
    }
  })
})
