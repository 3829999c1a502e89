import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { LedgerLocation } from '@keyline/ledger'
import { bundleBuiltPrograms, bundledProgram } from '../test/support/bundled-program.ts'
import { temporaryFolder } from '../test/support/line.ts'
import { cpuSecondsOf, median, type Benchmark, type Figure } from './framework.ts'
import {
  bareCryptography,
  bareTransactions,
  callers,
  postgresDatabase,
  sqliteDatabase,
  type BenchDatabase,
} from './issuer-ceiling.ts'
import { listFigures } from './issuer-list.ts'
import type { LoadResult } from './issuer-load.ts'
import {
  prepareRequests,
  quantileMs,
  runLoad,
  startService,
  type OrderRequests,
} from './issuer-service.ts'

const rounds = 3
/** Rounds before them: the runtime compiles what is run often, and two servers share each round. */
const warmUps = 2
/** Certificates of one round. */
const certificates = 2000
/** Rounds that a list may take to be built; most of the time waits for more to be revoked. */
const listRounds = 6

interface Setting {
  readonly database: BenchDatabase
  readonly servers: number
  readonly folder: string
  /** The first {@link warmUps} are for warming up. */
  readonly orders: readonly OrderRequests[]
  /** Of the process that makes the load. */
  readonly program: string
}

interface Round extends LoadResult {
  readonly bare: number
  readonly crypto: number
  /** CPU seconds of all servers. */
  readonly serverCpu: number
}

async function measureRounds(setting: Setting): Promise<readonly Round[]> {
  const { database, folder, orders, program } = setting
  mkdirSync(folder)
  const ledger = addressOf(await database.fresh())
  await using servers = await startService({ ...setting, ledger })
  const serverCpu = (): number =>
    servers.servers.reduce((sum, { pid }) => sum + cpuSecondsOf(pid), 0)
  const measured: Round[] = []
  for (const requests of orders) {
    const [bare, crypto] = [await bareTransactions(database), bareCryptography()]
    const before = serverCpu()
    const result = await runLoad(program, servers, { requests, connections: callers })
    measured.push({ ...result, bare, crypto, serverCpu: serverCpu() - before })
  }
  return measured.slice(warmUps)
}

function addressOf(location: LedgerLocation): string {
  return location.kind === 'sqlite' ? location.file : location.url
}

async function* settingFigures(setting: Setting): AsyncIterable<Figure> {
  const { database, servers } = setting
  const measured = await measureRounds(setting)
  const name = `${servers === 1 ? 'one server' : `${servers} servers`} on ${database.name}`
  for (const [what, of] of [
    ['request verification and signature', 'crypto'],
    ['durable transaction of one row', 'bare'],
  ] as const) {
    yield {
      figure: `${name}, against ${what}`,
      value: median(measured.map(rate)),
      unit: 'DAC/s',
      ceiling: median(measured.map((round) => round[of])),
      ratio: median(measured.map((round) => round[of] / rate(round))),
    }
  }
  yield {
    figure: `${name}, against both in turn`,
    value: median(measured.map(rate)),
    unit: 'DAC/s',
    ceiling: median(measured.map(inTurn)),
    ratio: median(measured.map((round) => inTurn(round) / rate(round))),
  }
  yield {
    figure: `${name}, against the slower of both`,
    value: median(measured.map(rate)),
    unit: 'DAC/s',
    ceiling: median(measured.map(({ bare, crypto }) => Math.min(bare, crypto))),
    ratio: median(measured.map((round) => Math.min(round.bare, round.crypto) / rate(round))),
    // At least half of its rate.
    goal: { of: 'ratio', is: 'at most', limit: 2 },
  }
  for (const share of [0.5, 0.99]) {
    const values = measured.map(({ spans }) => quantileMs(spans, share))
    yield { figure: `${name}, p${share * 100}`, value: median(values), unit: 'ms' }
  }
  const inServers = median(measured.map(({ serverCpu }) => microseconds(serverCpu)))
  yield { figure: `${name}, CPU of the servers a certificate`, value: inServers, unit: 'µs' }
  const inLoad = median(measured.map(({ cpu }) => microseconds(cpu)))
  yield { figure: `${name}, CPU of the load a certificate`, value: inLoad, unit: 'µs' }
}

function rate({ seconds }: Round): number {
  return certificates / seconds
}

/** What one thread comes to that does the one after the other. */
function inTurn({ bare, crypto }: Round): number {
  return 1 / (1 / bare + 1 / crypto)
}

/** Of one certificate. @param seconds of a round */
function microseconds(seconds: number): number {
  return (seconds * 1e6) / certificates
}

export const issuerBenchmark: Benchmark = {
  name: 'issuer',
  title:
    `durable certificates over kept mutual TLS, ${callers} connections; ` +
    'load, servers and database share the cores of this machine',
  async *measure() {
    await using folder = await temporaryFolder('keyline-issuer-bench')
    await bundleBuiltPrograms()
    const program = await bundledProgram(join(import.meta.dirname, 'issuer-load.ts'))
    const names = Array.from({ length: 2 + listRounds }, (_, round) => `round-${round}`)
    const orders = await prepareRequests(folder.path, names, certificates)
    const common = { orders: orders.slice(0, warmUps + rounds), program }
    {
      await using database = await sqliteDatabase()
      yield* settingFigures({
        ...common,
        database,
        servers: 1,
        folder: join(folder.path, 'sqlite'),
      })
    }
    await using database = await postgresDatabase()
    for (const servers of [1, 2]) {
      const place = join(folder.path, `postgres-${servers}`)
      yield* settingFigures({ ...common, database, servers, folder: place })
    }
    yield* listFigures({ folder: folder.path, orders, program })
  },
}
