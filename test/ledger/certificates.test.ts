import { describe, expect, it } from 'vitest'
import { encodeUtf8, Secret, VirtualClock } from '@keyline/bytes'
import { verifyAuditExport, type Ledger, type LedgerLocation } from '@keyline/ledger'
import { LedgerBench } from './support/bench.ts'
import { databaseKinds, openAt } from './support/databases.ts'
import { sampleOrder, storeKey, verdict } from './support/sample.ts'

/** What a ledger does with certificates, settings and its own history, on whichever database it stands. */
describe.each(databaseKinds)(
  'certificates, settings and audit log on $name',
  ({ name, create }) => {
    const bench = new LedgerBench(create(), `certificates on ${name}`)
    bench.register()

    describe('certificates', () => {
      it('answers the same request with the same certificate and uses one of the quota', async () => {
        const { unit } = await bench.reserve()
        const entry = bench.samples.entry(unit.id)
        expect(await bench.ledger.record(entry)).toEqual({
          certificate: entry.certificate,
          replayed: false,
        })
        const again = {
          ...entry,
          certificate: bench.samples.octets(500),
          serialNumber: bench.samples.hex(8),
        }
        expect(await bench.ledger.record(again)).toEqual({
          certificate: entry.certificate,
          replayed: true,
        })
        expect(await bench.ledger.issued(entry.idempotencyKey)).toEqual({
          requestHash: entry.requestHash,
          certificate: entry.certificate,
        })
        expect(await bench.ledger.issued('other')).toBeUndefined()
        expect(await bench.ledger.order('order-1')).toMatchObject({ certificatesUsed: 1 })
      })

      it('refuses another request under a used idempotency key', async () => {
        const { unit } = await bench.reserve()
        const entry = bench.samples.entry(unit.id)
        await bench.ledger.record(entry)
        await expect(
          bench.ledger.record(
            bench.samples.entry(unit.id, { idempotencyKey: entry.idempotencyKey }),
          ),
        ).rejects.toMatchObject({ code: 'LEDGER_IDEMPOTENCY' })
      })

      it('issues exactly to the limit', async () => {
        await bench.ledger.createOrder(sampleOrder({ id: 'two', quantity: 5, certificateLimit: 2 }))
        const reserved = await bench.ledger.reserve('two', bench.samples.draw)
        const unitId = reserved?.unit.id ?? ''
        await bench.ledger.record(bench.samples.entry(unitId, { orderId: 'two' }))
        await bench.ledger.record(bench.samples.entry(unitId, { orderId: 'two' }))
        await expect(
          bench.ledger.record(bench.samples.entry(unitId, { orderId: 'two' })),
        ).rejects.toMatchObject({
          code: 'LEDGER_QUOTA',
          fault: 'operator',
          message: expect.stringContaining('2'),
        })
        expect(await bench.ledger.order('two')).toMatchObject({ certificatesUsed: 2 })
        await expect(
          bench.ledger.record(bench.samples.entry(unitId, { orderId: 'none' })),
        ).rejects.toMatchObject({ code: 'LEDGER_ORDER_UNKNOWN' })
      })

      it('refuses a public key a second time, even a void one, and writes both units down', async () => {
        const [a, b] = [await bench.reserve(), await bench.reserve()]
        const entry = bench.samples.entry(a.unit.id)
        await bench.ledger.record(entry)
        const sha256 = (await bench.ledger.certificateRecords(a.unit.id))[0]?.sha256 ?? ''
        await bench.ledger.voidCertificate(a.unit.id, sha256, 'board restarted')
        expect(await bench.ledger.isKeyKnown(entry.spkiSha256)).toBe(true)
        expect(await bench.ledger.isKeyKnown(bench.samples.hex(32))).toBe(false)
        await expect(
          bench.ledger.record(bench.samples.entry(b.unit.id, { spkiSha256: entry.spkiSha256 })),
        ).rejects.toMatchObject({ code: 'LEDGER_KEY_TAKEN', fault: 'operator' })
        const lines: string[] = []
        await bench.ledger.exportAudit((line) => void lines.push(line))
        expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({
          type: 'certificate.refused',
          data: { unit: b.unit.id, holder: a.unit.id },
        })
        expect(await bench.ledger.order('order-1')).toMatchObject({ certificatesUsed: 1 })
      })

      it('refuses a certificate serial number that its issuer used', async () => {
        const { unit } = await bench.reserve()
        const { serialNumber } = bench.samples.entry(unit.id)
        await bench.ledger.record(bench.samples.entry(unit.id, { serialNumber }))
        await expect(
          bench.ledger.record(bench.samples.entry(unit.id, { serialNumber })),
        ).rejects.toMatchObject({
          code: 'LEDGER_CERTIFICATE_SERIAL_TAKEN',
          retryable: true,
        })
        await bench.ledger.createOrder(sampleOrder({ id: 'order-2' }))
        const other = await bench.ledger.reserve('order-2', bench.samples.draw)
        await bench.ledger.record(
          bench.samples.entry(other?.unit.id ?? '', {
            orderId: 'order-2',
            serialNumber,
            issuerKeyId: 'b'.repeat(40),
          }),
        )
      })

      it('refuses a unit of another order', async () => {
        await bench.ledger.createOrder(sampleOrder({ id: 'order-2' }))
        const { unit } = await bench.reserve()
        await expect(
          bench.ledger.record(bench.samples.entry(unit.id, { orderId: 'order-2' })),
        ).rejects.toMatchObject({ code: 'LEDGER_UNIT_UNKNOWN' })
      })

      it('gives the newest live certificate of a unit and keeps them all', async () => {
        const { unit } = await bench.reserve()
        const [first, second] = [bench.samples.entry(unit.id), bench.samples.entry(unit.id)]
        await bench.ledger.record(first)
        await bench.ledger.record(second)
        expect(await bench.ledger.certificateOf(unit.id)).toEqual(second.certificate)
        const [, newest] = await bench.ledger.certificateRecords(unit.id)
        await bench.ledger.voidCertificate(unit.id, newest?.sha256 ?? '', 'key lost')
        await bench.ledger.voidCertificate(unit.id, newest?.sha256 ?? '', 'said twice')
        expect(await bench.ledger.certificateOf(unit.id)).toEqual(first.certificate)
        expect(await bench.ledger.certificateRecords(unit.id)).toMatchObject([
          { quotaNumber: 1, state: 'live', certificate: first.certificate },
          {
            quotaNumber: 2,
            state: 'void',
            voidReason: 'key lost',
            certificate: second.certificate,
          },
        ])
        await expect(bench.ledger.voidCertificate(unit.id, 'none', 'x')).rejects.toMatchObject({
          code: 'LEDGER_CERTIFICATE_UNKNOWN',
        })
      })
    })

    describe('time', () => {
      it('issues at most five minutes before the last certificate', async () => {
        const { unit } = await bench.reserve()
        const last = Date.UTC(2030, 0, 1, 12)
        await using now = await openAtTime(bench.location, last)
        await now.record(bench.samples.entry(unit.id))
        await using close = await openAtTime(bench.location, last - 5 * 60_000)
        await close.checkClock()
        await close.record(bench.samples.entry(unit.id))
        await using early = await openAtTime(bench.location, last - 5 * 60_000 - 1)
        await expect(early.checkClock()).rejects.toMatchObject({ code: 'LEDGER_CLOCK' })
        await expect(early.record(bench.samples.entry(unit.id))).rejects.toMatchObject({
          code: 'LEDGER_CLOCK',
          fault: 'infrastructure',
        })
        expect(await bench.ledger.order('order-1')).toMatchObject({ certificatesUsed: 2 })
      })

      it('refuses a clock from before this release', async () => {
        await using reset = await openAt(bench.location, { clock: new VirtualClock(0) })
        await expect(reset.checkClock()).rejects.toMatchObject({ code: 'LEDGER_CLOCK' })
      })
    })

    describe('settings and store key', () => {
      it('keeps the newest value of a setting', async () => {
        expect(await bench.ledger.setting('pai')).toBeUndefined()
        await bench.ledger.setSetting('pai', new Secret(encodeUtf8('one')))
        await bench.ledger.setSetting('pai', new Secret(encodeUtf8('two')))
        const value = await bench.ledger.setting('pai')
        expect(value?.equals(new Secret(encodeUtf8('two')))).toBe(true)
      })

      it('refuses another store key at the door', async () => {
        await expect(openAt(bench.location, { storeKey: storeKey(8) })).rejects.toMatchObject({
          code: 'LEDGER_STORE_KEY',
        })
        const short = new Secret(new Uint8Array(31))
        await expect(openAt(bench.location, { storeKey: short })).rejects.toMatchObject({
          code: 'LEDGER_STORE_KEY',
          message: expect.stringContaining('31'),
        })
      })
    })

    describe('audit log', () => {
      it('has one record for each act, and none for what was refused', async () => {
        const { unit } = await bench.reserve()
        await bench.ledger.bind(unit.id, bench.samples.boardUid())
        const entry = bench.samples.entry(unit.id)
        await bench.ledger.record(entry)
        await bench.ledger.record(entry)
        await bench.ledger.voidCertificate(
          unit.id,
          (await bench.ledger.certificateRecords(unit.id))[0]?.sha256 ?? '',
          'x',
        )
        await bench.ledger.decide(unit.id, verdict('FAIL'))
        await bench.ledger.setSetting('name', new Secret(encodeUtf8('value')))
        await expect(bench.ledger.decide('none', verdict('PASS'))).rejects.toThrow()
        expect(await bench.auditTypes()).toEqual([
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
        for (let round = 0; round < 5; round++) await bench.reserve()
        const lines: string[] = []
        const head = await bench.ledger.exportAudit((line) => void lines.push(line))
        expect(head).toEqual(await bench.ledger.head())
        expect(await verifyAuditExport(lines, [head])).toEqual({
          lines: 6,
          consistentTo: head,
          findings: [],
          anchoredTo: 6,
        })
        expect(JSON.parse(lines[0] ?? '')).toMatchObject({ seq: 1, actor: 'test' })
      })

      it('refuses to be older than what a manifest has seen', async () => {
        const before = await bench.ledger.head()
        await bench.ledger.checkHead({ seq: 0, hash: '0'.repeat(64) })
        await bench.ledger.checkHead(before)
        await expect(
          bench.ledger.checkHead({ ...before, seq: before.seq + 1 }),
        ).rejects.toMatchObject({
          code: 'LEDGER_RESTORED',
        })
        await expect(
          bench.ledger.checkHead({ ...before, hash: 'f'.repeat(64) }),
        ).rejects.toMatchObject({
          code: 'LEDGER_RESTORED',
        })
      })
    })

    it('says so when it is used after its end', async () => {
      await bench.ledger.close()
      await bench.ledger.close()
      await expect(bench.ledger.head()).rejects.toMatchObject({ code: 'LEDGER_CLOSED' })
      await expect(bench.ledger.decide('none', verdict('PASS'))).rejects.toMatchObject({
        code: 'LEDGER_CLOSED',
      })
    })
  },
)

function openAtTime(location: LedgerLocation, ms: number): Promise<Ledger> {
  return openAt(location, { clock: new VirtualClock(ms) })
}
