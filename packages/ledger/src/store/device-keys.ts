import { equalOctets, fromHex, toHex } from '@keyline/bytes'
import { CryptoError, curvePublicKey, publicKeyLength } from '@keyline/crypto'
import type { AnchorCurve } from '@keyline/verifier'
import { z } from 'zod'
import type { TrustKeyRow } from '../database/attestation-schema.ts'
import type { LedgerTransaction } from '../database/database.ts'
import { statement, type Values } from '../database/statement.ts'
import { LedgerError } from '../errors.ts'
import type { VerdictRecord } from '../records/index.ts'
import type { Act } from './act.ts'
import { announceChanges, type TrustChange } from './trust-changes.ts'

/** The tenant whose devices the line makes, where their order names none. */
export const lineTenant = '0'

/** The attestation key of a unit. */
export interface UnitDevice {
  readonly tenant: string
  readonly unitId: string
  /** 32 octets. */
  readonly implementationId: Uint8Array
  /** 33 octets. */
  readonly instanceId: Uint8Array
  /** 04 ‖ X ‖ Y. */
  readonly publicKey: Uint8Array
}

const curves = ['P-256', 'P-384', 'P-521'] as const satisfies readonly AnchorCurve[]

type Key = Pick<TrustKeyRow, 'tenant' | 'instance_id' | 'kind' | 'key'>

const insertKey = statement((db, row: Values<Key & { unit_id: string }>) =>
  db
    .insertInto('trust_key')
    .values({
      tenant: row.tenant,
      instance_id: row.instance_id,
      kind: row.kind,
      key: row.key,
      state: 'active',
      unit_id: row.unit_id,
      import: null,
    })
    .onConflict((conflict) => conflict.columns(['tenant', 'instance_id']).doNothing())
    .returning('state'),
)

const insertAnchor = statement(
  (db, row: Values<{ tenant: string; instance_id: Uint8Array; implementation_id: Uint8Array }>) =>
    db
      .insertInto('trust_anchor')
      .values({
        tenant: row.tenant,
        instance_id: row.instance_id,
        implementation_id: row.implementation_id,
        source: null,
      })
      .onConflict((conflict) =>
        conflict.columns(['tenant', 'instance_id', 'implementation_id']).doNothing(),
      )
      .returning('tenant'),
)

/** Members of the evidence `attestation-key`, octets in lower-case hexadecimal. */
const DeviceFacts = z.object({
  tenant: z.string().optional(),
  implementationId: z.string().regex(/^(?:[0-9a-f]{2})+$/),
  instanceId: z.string().regex(/^(?:[0-9a-f]{2})+$/),
  publicKey: z.string().regex(/^(?:[0-9a-f]{2})+$/),
})

/** Registers the keys that the evidence of a unit shows. @throws LedgerError `LEDGER_DEVICE_KEY`, `LEDGER_DEVICE_TAKEN` */
export async function registerEvidence(
  act: Act,
  unitId: string,
  { evidence }: VerdictRecord,
): Promise<void> {
  for (const { kind, facts } of evidence) {
    if (kind !== 'attestation-key') continue
    const { data, error } = DeviceFacts.safeParse(facts)
    if (data === undefined) {
      const cause = error
      throw new LedgerError('LEDGER_DEVICE_KEY', `unit ${unitId}: ${z.prettifyError(error)}`, {
        cause,
      })
    }
    await registerDevice(act, {
      tenant: data.tenant ?? lineTenant,
      unitId,
      implementationId: fromHex(data.implementationId),
      instanceId: fromHex(data.instanceId),
      publicKey: fromHex(data.publicKey),
    })
  }
}

/**
 * Makes the key of a unit a trust anchor; again: nothing changes. Its earlier keys are revoked. A revoked key comes back
 * with the unit that was made anew.
 * @throws LedgerError `LEDGER_DEVICE_KEY`, `LEDGER_DEVICE_TAKEN`
 */
export async function registerDevice(act: Act, device: UnitDevice): Promise<void> {
  const { tx, note } = act
  const { tenant, unitId, implementationId, instanceId } = device
  const { curve, point } = keyOf(device)
  await revokeKeys(act, unitId, instanceId)
  const key = { tenant, instance_id: instanceId, kind: curve, key: point }
  const [inserted] = await insertKey(tx, { ...key, unit_id: unitId })
  const taken = inserted === undefined ? await takeOver(tx, key, unitId) : 'new'
  const [anchor] = await insertAnchor(tx, {
    tenant,
    instance_id: instanceId,
    implementation_id: implementationId,
  })
  if (taken === 'same' && anchor === undefined) return
  if (taken === 'revived') await announceChanges(tx, [changeOf(tenant, instanceId)])
  await note('device.registered', {
    tenant,
    unit: unitId,
    implementation: toHex(implementationId),
    instance: toHex(instanceId),
  })
}

/** Takes the keys of a unit out of trust: it is scrapped, failed, on another board, or its certificate is revoked. */
export function revokeDevices(act: Act, unitId: string): Promise<void> {
  return revokeKeys(act, unitId, undefined)
}

async function revokeKeys(
  { tx, note }: Act,
  unitId: string,
  except: Uint8Array | undefined,
): Promise<void> {
  let update = tx
    .updateTable('trust_key')
    .set({ state: 'revoked' })
    .where('unit_id', '=', unitId)
    .where('state', '=', 'active')
  if (except !== undefined) update = update.where('instance_id', '!=', except)
  const revoked = await update.returning(['tenant', 'instance_id']).execute()
  if (revoked.length === 0) return
  await announceChanges(
    tx,
    revoked.map((row) => changeOf(row.tenant, row.instance_id)),
  )
  for (const { tenant, instance_id: instance } of revoked) {
    await note('device.revoked', { tenant, unit: unitId, instance: toHex(instance) })
  }
}

/** Of an instance that is known: its key must be this one, and no other unit may live with it. */
async function takeOver(
  tx: LedgerTransaction,
  key: Key,
  unitId: string,
): Promise<'same' | 'revived' | 'taken over'> {
  const known = await tx
    .selectFrom('trust_key')
    .select(['kind', 'key', 'state', 'unit_id'])
    .where('tenant', '=', key.tenant)
    .where('instance_id', '=', key.instance_id)
    .executeTakeFirstOrThrow()
  const isSame = known.kind === key.kind && equalOctets(known.key, key.key)
  const instance = toHex(key.instance_id)
  if (!isSame) {
    const message = `instance ${instance} is registered with another key than unit ${unitId} has`
    throw new LedgerError('LEDGER_DEVICE_TAKEN', message)
  }
  if (known.state === 'active' && known.unit_id === unitId) return 'same'
  // By what was read: of two units that show the same key at once, the second is refused.
  const updated = await tx
    .updateTable('trust_key')
    .set({ state: 'active', unit_id: unitId })
    .where('tenant', '=', key.tenant)
    .where('instance_id', '=', key.instance_id)
    .where((eb) =>
      eb.or([eb('unit_id', 'is', null), eb('unit_id', '=', unitId), eb('state', '=', 'revoked')]),
    )
    .returning('tenant')
    .executeTakeFirst()
  if (updated !== undefined) return known.state === 'revoked' ? 'revived' : 'taken over'
  const message = `the key of instance ${instance} belongs to unit ${known.unit_id ?? ''}, and unit ${unitId} shows it too`
  throw new LedgerError('LEDGER_DEVICE_TAKEN', message)
}

function changeOf(tenant: string, instanceId: Uint8Array): TrustChange {
  return { tenant, kind: 'anchor', subject: toHex(instanceId) }
}

function keyOf(device: UnitDevice): { readonly curve: AnchorCurve; readonly point: Uint8Array } {
  const { publicKey, instanceId, implementationId, unitId } = device
  const point = publicKey.slice(1)
  const curve = curves.find((name) => publicKeyLength(name) === point.length)
  const isFit = instanceId.length === 33 && implementationId.length === 32 && publicKey[0] === 4
  try {
    if (isFit && curve !== undefined) return { curve, point: curvePublicKey(curve, point).octets }
  } catch (cause) {
    if (!(cause instanceof CryptoError)) throw cause
    throw new LedgerError('LEDGER_DEVICE_KEY', `unit ${unitId}: ${cause.message}`, { cause })
  }
  const lengths = `${publicKey.length} octets of key, ${instanceId.length} of instance id, ${implementationId.length} of implementation id`
  throw new LedgerError('LEDGER_DEVICE_KEY', `unit ${unitId}: ${lengths}`)
}
