import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { systemClock, systemRandom } from '@keyline/bytes'
import type { LedgerLocation } from '@keyline/ledger'
import { openAttestationRecord } from '@keyline/ledger/attestation'
import { bundledProgram } from '../test/support/bundled-program.ts'
import { cpuMilliseconds, median, type Figure } from './framework.ts'
import { postgresDatabase, sqliteDatabase, type BenchDatabase } from './issuer-ceiling.ts'
import { enterFleet, makeFleet } from './verifier-fleet.ts'
import type { FleetJob, FleetResult } from './verifier-load.ts'
import { benchStoreKey, type ServerReport } from './verifier-server.ts'

const devices = 2_500
/** Every worker meets each device before, so that its anchor is in memory; its parsed key is forgotten again by then. */
const warmUps = 2 * devices
/** A round of each form takes every device once. */
const rounds = 3
const connections = 16
const forms = ['verify', 'nonce and verify'] as const

/**
 * Verifications over HTTP, each of another device. The cores of a machine are shared by load, servers and database, so
 * that the CPU time of the servers is what is held against that of the library. Both take turns: a machine that slows
 * down slows both.
 * @param inProcess makes a result of the next token, without a server
 */
export async function* httpFigures(inProcess: () => Promise<unknown>): AsyncIterable<Figure> {
  {
    await using database = await sqliteDatabase()
    yield* databaseFigures(database, inProcess)
  }
  await using database = await postgresDatabase()
  yield* databaseFigures(database, inProcess)
}

async function* databaseFigures(
  database: BenchDatabase,
  inProcess: () => Promise<unknown>,
): AsyncIterable<Figure> {
  const location = await database.fresh()
  await enterInto(location)
  for (const workers of [1, 2]) {
    await using service = await startWorkers(location, workers)
    for (const form of forms) {
      const name = `${database.name}, ${workers} worker${workers > 1 ? 's' : ''}, ${form}`
      yield* roundFigures(name, service, form, inProcess)
    }
  }
}

async function* roundFigures(
  name: string,
  service: Service,
  form: FleetJob['form'],
  inProcess: () => Promise<unknown>,
): AsyncIterable<Figure> {
  const ceilings: number[] = []
  const results: FleetResult[] = []
  for (let round = 0; round < rounds; round++) {
    ceilings.push((devices * 1_000) / (await cpuMilliseconds(() => repeat(inProcess))))
    results.push(await service.load(form))
  }
  const rates = results.map(({ cpuSeconds }) => devices / cpuSeconds)
  yield {
    figure: `${name}, a core`,
    value: median(rates),
    unit: 'op/s',
    ceiling: median(ceilings),
    ratio: median(rates.map((rate, round) => (ceilings[round] ?? Number.NaN) / rate)),
    // What is promised is the verification; the nonce is a request of its own before it.
    goal: form === 'verify' ? { of: 'ratio', is: 'at most', limit: 2 } : undefined,
  }
  const byClock = median(results.map(({ seconds }) => devices / seconds))
  yield { figure: `${name}, by the clock`, value: byClock, unit: 'op/s' }
  const sorted = results.flatMap(({ spans }) => spans).toSorted((a, b) => a - b)
  for (const share of [0.5, 0.99]) {
    const value = sorted[Math.floor(sorted.length * share)] ?? Number.NaN
    yield { figure: `${name}, p${share * 100}`, value, unit: 'ms' }
  }
}

async function repeat(work: () => Promise<unknown>): Promise<void> {
  for (let count = 0; count < devices; count++) await work()
}

/** Puts the fleet into a database that is new. */
async function enterInto(database: LedgerLocation): Promise<void> {
  await using record = await openAttestationRecord({
    database,
    storeKey: benchStoreKey(),
    clock: systemClock,
    random: systemRandom,
    actor: 'bench',
  })
  await enterFleet(makeFleet(devices), record.tenant('0').endorsements)
}

interface Service extends AsyncDisposable {
  load(form: FleetJob['form']): Promise<FleetResult>
}

async function startWorkers(database: LedgerLocation, workers: number): Promise<Service> {
  const [serverProgram, loadProgram] = await Promise.all(
    ['verifier-server.ts', 'verifier-load.ts'].map((name) =>
      bundledProgram(join(import.meta.dirname, name)),
    ),
  )
  const servers = Array.from({ length: workers }, () => start(serverProgram))
  const reports = await Promise.all(
    servers.map((server) => asked<ServerReport>(server, { database })),
  )
  const ports = reports.map(({ port }) => port)
  const generator = start(loadProgram)
  const processes = servers.map(({ pid = 0 }) => pid)
  const load = async (job: Omit<FleetJob, 'connections' | 'processes'>): Promise<FleetResult> => {
    const result = await asked<FleetResult>(generator, { ...job, connections, processes })
    const { statuses } = result
    if (statuses['200'] !== job.requests) throw new Error(`answers: ${JSON.stringify(statuses)}`)
    return result
  }
  for (const port of ports) {
    await load({ ports: [port], devices, requests: warmUps, form: 'nonce and verify' })
  }
  return {
    load: (form) => load({ ports, devices, requests: devices, form }),
    [Symbol.asyncDispose]: async () => {
      for (const child of [generator, ...servers]) {
        child.kill('SIGKILL')
        if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
      }
    },
  }
}

function start(program = ''): ChildProcess {
  return fork(program, [], { execArgv: [], stdio: ['ignore', 'inherit', 'ignore', 'ipc'] })
}

/** Sends a job to a program, whose only message is its answer. */
function asked<Result>(child: ChildProcess, job: object): Promise<Result> {
  return new Promise((resolve, reject) => {
    const onExit = (code: number | null): void => reject(new Error(`it ended with ${code}`))
    child.once('exit', onExit)
    child.once('message', (result: Result) => {
      child.off('exit', onExit)
      resolve(result)
    })
    child.send(job)
  })
}
