import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { rmSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Client } from 'pg'
import { freePort } from './free-port.ts'
import { makeCluster, PostgresProcess } from './postgres-process.ts'

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

/**
 * Makes a cluster in a folder of its own and starts it. Dispose it in `finally` or `afterAll`.
 * @param flags settings as `name=value`. No test cuts the power: what a killed process leaves behind is in the kernel already.
 */
export async function startPostgres(
  flags: readonly string[] = ['fsync=off'],
): Promise<TestPostgres> {
  const folder = newFolder()
  const server = new PostgresProcess(folder, await freePort(), flags)
  const stop = async (): Promise<void> => {
    await server.stop()
    await rm(folder, { recursive: true, force: true })
  }
  try {
    // With its owner and its modes, which the server insists on.
    await run('cp', ['-a', await template(), folder])
    await server.start(freePort)
  } catch (error) {
    await stop()
    throw error
  }
  let count = 0
  return {
    async freshDatabase() {
      const name = `ledger_${++count}`
      await createDatabase(server, name)
      return server.urlOf(name)
    },
    stop,
    halt: () => server.stop(),
    start: () => server.start(),
    [Symbol.asyncDispose]: stop,
  }
}

/** As files: the other way writes each page of an empty database into the log of the server, too. */
async function createDatabase(server: PostgresProcess, name: string): Promise<void> {
  const client = new Client({ connectionString: server.urlOf('postgres') })
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
  const folder = newFolder()
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  await makeCluster(folder)
  return folder
}

function newFolder(): string {
  return join(tmpdir(), `keyline-postgres-${randomUUID()}`)
}
