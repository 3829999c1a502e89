import { startTimer, type Clock } from '@keyline/bytes'
import type { ServerLog } from '../../observe/log.ts'
import type { AppraisalRecord, VerifierStore } from '../port.ts'
import { unavailable } from '../record-guard.ts'

export interface AuditOptions {
  readonly store: (tenant: string) => VerifierStore
  readonly clock: Clock
  readonly log: ServerLog
  /** Records that wait at most. */
  readonly queue: number
  readonly batch: number
  readonly delayMs: number
}

/** A record keeps its place from before the appraisal on: whoever has one can always write. */
export interface AuditPlace {
  write(record: AppraisalRecord): void
  /** Gives back a place that was not used. */
  free(): void
}

/** Wait between two attempts of a log that cannot be written. */
const retryMs = 500

interface Waiting {
  readonly tenant: string
  readonly record: AppraisalRecord
}

/**
 * Writes what appraisals came to, in batches and behind the answers. A log that cannot be written is tried again; while
 * its queue is full, nothing is checked any more, since an appraisal without a record is none (attestation-verifier
 * chapter 12). A process that is killed loses what waits, at most one batch in sound times.
 */
export class Audit {
  readonly #options: AuditOptions
  readonly #waiting: Waiting[] = []
  #places = 0
  #isWriting = false
  #cancel: (() => void) | undefined
  #idle: (() => void)[] = []

  constructor(options: AuditOptions) {
    this.#options = options
  }

  /** Records that wait for the log. */
  get waiting(): number {
    return this.#waiting.length
  }

  /** @throws ServerError `SERVER_UNAVAILABLE` when the queue is full */
  place(tenant: string): AuditPlace {
    if (this.#places + this.#waiting.length >= this.#options.queue) {
      throw unavailable('the log of appraisals is not written fast enough')
    }
    this.#places += 1
    let isTaken = true
    const leave = (): boolean => {
      if (!isTaken) return false
      isTaken = false
      this.#places -= 1
      return true
    }
    return {
      write: (record) => {
        if (leave()) this.#add({ tenant, record })
      },
      free: () => void leave(),
    }
  }

  /** Writes what waits; returns when all is written or an attempt has failed. */
  async flush(): Promise<void> {
    if (this.#waiting.length === 0 && !this.#isWriting) return
    const idle = new Promise<void>((resolve) => this.#idle.push(resolve))
    this.#start()
    await idle
  }

  /** Writes what waits, as often as it takes, for as long as `graceMs`; what is left then is lost. */
  async close(graceMs: number): Promise<void> {
    const { clock } = this.#options
    const until = clock.monotonicMs() + graceMs
    await this.flush()
    while (this.#waiting.length > 0 && clock.monotonicMs() < until) {
      await clock.sleep(retryMs)
      await this.flush()
    }
    this.#cancel?.()
  }

  #add(waiting: Waiting): void {
    this.#waiting.push(waiting)
    if (this.#isWriting) return
    const { batch, delayMs, clock } = this.#options
    if (this.#waiting.length >= batch) this.#start()
    else this.#cancel ??= startTimer(clock, delayMs, () => this.#start())
  }

  #start(): void {
    this.#cancel?.()
    this.#cancel = undefined
    if (!this.#isWriting) void this.#write()
  }

  async #write(): Promise<void> {
    this.#isWriting = true
    let isWritten = true
    while (isWritten && this.#waiting.length > 0) isWritten = await this.#writeBatch()
    this.#isWriting = false
    const { clock } = this.#options
    if (!isWritten) this.#cancel ??= startTimer(clock, retryMs, () => this.#start())
    for (const resolve of this.#idle.splice(0)) resolve()
  }

  /** The first records of one tenant. They leave the queue when they are written. */
  async #writeBatch(): Promise<boolean> {
    const { batch, store, log } = this.#options
    const tenant = this.#waiting[0]?.tenant ?? ''
    const other = this.#waiting.findIndex((one) => one.tenant !== tenant)
    const count = Math.min(batch, other < 0 ? this.#waiting.length : other)
    try {
      const records = this.#waiting.slice(0, count).map(({ record }) => record)
      await store(tenant).appraisals.append(records)
      this.#waiting.splice(0, count)
      return true
    } catch (error) {
      log.error('the log of appraisals cannot be written', error, { waiting: this.#waiting.length })
      return false
    }
  }
}
