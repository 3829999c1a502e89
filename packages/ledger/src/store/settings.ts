import { encodeUtf8, isKeylineError, Secret } from '@keyline/bytes'
import type { Kysely } from 'kysely'
import type { LedgerTransaction } from '../database/database.ts'
import type { Tables } from '../database/schema.ts'
import { LedgerError } from '../errors.ts'
import type { Act } from './act.ts'
import type { Vault } from './vault.ts'

/** Sealed at the first opening; whoever opens it again has the same store key. */
const keyCheck = 'ledger.store-key'

export async function findSetting(
  db: Kysely<Tables>,
  name: string,
  vault: Vault,
): Promise<Secret | undefined> {
  const row = await db
    .selectFrom('setting')
    .select('sealed')
    .where('name', '=', name)
    .executeTakeFirst()
  return row === undefined ? undefined : vault.open(`setting ${name}`, 'value', row.sealed)
}

export async function putSetting(
  { tx, note }: Act,
  name: string,
  value: Secret,
  vault: Vault,
): Promise<void> {
  await put(tx, name, value, vault)
  await note('setting.changed', { name })
}

/** Seals a value under a name that has none yet. @returns whether it was stored */
export async function addSetting(
  { tx, note }: Act,
  name: string,
  value: Secret,
  vault: Vault,
): Promise<boolean> {
  const sealed = vault.seal(`setting ${name}`, 'value', value.reveal())
  const added = await tx
    .insertInto('setting')
    .values({ name, sealed })
    .onConflict((conflict) => conflict.column('name').doNothing())
    .returning('name')
    .executeTakeFirst()
  if (added === undefined) return false
  await note('setting.changed', { name })
  return true
}

async function put(
  tx: LedgerTransaction,
  name: string,
  value: Secret,
  vault: Vault,
): Promise<void> {
  const sealed = vault.seal(`setting ${name}`, 'value', value.reveal())
  await tx
    .insertInto('setting')
    .values({ name, sealed })
    .onConflict((conflict) => conflict.column('name').doUpdateSet({ sealed }))
    .execute()
}

/** @throws LedgerError `LEDGER_STORE_KEY` when another key sealed this ledger */
export async function checkStoreKey({ tx }: Act, vault: Vault, place: string): Promise<void> {
  try {
    const known = await findSetting(tx, keyCheck, vault)
    if (known === undefined) await put(tx, keyCheck, new Secret(encodeUtf8(keyCheck)), vault)
  } catch (cause) {
    if (!isKeylineError(cause)) throw cause
    throw new LedgerError('LEDGER_STORE_KEY', `${place} was sealed with another store key`, {
      cause,
    })
  }
}
