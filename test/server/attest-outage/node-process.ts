import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { LedgerLocation } from '@keyline/ledger'
import { bundledProgram } from '../../support/bundled-program.ts'
import { freePort } from '../../support/free-port.ts'

export interface NodeJob {
  readonly database: LedgerLocation
  readonly port: number
  /** How long it serves on after it has said that it stops. */
  readonly drainMs: number
  readonly memory: { readonly pollMs: number; readonly staleAfterMs: number }
}

/** A verifier in a process of its own. */
export class NodeProcess implements AsyncDisposable {
  readonly port: number
  /** Once it takes connections. */
  readonly listening: Promise<unknown>
  readonly #process: ChildProcess
  readonly #ended: Promise<number | string>

  private constructor(child: ChildProcess, port: number) {
    this.#process = child
    this.port = port
    this.listening = child.stdout === null ? Promise.resolve() : once(child.stdout, 'data')
    this.#ended = new Promise((resolve) => {
      child.once('close', (code, signal) => resolve(code ?? signal ?? 'unknown'))
    })
  }

  static async start(job: Omit<NodeJob, 'port'>): Promise<NodeProcess> {
    const program = await bundledProgram(join(import.meta.dirname, 'node-program.ts'))
    const port = await freePort()
    const child = spawn(process.execPath, [program, JSON.stringify({ ...job, port })], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    return new NodeProcess(child, port)
  }

  /** Stops it in good order. @returns its exit code */
  stop(): Promise<number | string> {
    this.#process.stdin?.write('stop\n')
    return this.#ended
  }

  /** @returns the signal that ended it */
  kill(): Promise<number | string> {
    this.#process.kill('SIGKILL')
    return this.#ended
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill()
  }
}
