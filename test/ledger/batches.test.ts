import { describe, expect, it } from 'vitest'
import {
  batchSerialNumber,
  verifyAuditExport,
  type Batch,
  type BatchChunk,
  type BatchUnit,
} from '@keyline/ledger'
import { LedgerBench } from './support/bench.ts'
import { databaseKinds, openAt } from './support/databases.ts'
import { sampleOrder } from './support/sample.ts'

/** Units that are generated into a file, on whichever database the ledger stands. */
describe.each(databaseKinds)('batches on $name', ({ name, create }) => {
  const bench = new LedgerBench(create(), `batches on ${name}`)
  bench.register()

  const open = (units: number, id = 'batch-1'): Promise<Batch> =>
    bench.ledger.openBatch({ id, orderId: 'order-1', units })

  function unit(batch: Batch, place: number, change: Partial<BatchUnit['certificate']> = {}) {
    const sample = bench.samples.entry('', {})
    return {
      serialNumber: batchSerialNumber(batch, place),
      certificate: {
        der: sample.certificate,
        sha256: bench.samples.hex(32),
        spkiSha256: sample.spkiSha256,
        serialNumber: sample.serialNumber,
        ...change,
      },
    }
  }

  function chunk(batch: Batch, first: number, count: number): BatchChunk {
    return {
      batchId: batch.id,
      first,
      units: Array.from({ length: count }, (_, index) => unit(batch, first + index)),
      issuerKeyId: 'a'.repeat(40),
      iterations: 1000,
      file: { octets: (first + count) * 100, chunkOctets: 100, chunkSha256: bench.samples.hex(32) },
    }
  }

  it('take their places, numbers and certificates at once, and give them to nobody else', async () => {
    const batch = await open(6)
    expect(batch).toEqual({
      id: 'batch-1',
      orderId: 'order-1',
      units: 6,
      recorded: 0,
      pattern: 'KL-{######}',
      firstNumber: 1,
    })
    expect(await open(6)).toEqual(batch)
    expect(await bench.ledger.order('order-1')).toMatchObject({
      unitsReserved: 6,
      certificatesUsed: 6,
    })
    expect(await bench.ledger.serialPool('main')).toMatchObject({ next: 7, issued: 0, held: 6 })
    expect((await bench.reserve()).unit).toMatchObject({ sequence: 7, serialNumber: 'KL-000007' })
    await expect(open(4, 'batch-2')).rejects.toMatchObject({
      code: 'LEDGER_QUOTA',
      message: 'work order order-1 has 3 units and 4 certificates left, not 4',
    })
    await expect(open(5)).rejects.toMatchObject({ code: 'LEDGER_BATCH_DIFFERS' })
    expect(await bench.ledger.order('order-1')).toMatchObject({ unitsReserved: 7 })
  })

  it('record each unit with its certificate, but not its secrets', async () => {
    const batch = await open(3)
    const first = chunk(batch, 1, 2)
    await bench.ledger.recordBatch(first)
    expect(await bench.ledger.batch('batch-1')).toEqual({ ...batch, recorded: 2, file: first.file })
    const report = await bench.ledger.unit('KL-000002')
    expect(report).toMatchObject({
      unit: { id: 'batch-1-0000002', orderId: 'order-1', sequence: 2, state: 'decided' },
      certificates: [{ state: 'live', quotaNumber: 2, issuerKeyId: 'a'.repeat(40) }],
    })
    expect(report?.certificates[0]?.certificate).toEqual(first.units[1]?.certificate.der)
    const key = first.units[0]?.certificate.spkiSha256 ?? ''
    expect(await bench.ledger.isKeyKnown(key)).toBe(true)
    await expect(bench.ledger.reveal('batch-1-0000001')).rejects.toMatchObject({
      code: 'LEDGER_UNIT_IN_BATCH',
    })
    expect(await bench.ledger.serialPool('main')).toMatchObject({ issued: 2, held: 1 })
  })

  it('are recorded once, in order, by one writer', async () => {
    const batch = await open(6)
    const first = chunk(batch, 1, 2)
    await bench.ledger.recordBatch(first)
    await bench.ledger.recordBatch(first)
    for (const wrong of [chunk(batch, 1, 2), chunk(batch, 2, 1), chunk(batch, 4, 1)]) {
      await expect(bench.ledger.recordBatch(wrong)).rejects.toMatchObject({
        code: 'LEDGER_BATCH_DIFFERS',
      })
    }
    await expect(bench.ledger.recordBatch(chunk(batch, 3, 5))).rejects.toThrow()
    await bench.ledger.recordBatch(chunk(batch, 3, 4))
    expect(await bench.ledger.batch('batch-1')).toMatchObject({ recorded: 6 })
    await expect(
      bench.ledger.recordBatch({ ...chunk(batch, 7, 1), batchId: 'none' }),
    ).rejects.toMatchObject({ code: 'LEDGER_BATCH_UNKNOWN' })
    const lines: string[] = []
    const head = await bench.ledger.exportAudit((line) => void lines.push(line))
    expect((await verifyAuditExport(lines, [head])).findings).toEqual([])
    expect(await bench.auditTypes()).toEqual([
      'order.created',
      'batch.opened',
      'batch.recorded',
      'batch.recorded',
    ])
  })

  it('refuse a key, a certificate or a serial number that is known, and record nothing of the chunk', async () => {
    const batch = await open(4)
    const made = await bench.reserve()
    const entry = bench.samples.entry(made.unit.id)
    await bench.ledger.record(entry)
    const { spkiSha256, serialNumber } = entry
    const changes = [
      ['LEDGER_KEY_TAKEN', { spkiSha256 }],
      ['LEDGER_CERTIFICATE_SERIAL_TAKEN', { serialNumber }],
    ] as const
    for (const [code, change] of changes) {
      const good = chunk(batch, 1, 2)
      const bad = { ...good, units: [unit(batch, 1), unit(batch, 2, change)] }
      await expect(bench.ledger.recordBatch(bad)).rejects.toMatchObject({ code })
    }
    const others = chunk(batch, 1, 1)
    const foreign = { ...others, units: [{ ...unit(batch, 1), serialNumber: 'KL-000009' }] }
    await expect(bench.ledger.recordBatch(foreign)).rejects.toMatchObject({
      code: 'LEDGER_BATCH_DIFFERS',
    })
    expect(await bench.ledger.batch('batch-1')).toMatchObject({ recorded: 0 })
    expect(await bench.ledger.unit('KL-000001')).toBeUndefined()
  })

  it('refuse a serial number that another pool gave to the same product', async () => {
    const serialNumbers = { pool: 'other', pattern: 'KL-{######}' }
    await bench.ledger.createOrder(sampleOrder({ id: 'order-2', serialNumbers }))
    await bench.ledger.reserve('order-2', bench.samples.draw)
    const batch = await open(1)
    await expect(bench.ledger.recordBatch(chunk(batch, 1, 1))).rejects.toMatchObject({
      code: 'LEDGER_SERIAL_TAKEN',
    })
  })

  it('come to an end with their pool or their order', async () => {
    const serialNumbers = { pool: 'small', pattern: 'S-{#}' }
    await bench.ledger.createOrder(sampleOrder({ id: 'small', quantity: 10, serialNumbers }))
    await expect(
      bench.ledger.openBatch({ id: 'batch-2', orderId: 'small', units: 10 }),
    ).rejects.toMatchObject({ code: 'LEDGER_POOL_EXHAUSTED' })
    const batch = await open(2)
    await bench.ledger.closeOrder('order-1')
    for (const act of [bench.ledger.recordBatch(chunk(batch, 1, 1)), open(1, 'batch-3')]) {
      await expect(act).rejects.toMatchObject({ code: 'LEDGER_ORDER_CLOSED' })
    }
  })

  it('stay apart from the units for boards', async () => {
    const batch = await open(2)
    await bench.ledger.recordBatch(chunk(batch, 1, 2))
    const { unit: made } = await bench.reserve()
    expect(await bench.ledger.undecided('order-1')).toMatchObject([{ unit: { id: made.id } }])
    expect(await bench.ledger.unitsOf('order-1')).toMatchObject([{ unit: { id: made.id } }])
    await expect(bench.ledger.bind('batch-1-0000001', '00'.repeat(12))).rejects.toMatchObject({
      code: 'LEDGER_UNIT_DECIDED',
    })
  })

  it('say in the audit log who opened them', async () => {
    const batch = await open(2)
    await bench.ledger.noteBatchRevealed({ batchId: batch.id, first: 1, last: 2 })
    expect((await bench.auditTypes()).at(-1)).toBe('secrets.revealed')
    await expect(
      bench.ledger.noteBatchRevealed({ batchId: 'none', first: 1, last: 2 }),
    ).rejects.toMatchObject({ code: 'LEDGER_BATCH_UNKNOWN' })
  })

  it('go on in another process where they stand', async () => {
    const batch = await open(4)
    const first = chunk(batch, 1, 2)
    await bench.ledger.recordBatch(first)
    await bench.reopen()
    await using other = await openAt(bench.location)
    await other.recordBatch(chunk(batch, 3, 2))
    await expect(bench.ledger.recordBatch(chunk(batch, 3, 2))).rejects.toMatchObject({
      code: 'LEDGER_BATCH_DIFFERS',
    })
    expect(await bench.ledger.batch('batch-1')).toMatchObject({ recorded: 4 })
  })
})
