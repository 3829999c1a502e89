import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { packClaims } from './claim-batch.ts'
import { holds, type SignatureClaim, type SignatureVerifier } from './signature-verifier.ts'

/** Claims of one message: waking a thread costs half a verification, and a long batch keeps the answers back. */
const claimsOfBatch = 8

/** As this module, so that the thread runs from the sources where this does. */
const extension = extname(fileURLToPath(import.meta.url))

/** A thread does not inherit the loader that reads the sources: it registers its own. */
function sourceArguments(): readonly string[] {
  const loader = JSON.stringify(import.meta.resolve('tsx/esm/api'))
  const register = encodeURIComponent(`(await import(${loader})).register()`)
  return ['--conditions=source', `--import=data:text/javascript,${register}`]
}

interface Asked {
  readonly claim: SignatureClaim
  readonly answer: (holds: boolean) => void
}

export interface VerifierThreadsOptions {
  readonly count: number
  /** Hears why a thread has ended by itself. */
  readonly onFailure?: ((error: unknown) => void) | undefined
}

/**
 * Verifies signatures on threads of their own, which hold no key and no secret. Claims of one turn of the event loop
 * travel together. What a thread that has ended leaves undone is done on this one, and so is all else when none is left.
 */
export class VerifierThreads implements SignatureVerifier {
  readonly #threads: Set<VerifierThread>
  #waiting: Asked[] = []

  constructor({ count, onFailure = () => undefined }: VerifierThreadsOptions) {
    const onEnd = (thread: VerifierThread): void => void this.#threads.delete(thread)
    this.#threads = new Set(
      Array.from({ length: count }, () => new VerifierThread(onEnd, onFailure)),
    )
  }

  verify(claim: SignatureClaim): Promise<boolean> {
    return new Promise((answer) => {
      if (this.#waiting.push({ claim, answer }) === 1) setImmediate(() => this.#send())
    })
  }

  async close(): Promise<void> {
    await Promise.all([...this.#threads].map((thread) => thread.close()))
  }

  #send(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (let start = 0; start < waiting.length; start += claimsOfBatch) {
      const batch = waiting.slice(start, start + claimsOfBatch)
      const [idlest] = [...this.#threads].toSorted((a, b) => a.load - b.load)
      if (idlest === undefined) verifyHere(batch)
      else idlest.ask(batch)
    }
  }
}

/** One thread, and what it was asked and has not answered. With nothing to do it keeps no process alive. */
class VerifierThread {
  readonly #worker: Worker
  readonly #batches: (readonly Asked[])[] = []

  constructor(onEnd: (thread: VerifierThread) => void, onFailure: (error: unknown) => void) {
    const program = new URL(`verify-thread${extension}`, import.meta.url)
    const execArgv = extension === '.ts' ? sourceArguments() : []
    this.#worker = new Worker(program, { execArgv: [...execArgv] })
    this.#worker.on('message', (answers: readonly boolean[]) => {
      const batch = this.#batches.shift() ?? []
      if (this.#batches.length === 0) this.#worker.unref()
      for (const [place, { answer }] of batch.entries()) answer(answers[place] === true)
    })
    this.#worker.on('error', onFailure)
    this.#worker.once('exit', () => {
      onEnd(this)
      for (const batch of this.#batches.splice(0)) verifyHere(batch)
    })
    this.#worker.unref()
  }

  /** Batches that it has not answered. */
  get load(): number {
    return this.#batches.length
  }

  ask(batch: readonly Asked[]): void {
    this.#worker.ref()
    this.#batches.push(batch)
    const packed = packClaims(batch.map(({ claim }) => claim))
    this.#worker.postMessage(packed, [packed.octets.buffer])
  }

  async close(): Promise<void> {
    await this.#worker.terminate()
  }
}

function verifyHere(batch: readonly Asked[]): void {
  for (const { claim, answer } of batch) answer(holds(claim))
}
