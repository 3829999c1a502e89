import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { requireProgram } from './program.ts'

export interface OpensslResult {
  readonly status: number
  readonly stdout: string
  readonly stderr: string
}

/** The program `openssl` in a folder of its own, which disposing removes. */
export class Openssl implements Disposable {
  readonly #folder: string

  constructor() {
    requireProgram({ command: 'openssl', debianPackage: 'openssl' })
    this.#folder = mkdtempSync(join(tmpdir(), 'keyline-openssl-'))
  }

  write(file: string, content: string | Uint8Array): void {
    writeFileSync(join(this.#folder, file), content)
  }

  read(file: string): Uint8Array<ArrayBuffer> {
    return Uint8Array.from(readFileSync(join(this.#folder, file)))
  }

  /** Runs one command; a process that does not end in two minutes counts as failed. */
  run(args: readonly string[]): Promise<OpensslResult> {
    const options = { cwd: this.#folder, timeout: 120_000, maxBuffer: 256 * 1024 * 1024 }
    return new Promise((resolve) => {
      execFile('openssl', args, options, (error, stdout, stderr) => {
        const status = error === null ? 0 : typeof error.code === 'number' ? error.code : -1
        resolve({ status, stdout, stderr })
      })
    })
  }

  /** Runs a command that must end well, and gives its output. */
  async output(args: readonly string[]): Promise<string> {
    const { status, stdout, stderr } = await this.run(args)
    if (status !== 0) throw new Error(`openssl ${args.join(' ')} ended with ${status}: ${stderr}`)
    return stdout
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true, force: true })
  }
}
