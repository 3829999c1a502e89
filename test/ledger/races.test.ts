import { sql } from 'kysely'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { isKeylineError } from '@keyline/bytes'
import type { IssuanceEntry, Ledger, LedgerLocation } from '@keyline/ledger'
import { scaled } from '../support/scale.ts'
import { quotaViolations, serialViolations } from './support/checkers.ts'
import { startChild } from './support/child.ts'
import { databaseKinds, openAt, openRaw } from './support/databases.ts'
import { sampleOrder, Samples, verdict } from './support/sample.ts'

const callers = 512
const rounds = scaled(1, 100)

describe.each(databaseKinds)('a race on $name', ({ name, create }) => {
  const databases = create()
  const samples = new Samples(`races on ${name}`)
  let location: LedgerLocation
  let ledger: Ledger

  beforeAll(() => databases.start())
  afterAll(() => databases.stop())
  beforeEach(async () => {
    location = await databases.fresh()
    ledger = await openAt(location)
  })
  afterEach(() => ledger.close())

  const unitOf = async (orderId: string): Promise<string> => {
    const reserved = await ledger.reserve(orderId, samples.draw)
    return reserved?.unit.id ?? ''
  }

  it(`for the last quota unit has one winner among ${callers}`, async () => {
    for (let round = 0; round < rounds; round++) {
      const orderId = `quota-${round}`
      await ledger.createOrder(sampleOrder({ id: orderId, certificateLimit: 2 }))
      const unitId = await unitOf(orderId)
      await ledger.record(samples.entry(unitId, { orderId }))
      const entries = times(callers, () => samples.entry(unitId, { orderId }))
      const { won, codes } = await settle(entries.map((entry) => ledger.record(entry)))
      expect(won).toHaveLength(1)
      expect(codes).toEqual({ LEDGER_QUOTA: callers - 1 })
      const records = await ledger.certificateRecords(unitId)
      expect(records.map((record) => record.quotaNumber)).toEqual([1, 2])
      expect((await ledger.order(orderId))?.certificatesUsed).toBe(2)
    }
  })

  it(`for serial numbers gives ${callers} callers a number each`, async () => {
    await ledger.createOrder(sampleOrder({ id: 'serials', quantity: callers }))
    const { won, codes } = await settle(
      times(callers, () => ledger.reserve('serials', samples.draw)),
    )
    expect(codes).toEqual({})
    const serials = won.map((reserved) => reserved?.unit.serialNumber ?? 'none')
    expect(serials).toHaveLength(callers)
    expect(serialViolations(serials)).toEqual([])
    expect(new Set(won.map((reserved) => reserved?.unit.sequence)).size).toBe(callers)
    expect(await ledger.serialPool('main')).toMatchObject({ next: callers + 1, issued: callers })
  })

  it(`for the last unit of an order has one winner among ${callers}`, async () => {
    await ledger.createOrder(sampleOrder({ id: 'one', quantity: 1 }))
    const { won } = await settle(times(callers, () => ledger.reserve('one', samples.draw)))
    expect(won.filter((reserved) => reserved !== undefined)).toHaveLength(1)
    expect(await ledger.serialPool('main')).toMatchObject({ next: 2 })
  })

  it('under one idempotency key gives one result, and refuses the other requests', async () => {
    await ledger.createOrder(sampleOrder({ certificateLimit: 1000 }))
    const unitId = await unitOf('order-1')
    for (let round = 0; round < scaled(5, 1000); round++) {
      const idempotencyKey = samples.hex(16)
      const entries = times(32, () => samples.entry(unitId, { idempotencyKey }))
      const { won, codes } = await settle(entries.map((entry) => ledger.record(entry)))
      expect(won).toHaveLength(1)
      expect(won[0]?.replayed).toBe(false)
      expect(codes).toEqual({ LEDGER_IDEMPOTENCY: 31 })
      const same = entries.find((entry) => entry.certificate === won[0]?.certificate)
      expect(await ledger.issued(idempotencyKey)).toMatchObject({ requestHash: same?.requestHash })
    }
  })

  it('of one request with itself answers all callers with one certificate', async () => {
    await ledger.createOrder(sampleOrder())
    const entry = samples.entry(await unitOf('order-1'))
    const retries = times(64, (): IssuanceEntry => ({
      ...entry,
      certificate: samples.octets(500),
      serialNumber: samples.hex(8),
    }))
    const { won, codes } = await settle(retries.map((retry) => ledger.record(retry)))
    expect(codes).toEqual({})
    const first = won.find((answer) => !answer.replayed)
    expect(won.filter((answer) => !answer.replayed)).toHaveLength(1)
    for (const answer of won) expect(answer.certificate).toEqual(first?.certificate)
    expect(await ledger.order('order-1')).toMatchObject({ certificatesUsed: 1 })
  })

  it('for one public key or one board has one winner', async () => {
    await ledger.createOrder(sampleOrder({ quantity: 64, certificateLimit: 64 }))
    const units: string[] = []
    for (let count = 0; count < 64; count++) units.push(await unitOf('order-1'))
    const spkiSha256 = samples.hex(32)
    const keys = await settle(
      units.map((unit) => ledger.record(samples.entry(unit, { spkiSha256 }))),
    )
    expect(keys.won).toHaveLength(1)
    expect(keys.codes).toEqual({ LEDGER_KEY_TAKEN: 63 })
    const board = samples.boardUid()
    const boards = await settle(units.map((unit) => ledger.bind(unit, board)))
    expect(boards.won).toHaveLength(1)
    expect(boards.codes).toEqual({ LEDGER_BOARD_TAKEN: 63 })
  })

  it.each([
    { first: 'PASS', second: 'FAIL' },
    { first: 'FAIL', second: 'PASS' },
  ] as const)('for one verdict records one when $first comes first', async ({ first, second }) => {
    await ledger.createOrder(sampleOrder({ quantity: 10 }))
    const unitId = await unitOf('order-1')
    const verdicts = times(32, (index) => verdict(index % 2 === 0 ? first : second))
    const { won, codes } = await settle(verdicts.map((record) => ledger.decide(unitId, record)))
    expect({ codes, won: won.length }).toEqual({ codes: { LEDGER_VERDICT_DIFFERS: 16 }, won: 16 })
    const made = (await ledger.unit(unitId))?.verdict?.verdict
    expect(await ledger.remaining('order-1')).toBe(made === 'PASS' ? 9 : 10)
  })

  it('to end a quarantine ends it once, and gives its place back once', async () => {
    await ledger.createOrder(sampleOrder({ quantity: 1 }))
    const unitId = await unitOf('order-1')
    await ledger.decide(unitId, verdict('QUARANTINE'))
    const { codes } = await settle(times(32, () => ledger.decide(unitId, verdict('FAIL'))))
    expect(codes).toEqual({})
    expect(await ledger.remaining('order-1')).toBe(1)
    const decided: string[] = []
    await ledger.exportAudit((line) => {
      if (JSON.parse(line).type === 'unit.decided') decided.push(line)
    })
    expect(decided).toHaveLength(2)
  })

  it('for a new order and its pool records both once', async () => {
    const orders = times(16, () => sampleOrder())
    const { won, codes } = await settle(orders.map((order) => ledger.createOrder(order)))
    expect(codes).toEqual({})
    expect(won.filter((isNew) => isNew)).toHaveLength(1)
  })

  it('between four processes keeps quota, serial numbers and chain', async () => {
    const limit = scaled(60, 2_000)
    const units = scaled(25, 1_000)
    const order = sampleOrder({ id: 'many', quantity: 4 * units, certificateLimit: limit })
    await ledger.createOrder(order)
    const children = times(4, (index) =>
      startChild({ database: location, orderId: 'many', seed: `child ${index}`, units }),
    )
    const outputs = await Promise.all(children.map(({ lines }) => collect(lines)))
    expect(await Promise.all(children.map(({ ended }) => ended))).toEqual([0, 0, 0, 0])
    const said = outputs.flat().map((line) => line.split(' '))
    const of = (word: string) => said.filter(([first]) => first === word)
    const status = await ledger.order('many')
    expect(
      quotaViolations({
        limit,
        received: of('certificate').map(([, key]) => key ?? ''),
        recorded: status?.certificatesUsed ?? 0,
      }),
    ).toEqual([])
    expect(of('certificate')).toHaveLength(limit)
    expect(of('refused').map(([, code]) => code)).toEqual(
      times(4 * units - limit, () => 'LEDGER_QUOTA'),
    )
    expect(of('unit')).toHaveLength(4 * units)
    expect(serialViolations(of('unit').map(([, , serial]) => serial ?? ''))).toEqual([])
  })

  it('is lost by a store that checks first and writes then: the checkers find it', async () => {
    await using raw = await openRaw(location)
    const db = raw.database.kysely
    await sql`create table naive (used integer not null, next integer not null)`.execute(db)
    await sql`insert into naive (used, next) values (0, 1)`.execute(db)
    const naive = async (index: number): Promise<readonly [string, string] | undefined> => {
      const { rows } = await sql<{ used: number; next: number }>`select * from naive`.execute(db)
      const row = rows[0]
      if (row === undefined || row.used >= 1) return undefined
      await sql`update naive set used = ${row.used + 1}, next = ${row.next + 1}`.execute(db)
      return [`certificate ${index}`, `KL-${String(row.next).padStart(6, '0')}`]
    }
    const { won } = await settle(times(callers, naive))
    const given = won.filter((pair) => pair !== undefined)
    const received = given.map(([certificate]) => certificate)
    const found = quotaViolations({ limit: 1, received, recorded: 1 })
    expect(found).toContain(`${received.length} received, 1 allowed`)
    expect(serialViolations(given.map(([, serial]) => serial))).not.toEqual([])
  })
})

describe('two ledgers on one PostgreSQL database', () => {
  const databases = databaseKinds[1].create()
  beforeAll(() => databases.start())
  afterAll(() => databases.stop())

  it(`have one winner among ${callers} callers for the last quota unit`, async () => {
    const samples = new Samples('two ledgers')
    const location = await databases.fresh()
    // Both bring the schema forward and record the order at the same time.
    const opened = await Promise.all([openAt(location), openAt(location)])
    await using a = opened[0]
    await using b = opened[1]
    const order = sampleOrder({ quantity: callers, certificateLimit: 1 })
    await Promise.all([a.createOrder(order), b.createOrder(order)])
    const ledgers = times(callers, (index) => (index % 2 === 0 ? a : b))
    const units = await settle(ledgers.map((each) => each.reserve('order-1', samples.draw)))
    expect(serialViolations(units.won.map((each) => each?.unit.serialNumber ?? ''))).toEqual([])
    const certificates = await settle(
      units.won.map((each, index) =>
        (ledgers[index] ?? a).record(samples.entry(each?.unit.id ?? '')),
      ),
    )
    expect(certificates.won).toHaveLength(1)
    expect(certificates.codes).toEqual({ LEDGER_QUOTA: callers - 1 })
  })

  it('answer a request that both get with one certificate, even with the last of its order', async () => {
    const samples = new Samples('one request')
    const location = await databases.fresh()
    await using a = await openAt(location)
    await using b = await openAt(location)
    for (let round = 0; round < scaled(30, 500); round++) {
      const orderId = `last-${round}`
      await a.createOrder(sampleOrder({ id: orderId, certificateLimit: 1 }))
      const unitId = (await a.reserve(orderId, samples.draw))?.unit.id ?? ''
      const entry = samples.entry(unitId, { orderId })
      const { idempotencyKey, requestHash, spkiSha256 } = entry
      const again = samples.entry(unitId, { orderId, idempotencyKey, requestHash, spkiSha256 })
      const answers = await Promise.all([a.record(entry), b.record(again)])
      expect(answers[0].certificate).toEqual(answers[1].certificate)
      expect(answers.filter(({ replayed }) => replayed)).toHaveLength(1)
    }
  })
})

function times<T>(count: number, make: (index: number) => T): T[] {
  return Array.from({ length: count }, (_, index) => make(index))
}

async function collect(lines: AsyncIterable<string>): Promise<readonly string[]> {
  const collected: string[] = []
  for await (const line of lines) collected.push(line)
  return collected
}

/** Waits for all; counts refusals by code. Anything but a typed refusal is thrown on. */
async function settle<T>(
  promises: readonly Promise<T>[],
): Promise<{ readonly won: readonly T[]; readonly codes: Readonly<Record<string, number>> }> {
  const won: T[] = []
  const codes: Record<string, number> = {}
  for (const result of await Promise.allSettled(promises)) {
    if (result.status === 'fulfilled') {
      won.push(result.value)
      continue
    }
    const reason: unknown = result.reason
    if (!isKeylineError(reason)) throw reason
    codes[reason.code] = (codes[reason.code] ?? 0) + 1
  }
  return { won, codes }
}
