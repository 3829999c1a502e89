import type { Kysely } from 'kysely'
import type { BatchRow, StoredUnitRow, Tables } from '../database/schema.ts'
import { statement, type Values } from '../database/statement.ts'
import { LedgerError } from '../errors.ts'
import type { Act } from './act.ts'
import { checkIssuingTime, noteIssue } from './certificates.ts'
import { RowInserter } from './insert-rows.ts'
import { keepPai, orderRow, requireOpen, requirePai } from './orders.ts'
import { formatSerialNumber } from './serial-number.ts'
import { nothingSealed, requireNotScrapped } from './units.ts'

/** Units that are generated without boards, and how far they are recorded. */
export interface Batch {
  readonly id: string
  readonly orderId: string
  readonly units: number
  /** How many of them are recorded: always the first ones. */
  readonly recorded: number
  /** Pattern of the serial numbers, and the number of the first unit; the others follow without gaps. */
  readonly pattern: string
  readonly firstNumber: number
  /** What the file of the batch must hold; absent while nothing is recorded. */
  readonly file?: BatchFileEnd | undefined
}

/** The file of a batch up to its last recorded unit. */
export interface BatchFileEnd {
  /** Length of the file. */
  readonly octets: number
  /** The last chunk of it: its length and its SHA-256, hexadecimal. */
  readonly chunkOctets: number
  readonly chunkSha256: string
}

/**
 * One generated unit on its way into the ledger; its secrets rest in the file of the batch alone.
 * Hashes and serial numbers are hexadecimal.
 */
export interface BatchUnit {
  readonly serialNumber: string
  readonly certificate: {
    /** X.509 DER. */
    readonly der: Uint8Array
    readonly sha256: string
    /** SHA-256 of the subject public key info, DER. */
    readonly spkiSha256: string
    readonly serialNumber: string
  }
}

/** Consecutive units of a batch, which stand in its file already. */
export interface BatchChunk {
  readonly batchId: string
  /** Place of the first one in the batch: 1, 2, 3, … */
  readonly first: number
  readonly units: readonly BatchUnit[]
  /** Of their verifiers. */
  readonly iterations: number
  /** Key identifier of the PAI. */
  readonly issuerKeyId: string
  /** The end of the file behind them. */
  readonly file: BatchFileEnd
}

/** Id of a unit by its place in the batch; the ids of a batch are in the order of its units. */
export function batchUnitId(batchId: string, place: number): string {
  return `${batchId}-${String(place).padStart(7, '0')}`
}

/** @param place 1 … units */
export function batchSerialNumber(
  batch: Pick<Batch, 'pattern' | 'firstNumber'>,
  place: number,
): string {
  const number = batch.firstNumber + place - 1
  const serialNumber = formatSerialNumber(batch.pattern, number)
  if (serialNumber !== undefined) return serialNumber
  const message = `pattern ${batch.pattern} has no place for number ${number}`
  throw new LedgerError('LEDGER_POOL_EXHAUSTED', message)
}

const takePlaces = statement((db, { orderId, units }: Values<{ orderId: string; units: number }>) =>
  db
    .updateTable('work_order')
    .set((eb) => ({
      units_reserved: eb('units_reserved', '+', units),
      last_sequence: eb('last_sequence', '+', units),
      certificates_used: eb('certificates_used', '+', units),
    }))
    .where('id', '=', orderId)
    .where('state', '=', 'open')
    .where('paused', '=', 0)
    .where((eb) => eb(eb('units_reserved', '+', units), '<=', eb.ref('quantity')))
    .where((eb) => eb(eb('certificates_used', '+', units), '<=', eb.ref('certificate_limit')))
    .returning(['last_sequence', 'certificates_used', 'pool']),
)

const takeNumbers = statement((db, { name, units }: Values<{ name: string; units: number }>) =>
  db
    .updateTable('serial_pool')
    .set((eb) => ({ next: eb('next', '+', units) }))
    .where('name', '=', name)
    .returning(['next', 'pattern']),
)

const advance = statement(
  (
    db,
    row: Values<{
      id: string
      before: number
      recorded: number
      octets: number
      chunkOctets: number
      sha256: string
    }>,
  ) =>
    db
      .updateTable('batch')
      .set({
        recorded: row.recorded,
        file_octets: row.octets,
        chunk_octets: row.chunkOctets,
        chunk_sha256: row.sha256,
      })
      .where('id', '=', row.id)
      .where('recorded', '=', row.before)
      .returningAll(),
)

/**
 * Takes places, serial numbers and certificates of the order for the whole batch, so that it can be finished.
 * The same batch again changes nothing.
 */
export async function openBatch(
  { tx, now, note }: Act,
  wanted: { readonly id: string; readonly orderId: string; readonly units: number },
): Promise<Batch> {
  const { id, orderId, units } = wanted
  const known = await findBatch(tx, id)
  if (known !== undefined) {
    if (known.orderId === orderId && known.units === units) return known
    const message = `batch ${id} has ${known.units} units of order ${known.orderId}, not ${units} of ${orderId}`
    throw new LedgerError('LEDGER_BATCH_DIFFERS', message)
  }
  await checkIssuingTime(tx, now)
  const [order] = await takePlaces(tx, { orderId, units })
  if (order === undefined) throw await noPlaces(tx, orderId, units)
  const [pool] = await takeNumbers(tx, { name: order.pool, units })
  if (pool === undefined) {
    throw new LedgerError('LEDGER_DAMAGED', `the ledger has lost serial pool ${order.pool}`)
  }
  const firstNumber = pool.next - units
  // Refuses a batch whose last unit has no number.
  batchSerialNumber({ pattern: pool.pattern, firstNumber }, units)
  const row: BatchRow = {
    id,
    order_id: orderId,
    units,
    recorded: 0,
    first_sequence: order.last_sequence - units + 1,
    first_number: firstNumber,
    first_quota_number: order.certificates_used - units + 1,
    file_octets: 0,
    chunk_octets: 0,
    chunk_sha256: '',
    created_at: now,
  }
  await tx.insertInto('batch').values(row).execute()
  await note('batch.opened', {
    batch: id,
    order: orderId,
    units,
    firstNumber,
    firstSequence: row.first_sequence,
    firstQuotaNumber: row.first_quota_number,
  })
  return batchOf(row, pool.pattern)
}

async function noPlaces(tx: Act['tx'], orderId: string, units: number): Promise<LedgerError> {
  const row = await orderRow(tx, orderId)
  requireOpen(row)
  const left = row.quantity - row.units_reserved
  const certificates = row.certificate_limit - row.certificates_used
  return new LedgerError(
    'LEDGER_QUOTA',
    `work order ${orderId} has ${left} units and ${certificates} certificates left, not ${units}`,
    { remedy: 'generate fewer units, or have a new work order approved; nothing was used up' },
  )
}

const units = new RowInserter('unit')
const certificates = new RowInserter('certificate')

/** Records units that stand in the file of their batch. The same chunk again changes nothing. */
export async function recordChunk({ tx, now, note }: Act, chunk: BatchChunk): Promise<void> {
  const { batchId, first, file } = chunk
  const before = first - 1
  const recorded = before + chunk.units.length
  const [batch] = await advance(tx, {
    id: batchId,
    before,
    recorded,
    octets: file.octets,
    chunkOctets: file.chunkOctets,
    sha256: file.chunkSha256,
  })
  if (batch === undefined) {
    await requireRecorded(tx, chunk, recorded)
    return
  }
  await checkIssuingTime(tx, now)
  const order = await orderRow(tx, batch.order_id)
  requireOpen(order)
  requirePai(order, chunk.issuerKeyId)
  await keepPai(tx, { orderId: order.id, issuerKeyId: chunk.issuerKeyId })
  const pool = await poolOf(tx, batch.order_id)
  const places = chunk.units.map((unit, index) => ({ unit, place: first + index }))
  for (const { unit, place } of places) {
    const due = batchSerialNumber({ pattern: pool.pattern, firstNumber: batch.first_number }, place)
    if (unit.serialNumber === due) continue
    const message = `unit ${place} of batch ${batchId} has serial number ${due}, not ${unit.serialNumber}`
    throw new LedgerError('LEDGER_BATCH_DIFFERS', message)
  }
  await units.insert(
    tx,
    places.map(({ unit, place }) => ({
      id: batchUnitId(batchId, place),
      order_id: batch.order_id,
      sequence: batch.first_sequence + place - 1,
      pool: pool.name,
      vendor_id: order.vendor_id,
      product_id: order.product_id,
      serial_number: unit.serialNumber,
      state: 'decided',
      live: 1,
      board_uid: null,
      batch_id: batchId,
      remote: 0,
      created_at: now,
      ...nothingSealed,
      iterations: chunk.iterations,
    })),
  )
  await certificates.insert(
    tx,
    places.map(({ unit: { certificate }, place }) => ({
      sha256: certificate.sha256,
      order_id: batch.order_id,
      unit_id: batchUnitId(batchId, place),
      quota_number: batch.first_quota_number + place - 1,
      issuer_key_id: chunk.issuerKeyId,
      serial_number: certificate.serialNumber,
      spki_sha256: certificate.spkiSha256,
      idempotency_key: batchUnitId(batchId, place),
      // What was asked for is the certificate of this key.
      request_hash: certificate.spkiSha256,
      der: certificate.der,
      state: 'live',
      void_reason: null,
      issued_at: now,
      station_id: null,
    })),
  )
  await noteIssue(tx, { now })
  await note('batch.recorded', { batch: batchId, first, last: recorded, sha256: file.chunkSha256 })
}

/** A chunk out of turn: the one recorded last is known by its hash, any other belongs to another writer. */
async function requireRecorded(tx: Act['tx'], chunk: BatchChunk, recorded: number): Promise<void> {
  const batch = await requireBatch(tx, chunk.batchId)
  const isSame = batch.recorded === recorded && batch.file?.chunkSha256 === chunk.file.chunkSha256
  if (isSame) return
  throw new LedgerError(
    'LEDGER_BATCH_DIFFERS',
    `batch ${chunk.batchId} has ${batch.recorded} units recorded, and units ${chunk.first} to ${recorded} came next`,
  )
}

/** Writes into the audit log that units of a batch are opened for a person. @param last place of the last one */
export async function noteBatchRevealed(
  { tx, note }: Act,
  range: { readonly batchId: string; readonly first: number; readonly last: number },
): Promise<void> {
  await requireBatch(tx, range.batchId)
  await note('secrets.revealed', { batch: range.batchId, first: range.first, last: range.last })
}

/** A unit whose secrets rest here. @throws LedgerError `LEDGER_UNIT_IN_BATCH`, `LEDGER_UNIT_REMOTE`, `LEDGER_UNIT_SCRAPPED` */
export function requireOwnSecrets(unit: StoredUnitRow): void {
  const { id, batch_id: batch } = unit
  requireNotScrapped(unit)
  if (unit.remote === 1) {
    throw new LedgerError('LEDGER_UNIT_REMOTE', `unit ${id} was made by a station elsewhere`)
  }
  if (batch === null) return
  throw new LedgerError('LEDGER_UNIT_IN_BATCH', `unit ${id} was generated in batch ${batch}`)
}

async function poolOf(
  tx: Act['tx'],
  orderId: string,
): Promise<{ readonly name: string; readonly pattern: string }> {
  return tx
    .selectFrom('work_order')
    .innerJoin('serial_pool', 'serial_pool.name', 'work_order.pool')
    .select(['serial_pool.name', 'serial_pool.pattern'])
    .where('work_order.id', '=', orderId)
    .executeTakeFirstOrThrow()
}

async function requireBatch(db: Kysely<Tables>, id: string): Promise<Batch> {
  const batch = await findBatch(db, id)
  if (batch !== undefined) return batch
  throw new LedgerError('LEDGER_BATCH_UNKNOWN', `batch ${id} is not in the ledger`)
}

export async function findBatch(db: Kysely<Tables>, id: string): Promise<Batch | undefined> {
  const row = await db
    .selectFrom('batch')
    .innerJoin('work_order', 'work_order.id', 'batch.order_id')
    .innerJoin('serial_pool', 'serial_pool.name', 'work_order.pool')
    .selectAll('batch')
    .select('serial_pool.pattern')
    .where('batch.id', '=', id)
    .executeTakeFirst()
  return row && batchOf(row, row.pattern)
}

function batchOf(row: BatchRow, pattern: string): Batch {
  return {
    id: row.id,
    orderId: row.order_id,
    units: row.units,
    recorded: row.recorded,
    pattern,
    firstNumber: row.first_number,
    ...(row.recorded === 0
      ? {}
      : {
          file: {
            octets: row.file_octets,
            chunkOctets: row.chunk_octets,
            chunkSha256: row.chunk_sha256,
          },
        }),
  }
}
