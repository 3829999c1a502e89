import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Client } from 'pg'
import { startPostgres, type TestPostgres } from '../../support/postgres.ts'

/** A PostgreSQL server that is killed as no server expects it, and comes back at the same address. */
export class CrashingPostgres implements AsyncDisposable {
  readonly #server: TestPostgres
  readonly #folder: string
  readonly url: string

  private constructor(server: TestPostgres, folder: string, url: string) {
    this.#server = server
    this.#folder = folder
    this.url = url
  }

  static async start(): Promise<CrashingPostgres> {
    const server = await startPostgres()
    const url = await server.freshDatabase()
    const client = new Client({ connectionString: url })
    await client.connect()
    try {
      const { rows } = await client.query<{ data_directory: string }>('show data_directory')
      return new CrashingPostgres(server, rows[0]?.data_directory ?? '', url)
    } finally {
      await client.end()
    }
  }

  /** SIGKILL to the first process of the server; the others follow by themselves. */
  async kill(): Promise<void> {
    const [pid = ''] = (await readFile(join(this.#folder, 'postmaster.pid'), 'utf8')).split('\n')
    process.kill(Number(pid), 'SIGKILL')
    await this.#server.halt()
  }

  /** Starts it again as soon as the last of its processes has let go of its memory. */
  async restart(): Promise<void> {
    for (;;) {
      try {
        await this.#server.start()
        return
      } catch (error) {
        if (!/is still in use|already running/.test(String(error))) throw error
      }
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#server.stop()
  }
}
