import { BytesError } from '@keyline/bytes'
import { describe, expect, it } from 'vitest'
import type { BatchFile, BatchFileEnd } from './batch-file.ts'
import { runBatch, type BatchRun } from './run-batch.ts'

/** File and ledger in memory, with everything that happened to them. */
class Trial {
  readonly log: string[] = []
  recorded = 0
  end: BatchFileEnd | undefined
  making = 0
  mostMaking = 0

  run(change: Partial<BatchRun<number>> = {}): Promise<void> {
    const file: BatchFile = {
      settle: async (end) => void this.log.push(`settle ${end?.octets ?? 'start'}`),
      append: async (lines) => {
        this.log.push(`append ${lines.length}`)
        const octets = (this.end?.octets ?? 0) + lines.length
        return { octets, chunkOctets: lines.length, chunkSha256: '' }
      },
    }
    return runBatch<number>({
      units: 10,
      file,
      store: {
        state: async () => ({ recorded: this.recorded, file: this.end }),
        record: async ({ first, records, file: end }) => {
          this.log.push(`record ${first}+${records.length}`)
          this.recorded = first + records.length - 1
          this.end = end
        },
      },
      make: (range) => this.make(range),
      chunkUnits: 4,
      ahead: 2,
      ...change,
    })
  }

  /** Chunks become ready in the opposite order of their start. */
  async make({ first, count }: { readonly first: number; readonly count: number }) {
    this.mostMaking = Math.max(this.mostMaking, ++this.making)
    for (let turn = 0; turn < 20 - first; turn++) await Promise.resolve()
    this.making--
    const records = Array.from({ length: count }, (_, index) => first + index)
    return { lines: new Uint8Array(count), records }
  }
}

describe('a run of a batch', () => {
  it('writes each chunk before it records it, in the order of its units', async () => {
    const trial = new Trial()
    const seen: number[] = []
    await trial.run({ onRecorded: (recorded) => seen.push(recorded) })
    expect(trial.log).toEqual([
      'settle start',
      'append 4',
      'record 1+4',
      'append 4',
      'record 5+4',
      'append 2',
      'record 9+2',
    ])
    expect(seen).toEqual([0, 4, 8, 10])
  })

  it('makes no more chunks ahead than it was allowed', async () => {
    const trial = new Trial()
    await trial.run({ units: 100, chunkUnits: 1, ahead: 3 })
    expect(trial.mostMaking).toBeLessThanOrEqual(3)
    expect(trial.recorded).toBe(100)
  })

  it('goes on behind what is recorded, once the file is brought there', async () => {
    const trial = new Trial()
    trial.recorded = 8
    trial.end = { octets: 8, chunkOctets: 4, chunkSha256: '' }
    await trial.run()
    expect(trial.log).toEqual(['settle 8', 'append 2', 'record 9+2'])
    await trial.run()
    expect(trial.log.at(-1)).toBe('settle 10')
  })

  it('ends after the chunk in work when it is interrupted', async () => {
    const trial = new Trial()
    const controller = new AbortController()
    const interrupted = trial.run({
      signal: controller.signal,
      onRecorded: (recorded) => {
        if (recorded === 4) controller.abort(new BytesError('INTERRUPTED', 'by the test'))
      },
    })
    await expect(interrupted).rejects.toMatchObject({ code: 'INTERRUPTED' })
    expect(trial.recorded).toBe(4)
  })

  it('records nothing behind a chunk that could not be made or written', async () => {
    const trial = new Trial()
    const failing = trial.run({
      make: async (range) => {
        if (range.first === 5) throw new Error('no chunk')
        return trial.make(range)
      },
    })
    await expect(failing).rejects.toThrow('no chunk')
    expect(trial.recorded).toBe(4)
  })
})
