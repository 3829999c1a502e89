import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { LedgerLocation } from '@keyline/ledger'
import { transact } from '../../packages/ledger/src/database/database.ts'
import { constraints } from '../../packages/ledger/src/database/constraints.ts'
import { databaseKinds, openAt, openRaw } from './support/databases.ts'
import { sampleOrder, Samples } from './support/sample.ts'

/** Statements that no code of ours would run: the database alone stands against them. */
const forbidden = [
  [
    'more certificates than the limit',
    `update work_order set certificates_used = 11`,
    'LEDGER_QUOTA',
  ],
  ['fewer certificates than none', `update work_order set certificates_used = -1`, 'LEDGER_QUOTA'],
  ['more units than the quantity', `update work_order set units_reserved = 11`, 'LEDGER_QUOTA'],
  ['one board for two live units', `update unit set board_uid = 'same'`, 'LEDGER_BOARD_TAKEN'],
  [
    'one device serial number for two units',
    `update unit set serial_number = 'same'`,
    'LEDGER_SERIAL_TAKEN',
  ],
  ['one place in the order for two units', `update unit set sequence = 1`, 'LEDGER_DATABASE'],
  [
    'one public key in two certificates',
    `update certificate set spki_sha256 = 'same'`,
    'LEDGER_KEY_TAKEN',
  ],
  [
    'one serial number in two certificates of an issuer',
    `update certificate set serial_number = 'same'`,
    'LEDGER_CERTIFICATE_SERIAL_TAKEN',
  ],
  [
    'one idempotency key for two certificates',
    `update certificate set idempotency_key = 'same'`,
    'LEDGER_IDEMPOTENCY',
  ],
  ['a certificate of no unit', `update certificate set unit_id = 'none'`, 'LEDGER_DATABASE'],
  ['a certificate that lost its unit', `delete from unit`, 'LEDGER_DATABASE'],
  ['a void certificate without reason', `update certificate set state = 'void'`, 'LEDGER_DATABASE'],
  ['a unit of no order', `update unit set order_id = 'none'`, 'LEDGER_DATABASE'],
  ['an unknown state', `update unit set state = 'lost'`, 'LEDGER_DATABASE'],
  ['an audit number twice', `update audit set seq = 1`, 'LEDGER_DATABASE'],
  ['a second head', `insert into ledger_head values (2, 0, '', 0)`, 'LEDGER_DATABASE'],
] as const

describe.each(databaseKinds)('$name itself refuses', ({ create }) => {
  const databases = create()
  let location: LedgerLocation

  afterAll(() => databases.stop())
  beforeAll(async () => {
    await databases.start()
    const samples = new Samples('constraints')
    location = await databases.fresh()
    await using ledger = await openAt(location)
    await ledger.createOrder(sampleOrder())
    for (let count = 0; count < 2; count++) {
      const reserved = await ledger.reserve('order-1', samples.draw)
      const unit = reserved?.unit.id ?? ''
      await ledger.bind(unit, samples.boardUid())
      await ledger.record(samples.entry(unit))
    }
  })

  it.each(forbidden)('%s', async (_, statement, code) => {
    await using raw = await openRaw(location)
    const run = transact(raw.database, (tx) => sql.raw(statement).execute(tx))
    await expect(run).rejects.toMatchObject({ code })
  })

  it('has every constraint that the code explains', async () => {
    await using raw = await openRaw(location)
    const { rows } = await (
      location.kind === 'sqlite'
        ? sql<{ text: string }>`select sql as text from sqlite_master where sql is not null`
        : sql<{ text: string }>`
            select conname as text from pg_constraint
            union select indexname from pg_indexes`
    ).execute(raw.database.kysely)
    const words = new Set(rows.flatMap(({ text }) => text.split(/\W+/)))
    expect(Object.keys(constraints).filter((name) => !words.has(name))).toEqual([])
  })
})
