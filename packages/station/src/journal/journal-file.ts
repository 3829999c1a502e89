import fs from 'node:fs'
import { open, unlink, writeFile, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '@keyline/bytes'
import { chainLine, chainStart, type JournalRecord } from '@keyline/ledger/records'
import { StationError } from '../errors.ts'
import { readJournal } from './journal-reader.ts'

/** What the station writes down; place, time and hash are added by the journal. */
export type JournalEntry = Omit<JournalRecord, 'seq' | 'time' | 'hash'>

/** Where a crash test may end the process. */
export type JournalPoint = 'before-write' | 'after-write' | 'after-sync'

export interface JournalOptions {
  readonly folder: string
  readonly clock: Clock
  /** Called at each point of each record; products leave it out. */
  readonly atPoint?: ((point: JournalPoint, entry: JournalEntry) => void) | undefined
  /** Octets kept aside for the last records of a full disk. */
  readonly reserveOctets?: number | undefined
}

interface Waiting {
  readonly entry: JournalEntry
  readonly isSynced: boolean
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

const reserveName = 'journal.reserve'

/**
 * The station's write-ahead journal: JSON lines, append-only, chained by hash.
 * `append` resolves when the record is on the disk, `note` when it is in the file; records that wait at the same
 * time share one write and one sync.
 * After a failed write or sync nothing more is accepted: a second sync could pretend success.
 */
export class Journal {
  readonly #file: FileHandle
  readonly #options: JournalOptions
  readonly #reservePath: string
  #seq: number
  #hash: string
  #waiting: Waiting[] = []
  #flushing: Promise<void> | undefined
  #failure: StationError | undefined

  private constructor(file: FileHandle, options: JournalOptions, seq: number, hash: string) {
    this.#file = file
    this.#options = options
    this.#reservePath = join(options.folder, reserveName)
    this.#seq = seq
    this.#hash = hash
  }

  /**
   * Opens the journal of a folder and gives back what it holds.
   * @throws StationError `STATION_JOURNAL_BROKEN`, `STATION_JOURNAL_VERSION`, `STATION_DISK_FULL`
   */
  static async open(
    options: JournalOptions,
  ): Promise<{ readonly journal: Journal; readonly records: readonly JournalRecord[] }> {
    const path = join(options.folder, 'journal.jsonl')
    const { records, soundLength } = await readJournal(path)
    let file: FileHandle | undefined
    try {
      file = await open(path, 'a', 0o600)
      await file.truncate(soundLength)
      await file.sync()
      const last = records.at(-1)
      const journal = new Journal(file, options, last?.seq ?? 0, last?.hash ?? chainStart)
      await journal.#keepReserve()
      return { journal, records }
    } catch (cause) {
      await file?.close()
      await unlink(join(options.folder, reserveName)).catch(() => undefined)
      throw diskError(cause, path)
    }
  }

  /** False once the reserve had to be used: no new board may start. */
  get hasRoom(): boolean {
    return this.#failure === undefined && !this.#reserveUsed
  }

  #reserveUsed = false

  /** Free octets on the disk of the journal. */
  freeOctets(): number {
    const { bavail, bsize } = fs.statfsSync(this.#options.folder)
    return bavail * bsize
  }

  /** For what must be known after a power cut. @throws StationError `STATION_JOURNAL_FAILED` */
  append(entry: JournalEntry): Promise<void> {
    return this.#put(entry, true)
  }

  /**
   * For what a board can be asked again: a killed process leaves it behind, a power cut before the next `append`
   * may not.
   * @throws StationError `STATION_JOURNAL_FAILED`
   */
  note(entry: JournalEntry): Promise<void> {
    return this.#put(entry, false)
  }

  #put(entry: JournalEntry, isSynced: boolean): Promise<void> {
    return this.#options.clock.during(
      () =>
        new Promise((resolve, reject) => {
          this.#waiting.push({ entry, isSynced, resolve, reject })
          this.#flushing ??= this.#flush()
        }),
    )
  }

  async close(): Promise<void> {
    await this.#flushing
    if (this.#failure === undefined) await this.#file.datasync()
    await this.#file.close()
    await unlink(this.#reservePath).catch(() => undefined)
  }

  async #flush(): Promise<void> {
    while (this.#waiting.length > 0) {
      // One turn of the event loop lets slots that write at the same moment share the sync.
      await new Promise<void>((resolve) => setImmediate(resolve))
      const batch = this.#waiting
      this.#waiting = []
      try {
        this.#write(batch)
        for (const { resolve } of batch) resolve()
      } catch (error) {
        for (const { reject } of batch) reject(error)
      }
    }
    this.#flushing = undefined
  }

  /**
   * Writes and syncs on this thread: handing a line to the thread pool costs four times the CPU of the write.
   * Records that come meanwhile wait together for the next round, so that a slow disk is asked less often.
   */
  #write(waiting: readonly Waiting[]): void {
    if (this.#failure !== undefined) throw this.#failure
    const { batch, lines, seq, hash } = this.#chain(waiting)
    if (batch.length === 0) return
    try {
      this.#reach('before-write', batch)
      this.#writeAll(lines)
      this.#reach('after-write', batch)
      if (batch.some(({ isSynced }) => isSynced)) fs.fdatasyncSync(this.#file.fd)
    } catch (cause) {
      this.#failure = new StationError(
        'STATION_JOURNAL_FAILED',
        'the journal could not be written',
        {
          cause,
        },
      )
      throw this.#failure
    }
    this.#seq = seq
    this.#hash = hash
    this.#reach('after-sync', batch)
  }

  /** Lines of the records, chained. One without canonical JSON is refused alone: the others are none of its business. */
  #chain(waiting: readonly Waiting[]) {
    const batch: Waiting[] = []
    let { lines, seq, hash } = { lines: '', seq: this.#seq, hash: this.#hash }
    for (const one of waiting) {
      const time = new Date(this.#options.clock.now()).toISOString()
      try {
        const chained = chainLine(hash, { ...one.entry, seq: seq + 1, time })
        hash = chained.hash
        lines += `${chained.line}\n`
      } catch (error) {
        one.reject(error)
        continue
      }
      seq++
      batch.push(one)
    }
    return { batch, lines, seq, hash }
  }

  /** On a full disk the reserve makes room for the records of the boards in work. */
  #writeAll(lines: string): void {
    const octets = Buffer.from(lines, 'utf8')
    let offset = 0
    while (offset < octets.length) {
      try {
        offset += fs.writeSync(this.#file.fd, octets, offset)
      } catch (error) {
        if (this.#reserveUsed || !isDiskFull(error)) throw error
        this.#reserveUsed = true
        fs.unlinkSync(this.#reservePath)
      }
    }
  }

  async #keepReserve(): Promise<void> {
    const length = this.#options.reserveOctets ?? 1_048_576
    await writeFile(this.#reservePath, new Uint8Array(length).fill(0x52), { mode: 0o600 })
  }

  #reach(point: JournalPoint, batch: readonly Waiting[]): void {
    if (this.#options.atPoint === undefined) return
    for (const { entry } of batch) this.#options.atPoint(point, entry)
  }
}

function isDiskFull(error: unknown): boolean {
  return (
    error instanceof Error &&
    'code' in error &&
    (error.code === 'ENOSPC' || error.code === 'EDQUOT')
  )
}

function diskError(cause: unknown, path: string): StationError {
  if (cause instanceof StationError) return cause
  if (isDiskFull(cause)) {
    return new StationError('STATION_DISK_FULL', `no space for the journal at ${path}`, { cause })
  }
  return new StationError('STATION_JOURNAL_FAILED', `the journal at ${path} could not be opened`, {
    cause,
  })
}
