import { throwIfInterrupted } from '@keyline/bytes'
import type { BatchFile, BatchFileEnd } from './batch-file.ts'

/** Consecutive units that are ready: their lines for the file, and what the ledger records of each. */
export interface MadeUnits<R> {
  /** Whole lines with their line feeds. */
  readonly lines: Uint8Array
  readonly records: readonly R[]
}

/** What a run needs of the ledger. */
export interface BatchStore<R> {
  /** How many units are recorded, and the end of the file behind them. */
  state(): Promise<{ readonly recorded: number; readonly file?: BatchFileEnd | undefined }>
  /** Records units that stand in the file. The chunk that was recorded last may come again. */
  record(chunk: {
    /** Place of the first unit: 1, 2, 3, … */
    readonly first: number
    readonly records: readonly R[]
    readonly file: BatchFileEnd
  }): Promise<void>
}

export interface BatchRun<R> {
  readonly units: number
  readonly file: BatchFile
  readonly store: BatchStore<R>
  /** Makes units, several chunks at the same time. */
  readonly make: (range: {
    readonly first: number
    readonly count: number
  }) => Promise<MadeUnits<R>>
  /** Units of one chunk: one sync and one transaction. */
  readonly chunkUnits: number
  /** Chunks that are made ahead of the one that is written: this bounds the memory. */
  readonly ahead: number
  readonly signal?: AbortSignal | undefined
  readonly onRecorded?: ((recorded: number) => void) | undefined
}

interface Pending<R> {
  readonly first: number
  readonly made: Promise<MadeUnits<R>>
}

/**
 * Makes what a batch still misses, in order. Each chunk is synced to the file and then recorded: whatever ends the run
 * between the two leaves lines that no ledger knows, and the next run cuts them off before it goes on.
 * @throws BytesError `INTERRUPTED` after the chunk in work; whatever file and ledger refuse with
 */
export async function runBatch<R>(run: BatchRun<R>): Promise<void> {
  const { units, file, store, chunkUnits, ahead, signal } = run
  const state = await store.state()
  await file.settle(state.file)
  run.onRecorded?.(state.recorded)
  const queue: Pending<R>[] = []
  let next = state.recorded + 1
  for (;;) {
    throwIfInterrupted(signal)
    while (next <= units && queue.length < ahead) {
      const count = Math.min(chunkUnits, units - next + 1)
      const made = run.make({ first: next, count })
      // Who ends early does not ask for the rest any more.
      made.catch(() => undefined)
      queue.push({ first: next, made })
      next += count
    }
    const chunk = queue.shift()
    if (chunk === undefined) return
    const { lines, records } = await chunk.made
    const end = await file.append(lines)
    await store.record({ first: chunk.first, records, file: end })
    run.onRecorded?.(chunk.first + records.length - 1)
  }
}
