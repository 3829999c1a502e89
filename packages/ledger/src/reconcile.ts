import { resolve } from 'node:path'
import { LedgerError } from './errors.ts'
import type { AuditHead } from './audit/record.ts'
import { openActor, type LedgerOptions } from './open-ledger.ts'
import type { Act } from './store/act.ts'
import { auditHead, checkHead } from './store/audit-log.ts'
import { CheckpointFolder, type Checkpoint } from './store/checkpoint-folder.ts'
import { highest, noMarks, type Marks } from './store/checkpoint-marks.ts'
import { applyLifts, epochOf, holdersOf, type Lift } from './store/checkpoint-reconcile.ts'

export interface ReconcileOptions extends Omit<LedgerOptions, 'checkpoints'> {
  /** The checkpoint folder of every server of this ledger, or copies of them. */
  readonly folders: readonly string[]
  /** Holders whose folder is lost for good. What only they have seen may be given out again: it is for a person to say. */
  readonly without?: readonly string[] | undefined
}

export interface Reconciliation {
  /** False when the ledger has all that the checkpoints have seen: nothing was changed. */
  readonly wasRestored: boolean
  readonly epoch: number
  /** Audit records that were written once and are not in this ledger. */
  readonly lostRecords: number
  readonly lifts: readonly Lift[]
}

interface Found {
  readonly folder: CheckpointFolder
  readonly checkpoint: Checkpoint
  readonly head: AuditHead | undefined
}

/**
 * Makes a restored ledger safe to use: every counter is lifted to what was handed out at most, a new epoch begins, and the
 * audit log says so. Every server must be stopped meanwhile.
 * @throws LedgerError `LEDGER_CHECKPOINT` when the checkpoint of a server is missing
 */
export async function reconcileLedger(options: ReconcileOptions): Promise<Reconciliation> {
  const found = await Promise.all(options.folders.map(readFolder))
  const { acts, database } = await openActor(options)
  try {
    const head = await acts.read(auditHead)
    const result = await acts.act((act) => reconcile(act, found, options.without ?? []))
    if (!result.wasRestored) return result
    const after = await acts.read(auditHead)
    for (const { folder, checkpoint } of found) {
      await folder.write({ ...checkpoint, epoch: result.epoch })
      folder.replaceHead(after)
    }
    return { ...result, lostRecords: Math.max(0, lastSeen(found) - head.seq) }
  } finally {
    await database.kysely.destroy()
  }
}

async function readFolder(path: string): Promise<Found> {
  const folder = new CheckpointFolder(resolve(path))
  const checkpoint = await folder.read()
  if (checkpoint !== undefined) return { folder, checkpoint, head: folder.readHead() }
  throw new LedgerError('LEDGER_CHECKPOINT', `${folder.path} holds no checkpoint`)
}

async function reconcile(
  act: Act,
  found: readonly Found[],
  without: readonly string[],
): Promise<Reconciliation> {
  const { tx, note } = act
  const given = new Set([...found.map(({ checkpoint }) => checkpoint.holder), ...without])
  const known = [...(await holdersOf(tx)), ...found.flatMap(({ checkpoint }) => checkpoint.others)]
  const missing = [...new Set(known)].filter((holder) => !given.has(holder))
  if (missing.length > 0) {
    throw new LedgerError(
      'LEDGER_CHECKPOINT',
      `the checkpoint of ${missing.length} more servers is needed: holders ${missing.join(', ')}`,
      { remedy: 'pass the checkpoint folder of every server (--checkpoints), or a copy of it' },
    )
  }
  const before = await epochOf(tx)
  if (!(await isBehind(act, found, before))) {
    return { wasRestored: false, epoch: before, lostRecords: 0, lifts: [] }
  }
  const marks = found.reduce<Marks>(
    (all, { checkpoint }) => highest(all, checkpoint.marks),
    noMarks,
  )
  const lifts = await applyLifts(tx, marks)
  const epoch = Math.max(before, ...found.map(({ checkpoint }) => checkpoint.epoch)) + 1
  await tx.updateTable('ledger_head').set({ epoch }).where('id', '=', 1).execute()
  for (const { folder, checkpoint } of found) {
    await tx
      .insertInto('checkpoint_holder')
      .values({ id: checkpoint.holder, folder: folder.path, opened_at: act.now, epoch })
      .onConflict((conflict) => conflict.column('id').doUpdateSet({ epoch }))
      .execute()
  }
  await tx.deleteFrom('checkpoint_holder').where('epoch', '<', epoch).execute()
  await note('ledger.reconciled', {
    epoch,
    seenTo: lastSeen(found),
    checkpoints: found.length,
    without: without.join(' '),
    orders: countOf(lifts, 'order'),
    lostOrders: countOf(lifts, 'lost order'),
    pools: countOf(lifts, 'pool'),
    crls: countOf(lifts, 'crl'),
  })
  return { wasRestored: true, epoch, lostRecords: 0, lifts }
}

async function isBehind({ tx }: Act, found: readonly Found[], epoch: number): Promise<boolean> {
  for (const { checkpoint, head } of found) {
    if (checkpoint.epoch !== epoch) return true
    if (head === undefined) continue
    try {
      await checkHead(tx, head)
    } catch (error) {
      if (error instanceof LedgerError && error.code === 'LEDGER_RESTORED') return true
      throw error
    }
  }
  return false
}

function countOf(lifts: readonly Lift[], kind: Lift['kind']): number {
  return lifts.filter((lift) => lift.kind === kind).length
}

function lastSeen(found: readonly Found[]): number {
  return Math.max(0, ...found.map(({ head }) => head?.seq ?? 0))
}
