import { readFile } from 'node:fs/promises'
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { encodeUtf8, Secret, toBase64, toHex } from '@keyline/bytes'
import type { Ledger, LedgerLocation } from '@keyline/ledger'
import type { UnitSecrets } from '@keyline/ledger/records'
import { databaseKinds, openAt, openRaw } from './support/databases.ts'
import { sampleOrder, Samples, verdict } from './support/sample.ts'

const passphrase = 'correct horse battery staple'

/** Promise P6: what lies in the database gives no identity secret away. */
describe.each(databaseKinds)('what rests on $name', ({ name, create }) => {
  const databases = create()
  const samples = new Samples(`sealed on ${name}`)
  beforeAll(() => databases.start())
  afterAll(() => databases.stop())

  it('contains no secret of a unit and no sealed setting', async () => {
    const location = await databases.fresh()
    const secrets = await makeUnits(location)
    expect(found(await everything(location), secrets)).toEqual([])
  })

  it('would be found out if it leaked: as text, as octets, in either byte order', async () => {
    const leaks: readonly ((ledger: Ledger, unit: string, of: UnitSecrets) => Promise<void>)[] = [
      (ledger, unit, of) => ledger.decide(unit, verdict('ERROR', `passcode ${of.passcode}`)),
      (ledger, unit, of) => ledger.decide(unit, verdict('ERROR', toHex(of.salt))),
      (ledger, unit, of) => ledger.decide(unit, verdict('ERROR', toBase64(of.verifier))),
      async (ledger, unit, of) => {
        const certificate = new Uint8Array([1, ...littleEndian(of.passcode), 2])
        await ledger.record(samples.entry(unit, { certificate }))
      },
      async (ledger, unit, of) => {
        await ledger.record(samples.entry(unit, { certificate: of.verifier }))
      },
      (ledger, unit) => ledger.decide(unit, verdict('ERROR', passphrase)),
    ]
    for (const leak of leaks) {
      const location = await databases.fresh()
      const secrets = await makeUnits(location, leak)
      expect(found(await everything(location), secrets)).toHaveLength(1)
    }
  })

  it('opens under its own record and column alone', async () => {
    const location = await databases.fresh()
    await makeUnits(location)
    await using raw = await openRaw(location)
    await sql`update unit set sealed_salt = sealed_verifier`.execute(raw.database.kysely)
    await using ledger = await openAt(location)
    await expect(ledger.undecided('order-1')).rejects.toMatchObject({ code: 'SEAL_BROKEN' })
  })

  async function makeUnits(
    location: LedgerLocation,
    leak?: (ledger: Ledger, unit: string, secrets: UnitSecrets) => Promise<void>,
  ): Promise<readonly UnitSecrets[]> {
    await using ledger = await openAt(location)
    await ledger.createOrder(sampleOrder())
    await ledger.setSetting('pai', new Secret(encodeUtf8(passphrase)))
    const made: UnitSecrets[] = []
    for (let count = 0; count < 3; count++) {
      const passcode = 71_203_344 + 1_000_003 * count
      const reserved = await ledger.reserve('order-1', () =>
        Promise.resolve({ ...samples.secrets(), passcode }),
      )
      if (reserved === undefined) throw new Error('the order has no unit left')
      made.push(reserved.secrets)
      await ledger.reveal(reserved.unit.id)
      if (count === 0) await leak?.(ledger, reserved.unit.id, reserved.secrets)
    }
    return made
  }
})

/** Files as they lie on the disk before the ledger is closed; or every row that the server gives. */
async function everything(location: LedgerLocation): Promise<Uint8Array> {
  if (location.kind === 'sqlite') {
    await using open = await openAt(location)
    await open.head()
    const files = [location.file, `${location.file}-wal`, `${location.file}-shm`]
    return Buffer.concat(await Promise.all(files.map((file) => readFile(file))))
  }
  await using raw = await openRaw(location)
  const db = raw.database.kysely
  const tables = await sql<{ name: string }>`
    select tablename as name from pg_tables where schemaname = 'public'`.execute(db)
  const cells: Uint8Array[] = []
  for (const { name } of tables.rows) {
    const { rows } = await sql<Record<string, unknown>>`select * from ${sql.table(name)}`.execute(
      db,
    )
    for (const cell of rows.flatMap((row) => Object.values(row))) {
      cells.push(cell instanceof Uint8Array ? cell : encodeUtf8(String(cell)), encodeUtf8('\n'))
    }
  }
  return Buffer.concat(cells)
}

/** Names of the secrets that stand in the octets, in any spelling that a leak may have. */
function found(octets: Uint8Array, units: readonly UnitSecrets[]): readonly string[] {
  const haystack = Buffer.from(octets)
  const needles = [
    { name: 'passphrase', needle: passphrase },
    ...units.flatMap(({ passcode, salt, verifier }) => [
      { name: 'passcode', needle: String(passcode).padStart(8, '0') },
      { name: 'passcode, little endian', needle: littleEndian(passcode) },
      { name: 'passcode, big endian', needle: littleEndian(passcode).toReversed() },
      ...spelled('salt', salt),
      ...spelled('verifier', verifier),
    ]),
  ]
  return needles
    .filter(({ needle }) => haystack.includes(Buffer.from(needle)))
    .map(({ name }) => name)
}

function spelled(name: string, value: Uint8Array) {
  return [
    { name, needle: value },
    { name: `${name} in hexadecimal`, needle: toHex(value) },
    { name: `${name} in upper case`, needle: toHex(value).toUpperCase() },
    { name: `${name} in base64`, needle: toBase64(value).replace(/=+$/, '') },
  ]
}

function littleEndian(value: number): Uint8Array {
  const octets = new Uint8Array(4)
  new DataView(octets.buffer).setUint32(0, value, true)
  return octets
}
