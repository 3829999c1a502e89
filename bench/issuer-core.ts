import { generateKeyPairSync, randomBytes, sign, verify } from 'node:crypto'
import { join } from 'node:path'
import { Secret, systemClock, systemRandom } from '@keyline/bytes'
import { generateP256, keyPairSigner } from '@keyline/crypto'
import {
  createLocalIssuer,
  createPki,
  FileSigner,
  type DacRequest,
  type LocalIssuer,
} from '@keyline/issuer'
import { openLedger, type Ledger, type LedgerLocation } from '@keyline/ledger'
import { buildRequest, name } from '@keyline/x509'
import { Pool } from 'pg'
import { loadSqlite } from '../packages/ledger/src/database/sqlite-driver.ts'
import { sampleOrder } from '../test/ledger/support/sample.ts'
import { temporaryFolder } from '../test/support/line.ts'
import { startPostgres } from '../test/support/postgres.ts'
import { median, type Benchmark, type Figure } from './framework.ts'

/** Callers that wait for an answer at the same time. */
const callers = 32
const rounds = 5
/** Certificates of one round. */
const requests = 2000
const bareMs = 500

/** One durable transaction of one row, by as many callers. */
interface BareRows extends AsyncDisposable {
  write(row: Uint8Array): Promise<unknown>
}

/** A kind of database: an empty place for each round, and one for bare rows. */
interface BenchDatabase extends AsyncDisposable {
  readonly name: string
  fresh(): Promise<LedgerLocation>
  bareRows(): Promise<BareRows>
}

async function sqliteDatabase(): Promise<BenchDatabase> {
  const folder = await temporaryFolder('keyline-issuer-core')
  let count = 0
  const fresh = (): LedgerLocation => ({
    kind: 'sqlite',
    file: join(folder.path, `${++count}.db`),
  })
  return {
    name: 'SQLite',
    fresh: () => Promise.resolve(fresh()),
    bareRows: async () => {
      const handle = (await loadSqlite())(join(folder.path, `bare-${++count}.db`), 200)
      handle.prepare('pragma journal_mode = wal').all([])
      handle.prepare('pragma synchronous = full').run([])
      handle.prepare('create table bare (id integer primary key, octets blob)').run([])
      const insert = handle.prepare('insert into bare (octets) values (?)')
      return {
        write: (row) => Promise.resolve(insert.run([row])),
        [Symbol.asyncDispose]: () => Promise.resolve(handle.close()),
      }
    },
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  }
}

async function postgresDatabase(): Promise<BenchDatabase> {
  const server = await startPostgres([])
  return {
    name: 'PostgreSQL',
    fresh: async () => ({ kind: 'postgres', url: await server.freshDatabase() }),
    bareRows: async () => {
      const pool = new Pool({ connectionString: await server.freshDatabase(), max: callers })
      await pool.query('create table bare (id bigserial primary key, octets bytea)')
      const insert = { name: 'insert', text: 'insert into bare (octets) values ($1)' }
      return {
        write: (row) => pool.query({ ...insert, values: [row] }),
        [Symbol.asyncDispose]: () => pool.end(),
      }
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
}

/** Does each piece of work once, so many at a time. Returns how many a second were done. */
async function rateOf(count: number, work: (place: number) => Promise<unknown>): Promise<number> {
  let next = 0
  const start = performance.now()
  await Promise.all(
    Array.from({ length: callers }, async () => {
      while (next < count) await work(next++)
    }),
  )
  return (count * 1000) / (performance.now() - start)
}

async function bareTransactions(database: BenchDatabase): Promise<number> {
  await using rows = await database.bareRows()
  const row = randomBytes(900)
  await rateOf(callers, () => rows.write(row))
  return await rateOf(requests / 2, () => rows.write(row))
}

/** What a request costs in any case: the key of the board is read, its signature verified, one made; on one thread. */
function bareCryptography(): number {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const key = publicKey.export({ format: 'der', type: 'spki' })
  const message = randomBytes(400)
  const signature = sign('sha256', message, privateKey)
  const start = performance.now()
  let count = 0
  while (performance.now() - start < bareMs) {
    if (!verify('sha256', message, { key, format: 'der', type: 'spki' }, signature))
      throw new Error()
    sign('sha256', message, privateKey)
    count++
  }
  return (count * 1000) / (performance.now() - start)
}

function makeRequests(): Promise<readonly DacRequest[]> {
  return Promise.all(
    Array.from({ length: requests }, async (_, place) => ({
      orderId: 'order-1',
      unitId: `unit-${place}`,
      idempotencyKey: `key-${place}`,
      csr: await buildRequest({ subject: name([]), signer: keyPairSigner(generateP256()) }),
      stationId: 'station-1',
      identity: { serialNumber: `KL-${String(place).padStart(6, '0')}` },
    })),
  )
}

interface Prepared {
  readonly asked: readonly DacRequest[]
  readonly issuerOver: (store: Ledger) => Promise<LocalIssuer>
}

async function prepare(): Promise<Prepared> {
  const notBefore = new Date(Date.UTC(2026, 0, 1))
  const { paa, pai } = await createPki({ vendorId: 0xfff1, notBefore, random: systemRandom })
  return {
    asked: await makeRequests(),
    issuerOver: (store) =>
      createLocalIssuer({
        store,
        signer: new FileSigner(keyPairSigner(pai.keyPair)),
        pai: pai.certificate,
        paa: paa.certificate,
        clock: systemClock,
        random: systemRandom,
      }),
  }
}

/** Certificates a second that were recorded durably before they were handed out. */
async function issuingRate(database: BenchDatabase, prepared: Prepared): Promise<number> {
  await using ledger = await openLedger({
    database: await database.fresh(),
    storeKey: new Secret(systemRandom.bytes(32)),
    clock: systemClock,
    random: systemRandom,
    actor: 'bench',
  })
  await ledger.createOrder(sampleOrder({ quantity: requests }))
  const issuer = await prepared.issuerOver(ledger)
  return await rateOf(requests, async (place) => {
    const request = prepared.asked[place]
    if (request !== undefined) await issuer.issue(request)
  })
}

async function* databaseFigures(
  database: BenchDatabase,
  prepared: Prepared,
): AsyncIterable<Figure> {
  const measured: { readonly value: number; readonly bare: number; readonly crypto: number }[] = []
  await issuingRate(database, prepared)
  for (let round = 0; round < rounds; round++) {
    const [bare, crypto] = [await bareTransactions(database), bareCryptography()]
    measured.push({ value: await issuingRate(database, prepared), bare, crypto })
  }
  const value = median(measured.map((one) => one.value))
  for (const [what, of] of [
    ['request verification and signature', 'crypto'],
    ['durable transaction of one row', 'bare'],
  ] as const) {
    yield {
      figure: `certificates on ${database.name}, against ${what}`,
      value,
      unit: 'DAC/s',
      ceiling: median(measured.map((one) => one[of])),
      ratio: median(measured.map((one) => one[of] / one.value)),
    }
  }
  yield {
    figure: `certificates on ${database.name}, against the slower of both`,
    value,
    unit: 'DAC/s',
    ceiling: median(measured.map(({ bare, crypto }) => Math.min(bare, crypto))),
    ratio: median(measured.map((one) => Math.min(one.bare, one.crypto) / one.value)),
    // At least half of its rate.
    goal: { of: 'ratio', is: 'at most', limit: 2 },
  }
}

export const issuerCoreBenchmark: Benchmark = {
  name: 'issuer-core',
  title: `the issuer in process, ${callers} callers, every certificate durable before it is handed out`,
  async *measure() {
    const prepared = await prepare()
    for (const open of [sqliteDatabase, postgresDatabase]) {
      await using database = await open()
      yield* databaseFigures(database, prepared)
    }
  },
}
