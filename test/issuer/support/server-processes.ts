import { randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { request as httpsRequest } from 'node:https'
import { join } from 'node:path'
import { concat, decodeUtf8, encodeUtf8, Secret, systemClock, systemRandom } from '@keyline/bytes'
import { createHttpsTransport, createRestIssuer, type IssuerClient } from '@keyline/issuer/client'
import {
  keyline,
  runKeyline,
  startKeyline,
  type KeylineProcess,
} from '../../cli/support/keyline.ts'
import { writePassphrase, writeTestPki } from '../../cli/support/pki.ts'

export interface ServerProcessesOptions {
  /** For the homes of the servers and the files of their members. */
  readonly folder: string
  /** `postgres://…` of each server; the ledger of its home unless given. */
  readonly ledger?: string | undefined
  /** Arguments beside the usual ones, such as `--key`. */
  readonly args?: readonly string[] | undefined
  /** Folder of the PKI; one with its key in a file unless given. */
  readonly pki?: string | undefined
}

/** How long a client waits for an answer, and how long it tries. */
export interface Patience {
  readonly tryMs: number
  readonly budgetMs: number
}

/** Of callers who stand in line behind hundreds of others, on a machine that has other work. */
const patient: Patience = { tryMs: 60_000, budgetMs: 240_000 }

/** Of callers who ask again soon, since answers are kept from them. */
export const impatient: Patience = { tryMs: 5_000, budgetMs: 240_000 }

/** With a body it is a POST. */
export interface MemberRequest {
  readonly path: string
  readonly json?: unknown
}

type Launch = (home: string, port: number, more: readonly string[]) => KeylineProcess

/** One `keyline serve`, which may be killed and started again in its home, on the same port. */
export class ServerProcess {
  readonly home: string
  readonly #launch: Launch
  #process: KeylineProcess | undefined
  #port = 0
  #isListening = false

  constructor(home: string, launch: Launch) {
    this.home = home
    this.#launch = launch
  }

  get port(): number {
    return this.#port
  }

  get isListening(): boolean {
    return this.#isListening
  }

  get pid(): number {
    const pid = this.#process?.process.pid
    if (pid === undefined) throw new Error('the server has no process')
    return pid
  }

  /** Waits for a line that holds a text, in its log or before it, and gives it. */
  async said(text: string): Promise<string> {
    const running = this.#process
    if (running === undefined) throw new Error('the server has no process')
    await running.until(text)
    return running.said.split('\n').find((line) => line.includes(text)) ?? ''
  }

  async start(...more: readonly string[]): Promise<void> {
    const started = this.#launch(this.home, this.#port, more)
    this.#process = started
    await started.until('"listening":{')
    const port = /"listening":\{[^}]*"port":(\d+)/.exec(started.said)?.[1]
    if (port === undefined) throw new Error(`the server names no port: ${started.said}`)
    this.#port = Number(port)
    this.#isListening = true
  }

  /** Ends it at once, as a loss of power does. */
  async kill(): Promise<void> {
    this.#isListening = false
    await this.#process?.[Symbol.asyncDispose]()
  }
}

/** Servers of the built program over one ledger, and what their people hold. */
export class ServerProcesses implements AsyncDisposable {
  readonly folder: string
  readonly servers: readonly [ServerProcess, ...ServerProcess[]]
  readonly #env: Readonly<Record<string, string>>

  private constructor(parts: Pick<ServerProcesses, 'folder' | 'servers'>, env: Environment) {
    this.folder = parts.folder
    this.servers = parts.servers
    this.#env = env
  }

  /** Starts so many servers; the first one founds the ledger, and its owner is enrolled. */
  static async start(options: ServerProcessesOptions, count = 1): Promise<ServerProcesses> {
    const { folder } = options
    const env = await prepareEnvironment(options)
    const launch = await prepareLaunch(options, env)
    const server = (place: number): ServerProcess =>
      new ServerProcess(join(folder, `server-${place}`), launch)
    const first = server(0)
    const others = Array.from({ length: count - 1 }, (_, place) => server(place + 1))
    const processes = new ServerProcesses({ folder, servers: [first, ...others] }, env)
    try {
      await first.start('--init')
      await Promise.all(others.map((other) => other.start()))
      await processes.#enrol('owner', join(first.home, 'service', 'owner.token'))
      return processes
    } catch (error) {
      await processes[Symbol.asyncDispose]()
      throw error
    }
  }

  /** PEM of the CA that stations pin. */
  get caFile(): string {
    return join(this.servers[0].home, 'service', 'ca.cert.pem')
  }

  /** Ports of the servers that listen now. */
  readonly ports = (): readonly number[] =>
    this.servers.filter(({ isListening }) => isListening).map(({ port }) => port)

  credentials(name: string): string {
    return join(this.folder, name)
  }

  /** Invites and enrols a member by the commands. */
  async enrol(name: string, role: string): Promise<void> {
    const invitation = await this.asOwner('member', 'invite', name, '--role', role)
    const token = join(this.folder, `${name}.token`)
    writeFileSync(token, invitation, { mode: 0o600 })
    await this.#enrol(name, token)
  }

  /** A command of the owner, which has to end well; gives its output. */
  asOwner(...args: readonly string[]): Promise<string> {
    return good(...args, '--credentials', this.credentials('owner'))
  }

  /** A command on the machine of the first server, which has to end well; gives its output. */
  async onServer(...args: readonly string[]): Promise<string> {
    const home = ['--home', this.servers[0].home]
    const { code, out, err } = await runKeyline([...args, ...home], { env: this.#env })
    if (code !== 0) throw new Error(`keyline ${args.join(' ')} ended with ${code}: ${err}`)
    return out
  }

  /** A request of a member to the first server, which has to end well; gives the body of the answer as text. */
  async call(name: string, request: MemberRequest): Promise<string> {
    return decodeUtf8(await this.fetch(name, request))
  }

  /** The same, as octets. */
  fetch(name: string, request: MemberRequest): Promise<Uint8Array> {
    const read = (file: string): string => readFileSync(join(this.credentials(name), file), 'utf8')
    const [cert, key] = [read('member.cert.pem'), read('member.key.pem')]
    const [{ port }] = this.servers
    const { path, json } = request
    const body = json === undefined ? undefined : JSON.stringify(json)
    const call = httpsRequest({
      host: 'localhost',
      port,
      path,
      ca: readFileSync(this.caFile, 'utf8'),
      cert,
      key,
      method: body === undefined ? 'GET' : 'POST',
      agent: false,
      headers: { 'content-type': 'application/json' },
    })
    return new Promise((resolve, reject) => {
      call.once('error', reject)
      call.once('response', (answer) => {
        const parts: Uint8Array[] = []
        answer.on('data', (part: Uint8Array) => void parts.push(part))
        answer.once('error', reject)
        answer.once('end', () => {
          if (answer.statusCode === 200) resolve(concat(...parts))
          else reject(new Error(`${path}: ${answer.statusCode}`))
        })
      })
      call.end(body)
    })
  }

  /** The REST client of the product, as a member, on a port that leads to the servers. */
  client(name: string, port: number, patience: Patience = patient): IssuerClient {
    const read = (file: string): string => readFileSync(join(this.credentials(name), file), 'utf8')
    const key = new Secret(encodeUtf8(read('member.key.pem')))
    const transport = createHttpsTransport({
      url: `https://localhost:${port}`,
      ca: readFileSync(this.caFile, 'utf8'),
      credentials: { certificate: read('member.cert.pem'), key },
      connections: 1,
    })
    const clock = systemClock
    return createRestIssuer({ transport, clock, random: systemRandom, ...patience })
  }

  async #enrol(name: string, token: string): Promise<void> {
    const [{ port }] = this.servers
    const where = ['--server', `https://localhost:${port}`, '--ca', this.caFile]
    const files = ['--token-file', token, '--credentials', this.credentials(name)]
    await good('enroll', '--name', name, ...where, ...files)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const server of this.servers) await server.kill()
  }
}

type Environment = Readonly<Record<string, string>>

async function prepareEnvironment({
  folder,
  ledger,
}: ServerProcessesOptions): Promise<Environment> {
  const passphraseFile = await writePassphrase(folder)
  const storeKeyFile = join(folder, 'store.key')
  writeFileSync(storeKeyFile, randomBytes(32).toString('hex'), { mode: 0o600 })
  return {
    KEYLINE_STORE_KEY_FILE: storeKeyFile,
    KEYLINE_PASSPHRASE_FILE: passphraseFile,
    ...(ledger === undefined ? {} : { KEYLINE_LEDGER: ledger }),
  }
}

async function prepareLaunch(options: ServerProcessesOptions, env: Environment): Promise<Launch> {
  const { folder, args = [] } = options
  const pki = options.pki ?? (await writeTestPki(join(folder, 'pki')))
  return (home, port, more) => {
    const where = ['--home', home, '--listen', `127.0.0.1:${port}`, '--pki', pki]
    return startKeyline(['serve', '--json', ...where, ...args, ...more], { env })
  }
}

/** The audit log as a server exports it to an auditor, JSON lines. */
export function auditLog(servers: ServerProcesses, auditor: string): Promise<string> {
  return servers.call(auditor, { path: '/v1/audit' })
}

async function good(...args: readonly string[]): Promise<string> {
  const { code, out, err } = await keyline(...args)
  if (code !== 0) throw new Error(`keyline ${args.join(' ')} ended with ${code}: ${err}`)
  return out
}
