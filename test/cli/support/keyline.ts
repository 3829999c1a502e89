import { spawn, type ChildProcess } from 'node:child_process'
import { resolve } from 'node:path'
import { main } from '@keyline/cli'
import { builtPrograms } from '../../support/bundled-program.ts'

/** What a command left behind. */
export interface Ended {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

/** Variables of a user who has set none of Keyline's. */
const cleanEnvironment = Object.fromEntries(
  Object.entries(process.env).filter(
    ([name]) => !/^(?:KEYLINE_|NO_COLOR$|FORCE_COLOR$)/.test(name),
  ),
)

/** Runs a command inside this process, as on a pipe. Relative paths are those of this process. */
export async function keyline(...args: readonly string[]): Promise<Ended> {
  let out = ''
  let err = ''
  const code = await main(['node', 'keyline', ...args], {
    isTerminal: false,
    hasColour: false,
    columns: 80,
    rows: 24,
    out: (text) => {
      out += text
    },
    err: (text) => {
      err += text
    },
  })
  return { code, out, err }
}

export interface ProcessOptions {
  /** Beside those of the test, without Keyline's own. */
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
}

/** A command in a process of its own, while it runs. */
export class KeylineProcess {
  readonly process: ChildProcess
  readonly ended: Promise<Ended>
  #out = ''
  #err = ''
  #watchers = new Set<() => void>()

  constructor([command = '', ...args]: readonly string[], options: ProcessOptions = {}) {
    const env = { ...cleanEnvironment, ...options.env }
    const child = spawn(command, args, { env, cwd: options.cwd, stdio: 'pipe' })
    this.process = child
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.#out += text
      this.#tell()
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#err += text
      this.#tell()
    })
    this.ended = new Promise((fulfil, reject) => {
      child.once('error', reject)
      child.once('close', (code) => {
        fulfil({ code, out: this.#out, err: this.#err })
        this.#tell()
      })
    })
  }

  /** What came from it up to now, both streams. */
  get said(): string {
    return this.#out + this.#err
  }

  /** Waits for a text on either stream. @throws Error when the process ends without it */
  async until(text: string): Promise<void> {
    while (!this.said.includes(text)) {
      const { exitCode, signalCode } = this.process
      if (exitCode !== null || signalCode !== null) {
        throw new Error(`the process ended without ${JSON.stringify(text)}:\n${this.said}`)
      }
      await new Promise<void>((fulfil) => {
        const watcher = (): void => {
          this.#watchers.delete(watcher)
          fulfil()
        }
        this.#watchers.add(watcher)
      })
    }
  }

  /** Ctrl+C for this process alone. */
  interrupt(): void {
    this.process.kill('SIGINT')
  }

  #tell(): void {
    for (const watcher of this.#watchers) watcher()
  }

  /** Ends it, if it has not ended. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.process.kill('SIGKILL')
    await this.ended
  }
}

/** The program as a user has it, one file a module. */
const installed = resolve(import.meta.dirname, '../../../packages/cli/bin/keyline.js')

/** The same in a shell, for what only a shell does with its output. */
export function startInShell(args: readonly string[], redirection: string): KeylineProcess {
  const line = commandLine(...args)
    .map((word) => `'${word}'`)
    .join(' ')
  return new KeylineProcess(['sh', '-c', `${line} ${redirection}`])
}

/** The command line of the program, which the set-up of the tests has built. */
export function commandLine(...args: readonly string[]): readonly string[] {
  return [process.execPath, builtPrograms.keyline, ...args]
}

/** Runs the program as a user has it, for what concerns its parts. */
export async function runInstalled(
  args: readonly string[],
  options?: ProcessOptions,
): Promise<Ended> {
  await using running = new KeylineProcess([process.execPath, installed, ...args], options)
  return await running.ended
}

export function startKeyline(args: readonly string[], options?: ProcessOptions): KeylineProcess {
  return new KeylineProcess(commandLine(...args), options)
}

export async function runKeyline(
  args: readonly string[],
  options?: ProcessOptions,
): Promise<Ended> {
  await using running = startKeyline(args, options)
  return await running.ended
}

/** What a user must never see. */
export const stackTrace = /\n\s+at .+:\d+:\d+/
