import { execFileSync } from 'node:child_process'
import { appendFile, chown, mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'pg'
import { freePort } from '../../support/free-port.ts'
import { makeCluster, PostgresProcess, postgresUser } from '../../support/postgres-process.ts'

/** One PostgreSQL of a pair: its folder outlives its process. */
class Node {
  readonly #server: PostgresProcess

  constructor(folder: string, port: number) {
    this.#server = new PostgresProcess(folder, port, ['fsync=on', 'wal_level=replica'])
  }

  get folder(): string {
    return this.#server.folder
  }

  get url(): string {
    return this.#server.urlOf('postgres')
  }

  get conninfo(): string {
    const { name, password } = postgresUser
    return `host=127.0.0.1 port=${this.#server.port} user=${name} password=${password} application_name=standby`
  }

  start(): Promise<void> {
    return this.#server.start()
  }

  stop(): Promise<void> {
    return this.#server.stop()
  }

  /** Rows of a statement. */
  async query(text: string): Promise<readonly unknown[]> {
    const client = new Client({ connectionString: this.url })
    client.on('error', () => undefined)
    await client.connect()
    try {
      return (await client.query(text)).rows
    } finally {
      await client.end()
    }
  }
}

/** A primary and a standby that streams from it, asynchronously until the primary is told to wait. */
export class TwoNodes implements AsyncDisposable {
  readonly primary: Node
  readonly standby: Node
  readonly #root: string

  private constructor(root: string, primary: Node, standby: Node) {
    this.#root = root
    this.primary = primary
    this.standby = standby
  }

  static async start(): Promise<TwoNodes> {
    const root = await mkdtemp(join(tmpdir(), 'keyline-nodes-'))
    // The server runs as another user than root.
    execFileSync('chmod', ['755', root])
    const primary = new Node(join(root, 'primary'), await freePort())
    const standby = new Node(join(root, 'standby'), await freePort())
    const nodes = new TwoNodes(root, primary, standby)
    await makeCluster(primary.folder)
    execFileSync('cp', ['-a', primary.folder, standby.folder])
    const { uid, gid } = await stat(primary.folder)
    const signal = join(standby.folder, 'standby.signal')
    await writeFile(signal, '')
    await chown(signal, uid, gid)
    const settings = `primary_conninfo = '${primary.conninfo}'\n`
    await appendFile(join(standby.folder, 'postgresql.auto.conf'), settings)
    await primary.start()
    await standby.start()
    return nodes
  }

  /** The primary is gone for good; the standby takes its place. */
  async failOver(): Promise<void> {
    await this.primary.stop()
    await this.standby.query('select pg_promote()')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.standby.stop()
    await this.primary.stop()
    await rm(this.#root, { recursive: true, force: true })
  }
}
