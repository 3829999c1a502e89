import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { systemClock, systemRandom } from '@keyline/bytes'
import type { LedgerLocation } from '@keyline/ledger'
import { openAttestationRecord } from '@keyline/ledger/attestation'
import { bundledProgram } from '../test/support/bundled-program.ts'
import type { Figure } from './framework.ts'
import { postgresDatabase, sqliteDatabase, type BenchDatabase } from './issuer-ceiling.ts'
import { enterFleet, makeFleet } from './verifier-fleet.ts'
import type { FleetJob, FleetResult } from './verifier-load.ts'
import { benchStoreKey, type ServerReport } from './verifier-server.ts'

const devices = 12_000
/** Each device is met once before, so that its anchor is in memory; its parsed key is forgotten again by then. */
const warmUps = devices
const requests = 6_000
const connections = 16
const forms = ['verify', 'nonce and verify'] as const

/**
 * Verifications over HTTP, each of another device. The cores of a machine are shared by load, servers and database, so
 * that the CPU time of the servers is what is held against that of the library.
 * @param inProcess tokens to result on one core in the same run
 */
export async function* httpFigures(inProcess: number): AsyncIterable<Figure> {
  {
    await using database = await sqliteDatabase()
    yield* databaseFigures(database, inProcess)
  }
  await using database = await postgresDatabase()
  yield* databaseFigures(database, inProcess)
}

async function* databaseFigures(database: BenchDatabase, inProcess: number): AsyncIterable<Figure> {
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
  inProcess: number,
): AsyncIterable<Figure> {
  const { seconds, spans, statuses, cpuSeconds } = await service.load(form)
  if (statuses['200'] !== requests) throw new Error(`answers: ${JSON.stringify(statuses)}`)
  const perCore = requests / cpuSeconds
  yield {
    figure: `${name}, a core`,
    value: perCore,
    unit: 'op/s',
    ceiling: inProcess,
    ratio: inProcess / perCore,
    goal: { of: 'ratio', is: 'at most', limit: 2 },
  }
  yield { figure: `${name}, by the clock`, value: requests / seconds, unit: 'op/s' }
  const sorted = spans.toSorted((a, b) => a - b)
  for (const share of [0.5, 0.99]) {
    const value = sorted[Math.floor(sorted.length * share)] ?? Number.NaN
    yield { figure: `${name}, p${share * 100}`, value, unit: 'ms' }
  }
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
  const load = async (form: FleetJob['form'], count: number): Promise<FleetResult> => {
    const job = { ports, processes, connections, devices, requests: count, form }
    return asked<FleetResult>(generator, job satisfies FleetJob)
  }
  return {
    load: async (form) => {
      await load(form, warmUps)
      return load(form, requests)
    },
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
