import { canonicalJson, parseJson } from '@keyline/bytes'
import type { LedgerTransaction } from '../database/database.ts'
import type { VerdictRow } from '../database/schema.ts'
import { statement, type Values } from '../database/statement.ts'
import { LedgerError } from '../errors.ts'
import { VerdictRecord } from '../records/index.ts'
import type { Act } from './act.ts'
import { registerEvidence, revokeDevices } from './device-keys.ts'
import { requireNotScrapped, unitRow, unknownUnit } from './units.ts'

const decide = statement((db, { unitId, live }: Values<{ unitId: string; live: 0 | 1 }>) =>
  db
    .updateTable('unit')
    .set({ state: 'decided', live })
    .where('id', '=', unitId)
    .where('scrapped_at', 'is', null)
    .returning(['order_id', 'attempt']),
)

const verdictById = statement((db, { unitId }: Values<{ unitId: string }>) =>
  db.selectFrom('verdict').select('verdict').where('unit_id', '=', unitId),
)

const insertVerdict = statement((db, row: Values<VerdictRow>) =>
  db.insertInto('verdict').values({
    unit_id: row.unit_id,
    verdict: row.verdict,
    document: row.document,
    decided_at: row.decided_at,
  }),
)

const voidLive = statement((db, { unitId, reason }: Values<{ unitId: string; reason: string }>) =>
  db
    .updateTable('certificate')
    .set({ state: 'void', void_reason: reason })
    .where('unit_id', '=', unitId)
    .where('state', '=', 'live')
    .returning('sha256'),
)

/**
 * Records the verdict. The same verdict again changes nothing: the first evidence stands. QUARANTINE leaves the unit
 * open until a later verdict replaces it; FAIL and ERROR give its place in the order back and void its certificates,
 * so that no moment leaves a live certificate to a dead unit, or a void one to a unit that may still pass. The same holds
 * for its attestation key, which PASS makes a trust anchor.
 * @returns which making of the unit has ended now; nothing while it is open, or where it had this verdict
 * @throws LedgerError `LEDGER_VERDICT_DIFFERS`, `LEDGER_UNIT_SCRAPPED`, `LEDGER_UNIT_UNKNOWN`, `LEDGER_DEVICE_KEY`,
 * `LEDGER_DEVICE_TAKEN`
 */
export async function decideUnit(
  act: Act,
  unitId: string,
  record: VerdictRecord,
): Promise<number | undefined> {
  const { tx, now, note } = act
  const { verdict } = record
  const [known] = await verdictById(tx, { unitId })
  if (known?.verdict === verdict) return undefined
  if (known !== undefined && known.verdict !== 'QUARANTINE') {
    throw verdictDiffers(unitId, known.verdict, verdict)
  }
  const isDead = verdict === 'FAIL' || verdict === 'ERROR'
  const row = { verdict, document: canonicalJson(record), decided_at: now }
  // The verdict first: of two stations at once, the later one stops here, before it counts for the order.
  if (known === undefined) await insertVerdict(tx, { unit_id: unitId, ...row })
  else if (!(await replaceQuarantine(tx, unitId, row))) return undefined
  const attempt = await (verdict === 'QUARANTINE'
    ? requireLiving(tx, unitId)
    : endUnit(tx, unitId, !isDead))
  const reason = `the unit ended as ${verdict}: ${record.reason}`
  const voided = isDead ? await voidLive(tx, { unitId, reason }) : []
  if (verdict === 'PASS') await registerEvidence(act, unitId, record)
  if (isDead) await revokeDevices(act, unitId)
  for (const { sha256 } of voided) {
    await note('certificate.voided', { certificate: sha256, unit: unitId, reason })
  }
  await note('unit.decided', { unit: unitId, verdict, reason: record.reason })
  return attempt
}

/** A unit that stays open. @throws LedgerError `LEDGER_UNIT_UNKNOWN`, `LEDGER_UNIT_SCRAPPED` */
async function requireLiving(tx: LedgerTransaction, unitId: string): Promise<undefined> {
  requireNotScrapped(await unitRow(tx, unitId))
}

/** False when another station has just recorded the same verdict. */
async function replaceQuarantine(
  tx: LedgerTransaction,
  unitId: string,
  row: Omit<VerdictRow, 'unit_id'>,
): Promise<boolean> {
  const replaced = await tx
    .updateTable('verdict')
    .set(row)
    .where('unit_id', '=', unitId)
    .where('verdict', '=', 'QUARANTINE')
    .returning('unit_id')
    .executeTakeFirst()
  if (replaced !== undefined) return true
  const [known] = await verdictById(tx, { unitId })
  if (known?.verdict === row.verdict) return false
  throw verdictDiffers(unitId, known?.verdict ?? 'nothing', row.verdict)
}

function verdictDiffers(unitId: string, known: string, verdict: string): LedgerError {
  return new LedgerError(
    'LEDGER_VERDICT_DIFFERS',
    `unit ${unitId} was decided as ${known} and cannot become ${verdict}`,
  )
}

async function endUnit(tx: LedgerTransaction, unitId: string, isMade: boolean): Promise<number> {
  const [ended] = await decide(tx, { unitId, live: isMade ? 1 : 0 })
  if (ended === undefined) {
    await requireLiving(tx, unitId)
    throw unknownUnit(unitId)
  }
  if (isMade) return ended.attempt
  await tx
    .updateTable('work_order')
    .set((eb) => ({ units_reserved: eb('units_reserved', '-', 1) }))
    .where('id', '=', ended.order_id)
    .execute()
  return ended.attempt
}

export function verdictOf(row: VerdictRow): VerdictRecord {
  return VerdictRecord.parse(parseJson(row.document, `verdict of unit ${row.unit_id}`))
}
