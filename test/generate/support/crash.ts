import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { writeTestPki } from '../../cli/support/pki.ts'
import { bundledProgram } from '../../support/bundled-program.ts'
import { temporaryFolder, writeOrder } from '../../support/line.ts'
import type { ChildJob } from './child.ts'
import type { Place } from './place.ts'

/** How a child ended. */
export interface ChildEnd {
  /** Exit code, or the signal that ended it. */
  readonly end: number | string
  readonly err: string
}

/** Generates batches in processes that are killed; the program and the PKI are made once. */
export class CrashBench implements AsyncDisposable {
  readonly #folder: Awaited<ReturnType<typeof temporaryFolder>>
  readonly #program: string
  readonly #pki: string
  #places = 0

  private constructor(
    folder: Awaited<ReturnType<typeof temporaryFolder>>,
    program: string,
    pki: string,
  ) {
    this.#folder = folder
    this.#program = program
    this.#pki = pki
  }

  static async start(): Promise<CrashBench> {
    const program = await bundledProgram(join(import.meta.dirname, 'child.ts'))
    const folder = await temporaryFolder('keyline-generate')
    return new CrashBench(folder, program, await writeTestPki(join(folder.path, 'pki')))
  }

  /** An empty station with an order of any number of units. */
  async place(): Promise<Place> {
    const folder = join(this.#folder.path, String(++this.#places))
    await mkdir(folder)
    return { folder, order: await writeOrder(folder, { quantity: 10_000 }), pki: this.#pki }
  }

  /** Runs a child to its end. @param killBehind ends it from outside behind that many recorded chunks */
  async run(job: ChildJob, killBehind?: number): Promise<ChildEnd> {
    const file = join(job.place.folder, 'job.json')
    await writeFile(file, JSON.stringify(job))
    const child = spawn(process.execPath, [this.#program, file], { stdio: 'pipe' })
    let err = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      err += text
    })
    const closed = once(child, 'close')
    let chunks = 0
    for await (const _ of createInterface({ input: child.stdout })) {
      chunks++
      if (chunks === killBehind) child.kill('SIGKILL')
    }
    const [code, signal]: unknown[] = await closed
    return { end: typeof code === 'number' ? code : String(signal), err }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#folder[Symbol.asyncDispose]()
  }
}
