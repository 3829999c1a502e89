import { hostname } from 'node:os'
import { resolve } from 'node:path'
import { toHex, type Clock, type Random } from '@keyline/bytes'
import type { Kysely } from 'kysely'
import type { AuditHead } from '../audit/record.ts'
import type { LedgerTransaction } from '../database/database.ts'
import type { Tables } from '../database/schema.ts'
import { LedgerError } from '../errors.ts'
import type { Act, ActWatch, AuditNote } from './act.ts'
import { auditHead, checkHead } from './audit-log.ts'
import type { Acts } from './acts.ts'
import { CheckpointFolder, type Checkpoint } from './checkpoint-folder.ts'
import {
  ahead,
  areCovered,
  GrowingMarks,
  highest,
  marksOf,
  noMarks,
  type Marks,
} from './checkpoint-marks.ts'
import { actualMarks, epochOf, holdersOf, liftsOf } from './checkpoint-reconcile.ts'

export interface CheckpointOptions {
  /** A folder of this process alone, which is not backed up and restored together with the database. */
  readonly folder: string
}

const remedy =
  'stop every server, then run `keyline ledger reconcile` with the checkpoint folder of each'

/**
 * Sees what is committed, from outside the database, so that a restored backup is known as one. Before a counter passes
 * its mark the mark is raised on the disk; after each commit the head of the audit chain is noted, before the caller
 * hears of the commit.
 */
export class CheckpointKeeper implements ActWatch {
  readonly #folder: CheckpointFolder
  readonly #clock: Clock
  #checkpoint: Checkpoint
  #head: AuditHead
  /** What was used up, without the leases. */
  readonly #used: GrowingMarks
  #writing: Promise<void> = Promise.resolve()
  #refusal: LedgerError | undefined

  private constructor(
    folder: CheckpointFolder,
    clock: Clock,
    state: { readonly checkpoint: Checkpoint; readonly head: AuditHead },
  ) {
    this.#folder = folder
    this.#clock = clock
    this.#checkpoint = state.checkpoint
    this.#head = state.head
    this.#used = new GrowingMarks(state.checkpoint.marks)
  }

  /**
   * Compares the ledger with the checkpoint, and begins one where there is none.
   * @throws LedgerError `LEDGER_RESTORED` when the ledger is behind it or on another branch, `LEDGER_CHECKPOINT`
   */
  static async open(
    acts: Pick<Acts, 'act' | 'read'>,
    options: CheckpointOptions & { readonly clock: Clock; readonly random: Random },
  ): Promise<CheckpointKeeper> {
    const folder = new CheckpointFolder(resolve(options.folder))
    const found = await folder.read()
    const checkpoint =
      found === undefined
        ? await acts.act((act) => begin(act, folder, options.random))
        : await acts.read((db) => adopt(db, found, folder.readHead()))
    await folder.write(checkpoint)
    const head = await acts.read(auditHead)
    folder.writeHead(head, options.clock.monotonicMs())
    return new CheckpointKeeper(folder, options.clock, { checkpoint, head })
  }

  /** Notes how far the ledger is now, also by other servers. @throws LedgerError `LEDGER_RESTORED` */
  async observe(acts: Pick<Acts, 'read'>): Promise<void> {
    if (this.#refusal !== undefined) throw this.#refusal
    const last = this.#head
    const head = await acts.read(async (db) => {
      await checkHead(db, last).catch((cause: unknown) => {
        throw isRestored(cause) ? this.#refuse(cause.message, cause) : cause
      })
      return auditHead(db)
    })
    this.committed(head)
  }

  /** Inside the transaction: nothing is used up beyond a mark on the disk. */
  async beforeCommit(
    tx: LedgerTransaction,
    before: AuditHead,
    notes: readonly AuditNote[],
  ): Promise<void> {
    if (this.#refusal !== undefined) throw this.#refusal
    const { seq, hash } = this.#head
    if (before.seq < seq || (before.seq === seq && before.hash !== hash)) {
      throw this.#refuse(`audit record ${seq} was written, and the ledger ends at ${before.seq}`)
    }
    const used = notes.reduce<Marks>(
      (marks, { type, data }) => highest(marks, marksOf(type, data)),
      noMarks,
    )
    this.#used.add(used)
    if (areCovered(used, this.#checkpoint.marks)) return
    const { holder, marks } = this.#checkpoint
    const others = await holdersOf(tx)
    await this.#write({
      ...this.#checkpoint,
      others: others.filter((other) => other !== holder),
      marks: highest(marks, ahead(used)),
    })
  }

  /** The transaction is committed, and nobody has been told yet. */
  committed(head: AuditHead): void {
    if (head.seq <= this.#head.seq) return
    this.#head = head
    this.#folder.writeHead(head, this.#clock.monotonicMs())
  }

  /** Gives the leases back: who restores an old backup later burns no more than was used. */
  async close(): Promise<void> {
    if (this.#refusal === undefined) {
      await this.#writing
      await this.#folder
        .write({ ...this.#checkpoint, marks: this.#used.now() })
        .catch(() => undefined)
    }
    this.#folder.close()
  }

  /** What was restored beneath a running process stays refused, however far others go on with it. */
  #refuse(message: string, cause?: unknown): LedgerError {
    this.#refusal ??= restored(message, cause)
    return this.#refusal
  }

  /** One write after the other; marks only grow. */
  async #write(checkpoint: Checkpoint): Promise<void> {
    const before = this.#writing
    const written = this.#writeAfter(before, checkpoint)
    this.#writing = written.catch(() => undefined)
    await written
  }

  async #writeAfter(before: Promise<void>, checkpoint: Checkpoint): Promise<void> {
    await before
    const marks = highest(this.#checkpoint.marks, checkpoint.marks)
    await this.#folder.write({ ...checkpoint, marks })
    this.#checkpoint = { ...checkpoint, marks }
  }
}

/** The face of the checkpoints; a ledger without a folder for them keeps none. */
export class Checkpoints {
  readonly #acts: Acts
  readonly #keeper: CheckpointKeeper | undefined

  constructor(acts: Acts, keeper: CheckpointKeeper | undefined) {
    this.#acts = acts
    this.#keeper = keeper
  }

  /**
   * Notes how far the ledger is, so that this process knows what others have written: once a second on each server that
   * shares a database. Finds, too, that the database was restored beneath the running process.
   * @throws LedgerError `LEDGER_RESTORED`, `LEDGER_CHECKPOINT`
   */
  async observe(): Promise<void> {
    await this.#keeper?.observe(this.#acts)
  }
}

/** A ledger that is not restored gets a holder more. */
async function begin(
  { tx, now }: Act,
  folder: CheckpointFolder,
  random: Random,
): Promise<Checkpoint> {
  const place = `${hostname()}:${folder.path}`
  const lost = await tx
    .selectFrom('checkpoint_holder')
    .select('id')
    .where('folder', '=', place)
    .executeTakeFirst()
  if (lost !== undefined) {
    throw new LedgerError(
      'LEDGER_CHECKPOINT',
      `the checkpoint that was kept in ${folder.path} is gone (holder ${lost.id})`,
    )
  }
  const holder = toHex(random.bytes(16))
  const others = await holdersOf(tx)
  const epoch = await epochOf(tx)
  await tx
    .insertInto('checkpoint_holder')
    .values({ id: holder, folder: place, opened_at: now, epoch })
    .execute()
  return { format: 'keyline-checkpoint/1', holder, others: [...others], epoch, marks: noMarks }
}

/** The checkpoint of a ledger that has all it has seen. */
async function adopt(
  db: Kysely<Tables>,
  checkpoint: Checkpoint,
  head: AuditHead | undefined,
): Promise<Checkpoint> {
  const epoch = await epochOf(db)
  if (epoch === checkpoint.epoch) {
    if (head !== undefined) {
      await checkHead(db, head).catch((cause: unknown) => {
        throw isRestored(cause) ? restored(cause.message, cause) : cause
      })
    }
    return { ...checkpoint, marks: await actualMarks(db, checkpoint.marks) }
  }
  if (epoch < checkpoint.epoch) {
    throw restored(`the ledger is in epoch ${epoch}, its checkpoint in ${checkpoint.epoch}`)
  }
  const holder = await db
    .selectFrom('checkpoint_holder')
    .select('epoch')
    .where('id', '=', checkpoint.holder)
    .executeTakeFirst()
  const lifts = await liftsOf(db, checkpoint.marks)
  if (holder?.epoch !== epoch || lifts.length > 0) {
    throw restored(`the ledger was reconciled for epoch ${epoch} without this checkpoint`)
  }
  return { ...checkpoint, epoch }
}

function restored(message: string, cause?: unknown): LedgerError {
  return new LedgerError('LEDGER_RESTORED', `an old backup is in use: ${message}`, {
    cause,
    remedy,
  })
}

function isRestored(error: unknown): error is LedgerError {
  return error instanceof LedgerError && error.code === 'LEDGER_RESTORED'
}
