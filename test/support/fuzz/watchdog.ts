import { Worker } from 'node:worker_threads'

/** Places in the numbers that both threads see. */
const Cell = { execution: 0, length: 1, isRunning: 2 } as const

/**
 * Ends the process when one execution does not end: a thread of its own sees it, because the decoder
 * leaves its thread no time to. The input is written to the standard error output.
 */
export class Watchdog {
  readonly #worker: Worker
  readonly #cells = new Int32Array(new SharedArrayBuffer(4 * Object.keys(Cell).length))
  readonly #input: Uint8Array

  /** @param longestInput octets of the longest input */
  constructor(name: string, longestInput: number, hangMs: number) {
    this.#input = new Uint8Array(new SharedArrayBuffer(longestInput))
    this.#worker = new Worker(new URL('watchdog-worker.mjs', import.meta.url), {
      workerData: { name, Cell, cells: this.#cells, input: this.#input, hangMs },
    })
    this.#worker.unref()
  }

  begins(octets: Uint8Array): void {
    const shown = octets.subarray(0, this.#input.length)
    this.#input.set(shown)
    Atomics.store(this.#cells, Cell.length, shown.length)
    Atomics.add(this.#cells, Cell.execution, 1)
    Atomics.store(this.#cells, Cell.isRunning, 1)
  }

  ended(): void {
    Atomics.store(this.#cells, Cell.isRunning, 0)
  }

  async stop(): Promise<void> {
    await this.#worker.terminate()
  }
}
