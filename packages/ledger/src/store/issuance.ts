import { toHex } from '@keyline/bytes'
import { sha256 } from '@keyline/crypto'
import type { LedgerTransaction } from '../database/database.ts'
import type { CertificateRow } from '../database/schema.ts'
import { statement, type Values } from '../database/statement.ts'
import { LedgerError } from '../errors.ts'
import type { Act, AuditNote } from './act.ts'
import { checkIssuingTime, findHolder, noteIssue } from './certificates.ts'
import { RowInserter } from './insert-rows.ts'
import { orderRow, requireOpen, requirePai, requireStation, requireTime } from './orders.ts'
import { findTraces, findUnits, type IssuanceUnit, type IssuedBefore } from './prospects.ts'
import { remoteUnitRow, requireUnit, type RemoteIdentity } from './remote-units.ts'

/** A signed certificate on its way into the ledger. Hashes and serial numbers are hexadecimal. */
export interface IssuanceEntry {
  readonly orderId: string
  readonly unitId: string
  readonly idempotencyKey: string
  readonly requestHash: string
  /** SHA-256 of the subject public key info, DER. */
  readonly spkiSha256: string
  /** Key identifier of the PAI. */
  readonly issuerKeyId: string
  readonly serialNumber: string
  /** X.509 DER. */
  readonly certificate: Uint8Array
  /** The station that asks, where it asks from elsewhere. */
  readonly stationId?: string | undefined
  /** Makes the unit where the ledger has none of this id: a remote one, whose secrets are on another ledger. */
  readonly identity?: RemoteIdentity | undefined
}

export interface IssuanceAnswer {
  readonly certificate: Uint8Array
  /** True when an earlier call had recorded it. */
  readonly replayed: boolean
}

/** An entry, and who records it. */
export interface IssuanceJob {
  readonly entry: IssuanceEntry
  readonly actor: string
}

/** State, time, PAI and quota of the order in one statement. */
const takeCertificates = statement(
  (
    db,
    value: Values<{
      orderId: string
      count: number
      newUnits: number
      issuerKeyId: string
      now: number
    }>,
  ) =>
    db
      .updateTable('work_order')
      .set((eb) => ({
        certificates_used: eb('certificates_used', '+', value.count),
        last_sequence: eb('last_sequence', '+', value.newUnits),
        issuer_key_id: value.issuerKeyId,
      }))
      .where('id', '=', value.orderId)
      .where('state', '=', 'open')
      .where('paused', '=', 0)
      .where((eb) =>
        eb(eb('certificates_used', '+', value.count), '<=', eb.ref('certificate_limit')),
      )
      .where((eb) =>
        eb.or([eb('issuer_key_id', 'is', null), eb('issuer_key_id', '=', value.issuerKeyId)]),
      )
      .where((eb) => eb.or([eb('opens_at', 'is', null), eb('opens_at', '<=', value.now)]))
      .where((eb) => eb.or([eb('closes_at', 'is', null), eb('closes_at', '>', value.now)]))
      .returning([
        'id',
        'certificates_used',
        'last_sequence',
        'pool',
        'vendor_id',
        'product_id',
        'stations',
      ]),
)

const units = new RowInserter('unit')
const certificates = new RowInserter('certificate')

/**
 * Records certificates together, all or nothing: quota, uniqueness, units, certificates and audit records. The same
 * idempotency key with the same request gives the recorded certificate and uses nothing.
 * @param jobs of different idempotency keys
 */
export async function recordCertificates(
  act: Act,
  jobs: readonly IssuanceJob[],
): Promise<readonly IssuanceAnswer[]> {
  const { tx, now } = act
  const traces = await findTraces(
    tx,
    jobs.map(({ entry }) => entry),
  )
  const answers = jobs.map(({ entry }, place) => answerOf(entry, traces[place]?.issued))
  const fresh = jobs.filter((_, place) => answers[place]?.replayed === false)
  if (fresh.length === 0) return answers
  await checkIssuingTime(tx, now)
  const isKnown = new Map(
    jobs.map(({ entry }, place) => [entry.unitId, traces[place]?.serialNumber !== undefined]),
  )
  const notes: AuditNote[] = []
  for (const group of groupsOf(fresh)) {
    notes.push(...(await recordGroup(act, group, (unitId) => isKnown.get(unitId) === true)))
  }
  await Promise.all([noteIssue(tx, { now }), act.noteAll(notes)])
  return answers
}

/** @throws LedgerError `LEDGER_IDEMPOTENCY` where the earlier request was another one */
export function answerOf(entry: IssuanceEntry, earlier: IssuedBefore | undefined): IssuanceAnswer {
  if (earlier === undefined) return { certificate: entry.certificate, replayed: false }
  if (earlier.requestHash === entry.requestHash) {
    return { certificate: earlier.certificate, replayed: true }
  }
  throw new LedgerError(
    'LEDGER_IDEMPOTENCY',
    `idempotency key ${entry.idempotencyKey} answered request ${earlier.requestHash}, not ${entry.requestHash}`,
  )
}

type Group = readonly [IssuanceJob, ...IssuanceJob[]]

/** Those of one order and one PAI together, in the same order in every process: their rows are locked in turn. */
function groupsOf(jobs: readonly IssuanceJob[]): readonly Group[] {
  const groups = new Map<string, [IssuanceJob, ...IssuanceJob[]]>()
  for (const job of jobs) {
    const key = `${job.entry.orderId} ${job.entry.issuerKeyId}`
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [job])
    else group.push(job)
  }
  return [...groups.entries()].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, group]) => group)
}

async function recordGroup(
  { tx, now }: Act,
  jobs: Group,
  isKnown: (unitId: string) => boolean,
): Promise<readonly AuditNote[]> {
  const [{ entry: first }] = jobs
  const byUnit = entriesByUnit(jobs)
  const strangers = [...byUnit.values()].filter(({ unitId }) => !isKnown(unitId))
  const wanted = { count: jobs.length, newUnits: strangers.length }
  const order = await takeOf(tx, now, first, wanted)
  for (const { entry } of jobs) requireStation(order, entry.stationId)
  // A verdict takes the row of the order, too: what is read of a unit from here on stays so.
  const known = await findUnits(tx, [...byUnit.keys()].filter(isKnown))
  const made = strangers.map((entry, place) =>
    remoteUnitRow(entry, order, order.last_sequence - strangers.length + 1 + place, now),
  )
  const unitsById = new Map<string, IssuanceUnit>([
    ...known,
    ...made.map((unit) => [unit.id, unit] as const),
  ])
  for (const { entry } of jobs) await requireUnit(tx, entry, unitsById.get(entry.unitId))
  const firstNumber = order.certificates_used - jobs.length + 1
  const recorded = jobs.map((job, place) => ({
    job,
    row: certificateRow(job.entry, firstNumber + place, now),
  }))
  await Promise.all([
    units.insert(tx, made),
    certificates.insert(
      tx,
      recorded.map(({ row }) => row),
    ),
  ])
  return recorded.map(({ job, row }) => issuedNote(job, row))
}

/** One entry of each unit: one that names its board, where there is one. */
function entriesByUnit(jobs: Group): ReadonlyMap<string, IssuanceEntry> {
  const byUnit = new Map<string, IssuanceEntry>()
  for (const { entry } of jobs) {
    if (byUnit.get(entry.unitId)?.identity?.boardUid === undefined) byUnit.set(entry.unitId, entry)
  }
  return byUnit
}

type TakenOrder = Awaited<ReturnType<typeof takeCertificates>>[number]

/** Uses certificates of the order in one statement. */
async function takeOf(
  tx: LedgerTransaction,
  now: number,
  { orderId, issuerKeyId }: IssuanceEntry,
  wanted: { readonly count: number; readonly newUnits: number },
): Promise<TakenOrder> {
  const [taken] = await takeCertificates(tx, { orderId, issuerKeyId, now, ...wanted })
  if (taken !== undefined) return taken
  const row = await orderRow(tx, orderId)
  requireOpen(row)
  requireTime(row, now)
  requirePai(row, issuerKeyId)
  throw new LedgerError(
    'LEDGER_QUOTA',
    `work order ${orderId} allows ${row.certificate_limit} certificates, ${row.certificates_used} are issued`,
  )
}

function certificateRow(entry: IssuanceEntry, quotaNumber: number, now: number): CertificateRow {
  return {
    sha256: toHex(sha256(entry.certificate)),
    order_id: entry.orderId,
    unit_id: entry.unitId,
    quota_number: quotaNumber,
    issuer_key_id: entry.issuerKeyId,
    serial_number: entry.serialNumber,
    spki_sha256: entry.spkiSha256,
    idempotency_key: entry.idempotencyKey,
    request_hash: entry.requestHash,
    der: entry.certificate,
    state: 'live',
    void_reason: null,
    issued_at: now,
    station_id: entry.stationId ?? null,
  }
}

function issuedNote({ entry, actor }: IssuanceJob, row: CertificateRow): AuditNote {
  const { stationId, identity } = entry
  const data = {
    certificate: row.sha256,
    unit: row.unit_id,
    order: row.order_id,
    quotaNumber: row.quota_number,
    issuer: row.issuer_key_id,
    serialNumber: row.serial_number,
    key: row.spki_sha256,
    ...(stationId === undefined ? {} : { station: stationId }),
    ...(identity === undefined ? {} : { deviceSerialNumber: identity.serialNumber }),
    ...(identity?.boardUid === undefined ? {} : { board: identity.boardUid }),
  }
  return { actor, type: 'certificate.issued', data }
}

/** Writes into the audit log that a second unit came with a key that is known, and names both. */
export async function noteTakenKey({ tx, note }: Act, entry: IssuanceEntry): Promise<void> {
  await note('certificate.refused', {
    code: 'LEDGER_KEY_TAKEN',
    unit: entry.unitId,
    order: entry.orderId,
    key: entry.spkiSha256,
    holder: (await findHolder(tx, entry.spkiSha256)) ?? '',
  })
}
