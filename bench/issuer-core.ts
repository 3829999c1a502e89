import { Secret, systemClock, systemRandom } from '@keyline/bytes'
import { generateP256, keyPairSigner } from '@keyline/crypto'
import {
  createLocalIssuer,
  createPki,
  FileSigner,
  type DacRequest,
  type LocalIssuer,
} from '@keyline/issuer'
import { openLedger, type Ledger } from '@keyline/ledger'
import { buildRequest, name } from '@keyline/x509'
import { sampleOrder } from '../test/ledger/support/sample.ts'
import { median, type Benchmark, type Figure } from './framework.ts'
import {
  bareCryptography,
  bareTransactions,
  callers,
  postgresDatabase,
  rateOf,
  sqliteDatabase,
  type BenchDatabase,
} from './issuer-ceiling.ts'

const rounds = 5
/** Certificates of one round. */
const requests = 2000

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
