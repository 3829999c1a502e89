import { describe, expect, it } from 'vitest'
import { isKeylineError } from '@keyline/bytes'
import type { CrlSnapshot, Ledger, Revocation } from '@keyline/ledger'
import { scaled } from '../support/scale.ts'
import { LedgerBench } from './support/bench.ts'
import { databaseKinds, openAt, openRaw } from './support/databases.ts'

const issuer = 'a'.repeat(40)
const other = 'b'.repeat(40)

describe.each(databaseKinds)('revocations on $name', ({ name: database, create }) => {
  const bench = new LedgerBench(create(), `revocations ${database}`)
  bench.register()

  /** A certificate of a new unit; gives its SHA-256. */
  const issue = async (ledger: Ledger = bench.ledger) => {
    const reserved = await ledger.reserve('order-1', bench.samples.draw)
    const unitId = reserved?.unit.id ?? ''
    await ledger.record(bench.samples.entry(unitId))
    const [record] = await ledger.certificateRecords(unitId)
    return { unitId, certificateSha256: record?.sha256 ?? '', serialNumber: record?.serialNumber }
  }
  const revokeSerials = async (count: number): Promise<readonly Revocation[]> =>
    Promise.all(
      Array.from({ length: count }, () =>
        bench.ledger.revocation.revokeSerial({
          issuerKeyId: issuer,
          serialNumber: bench.samples.hex(8),
          reason: 'superseded',
        }),
      ),
    )

  /** Many at once, as rows: a transaction for each of them would take its time. */
  const revokeBehindItsBack = async (count: number): Promise<void> => {
    await using raw = await openRaw(bench.location)
    const { kysely } = raw.database
    const row = { issuer_key_id: issuer, certificate_sha256: null, reason: 'superseded' }
    await kysely
      .insertInto('revocation_list')
      .values({ issuer_key_id: issuer, number: 0, revocations: count })
      .execute()
    for (let first = 1; first <= count; first += 100) {
      const places = Array.from({ length: 100 }, (_, index) => first + index)
      const rows = places.map((place) => ({
        ...row,
        place,
        serial_number: place.toString(16).padStart(16, '0'),
        revoked_at: 1000 * place,
      }))
      await kysely.insertInto('revocation').values(rows).execute()
    }
  }

  it('stand for ever with their first reason, and void the certificate', async () => {
    const { revocation } = bench.ledger
    const { unitId, certificateSha256, serialNumber } = await issue()
    const first = await revocation.revoke({ certificateSha256, reason: 'keyCompromise' })
    expect(first).toMatchObject({ issuerKeyId: issuer, place: 1, serialNumber, certificateSha256 })
    expect(await revocation.revoke({ certificateSha256, reason: 'superseded' })).toEqual(first)
    expect(await revocation.find(issuer, serialNumber ?? '')).toEqual(first)
    expect(await bench.ledger.certificateRecords(unitId)).toMatchObject([
      { state: 'void', voidReason: 'revoked: keyCompromise' },
    ])
    const types = await bench.auditTypes()
    expect(types.filter((type) => type === 'certificate.revoked')).toHaveLength(1)
    expect(await bench.ledger.certificateOf(unitId)).toBeUndefined()
  })

  it('need a certificate of the ledger, or an issuer and a serial number', async () => {
    const { revocation } = bench.ledger
    const unknown = { certificateSha256: bench.samples.hex(32), reason: 'superseded' } as const
    await expect(revocation.revoke(unknown)).rejects.toMatchObject({
      code: 'LEDGER_CERTIFICATE_UNKNOWN',
    })
    const pai = { issuerKeyId: other, serialNumber: '01ff', reason: 'cACompromise' } as const
    const made = await revocation.revokeSerial(pai)
    expect(made).toMatchObject({ ...pai, place: 1 })
    expect(made.certificateSha256).toBeUndefined()
    const { unitId, certificateSha256, serialNumber } = await issue()
    await revocation.revokeSerial({
      issuerKeyId: issuer,
      serialNumber: serialNumber ?? '',
      reason: 'superseded',
    })
    expect(await bench.ledger.certificateRecords(unitId)).toMatchObject([
      { state: 'void', sha256: certificateSha256 },
    ])
    expect(await revocation.issuers()).toEqual([issuer, other])
  })

  it('are never of the future', async () => {
    const { certificateSha256 } = await issue()
    const revokedAt = Date.now() + 86_400_000
    const made = await bench.ledger.revocation.revoke({
      certificateSha256,
      reason: 'superseded',
      revokedAt,
    })
    expect(made.revokedAt).toBeLessThan(revokedAt)
  })

  /** A second server on PostgreSQL; a SQLite file belongs to one process. */
  const openSecond = (): Promise<Ledger> =>
    bench.location.kind === 'postgres' ? openAt(bench.location) : Promise.resolve(bench.ledger)

  it('happen once, however many ask at once', async () => {
    await using second = await openSecond()
    for (let round = 0; round < scaled(3, 100); round++) {
      const { certificateSha256 } = await issue()
      const made = await Promise.all(
        Array.from({ length: 8 }, (_, index) =>
          (index % 2 === 0 ? bench.ledger : second).revocation.revoke({
            certificateSha256,
            reason: index % 2 === 0 ? 'superseded' : 'keyCompromise',
          }),
        ),
      )
      expect(new Set(made.map(({ place, reason }) => `${place} ${reason}`)).size).toBe(1)
      expect(await bench.ledger.revocation.count(issuer)).toBe(round + 1)
    }
  })

  it('are listed in their order, across pages', async () => {
    const count = scaled(1100, 100_000)
    await revokeBehindItsBack(count)
    const places: number[] = []
    for await (const { place } of bench.ledger.revocation.list(issuer)) places.push(place)
    expect(places).toEqual(Array.from({ length: count }, (_, index) => index + 1))
  })

  it('go into a list of their moment, with a number of its own, while others are revoked (RACE-7)', async () => {
    await using second = await openSecond()
    const serialsBefore = new Map<number, string>()
    const opened: CrlSnapshot[] = []
    for (let round = 0; round < scaled(4, 100); round++) {
      const load = [revokeSerials(5), issue().catch(quotaReached)]
      const snapshots = await Promise.all([
        bench.ledger.revocation.openCrl(issuer),
        second.revocation.openCrl(issuer),
      ])
      opened.push(...snapshots)
      for (const snapshot of snapshots) {
        // Read after the fact: what was revoked meanwhile must not show.
        await revokeSerials(1)
        const entries = await entriesOf(snapshot)
        expect(entries.map(({ place }) => place)).toEqual(
          Array.from({ length: snapshot.count }, (_, index) => index + 1),
        )
        for (const { place, serialNumber } of entries) {
          expect(serialsBefore.get(place) ?? serialNumber).toBe(serialNumber)
          serialsBefore.set(place, serialNumber)
        }
      }
      await Promise.all(load)
    }
    const byNumber = opened.toSorted((a, b) => a.number - b.number)
    expect(byNumber.map(({ number }) => number)).toEqual(opened.map((_, index) => index + 1))
    const counts = byNumber.map(({ count }) => count)
    expect(counts).toEqual(counts.toSorted((a, b) => a - b))
  })

  it('can be read from a place on', async () => {
    await revokeSerials(5)
    const snapshot = await bench.ledger.revocation.openCrl(issuer)
    const later: Revocation[] = []
    for await (const page of snapshot.pages(3)) later.push(...page)
    expect(later.map(({ place }) => place)).toEqual([4, 5])
  })

  it('are published by the newest list alone', async () => {
    const { revocation } = bench.ledger
    expect(await revocation.crl(issuer)).toBeUndefined()
    const first = await revocation.openCrl(issuer)
    const second = await revocation.openCrl(issuer)
    const crlOf = ({ number, count }: CrlSnapshot) => ({
      issuerKeyId: issuer,
      number,
      count,
      thisUpdate: 1000,
      nextUpdate: 2000,
      der: bench.samples.octets(300),
    })
    const newest = crlOf(second)
    expect(await revocation.putCrl(newest)).toBe(true)
    expect(await revocation.putCrl(crlOf(first))).toBe(false)
    expect(await revocation.crl(issuer)).toEqual(newest)
    const types = await bench.auditTypes()
    expect(types.filter((type) => type === 'crl.built')).toHaveLength(1)
  })
})

async function entriesOf(snapshot: CrlSnapshot): Promise<readonly Revocation[]> {
  const entries: Revocation[] = []
  for await (const page of snapshot.pages()) entries.push(...page)
  return entries
}

function quotaReached(error: unknown): void {
  if (isKeylineError(error) && error.code === 'LEDGER_QUOTA') return
  throw error
}
