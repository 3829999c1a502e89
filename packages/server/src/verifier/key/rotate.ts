import type { Clock, Random } from '@keyline/bytes'
import type { VerifierRecord } from '../port.ts'
import { defaultSettings, type VerifierSettings } from '../settings.ts'
import { earKeys, nonceKeys } from './kinds.ts'
import { SharedKeys } from './shared-keys.ts'

export interface RotationParts {
  readonly record: VerifierRecord
  readonly clock: Clock
  readonly random: Random
  /** Those of the service; the defaults unless given. */
  readonly settings?: VerifierSettings | undefined
}

/**
 * Announces a new key of results, which every running server takes over by itself. The one before stays published.
 * @returns when it comes into force, milliseconds since 1970
 */
export async function rotateResultKey({
  record,
  clock,
  random,
  settings = defaultSettings,
}: RotationParts): Promise<number> {
  const kind = earKeys(random, settings.result.keyRetentionDays)
  return (await SharedKeys.open(record, kind, clock)).rotate()
}

/**
 * Announces a new key of nonces. A running server does so by itself once a day.
 * @returns when it comes into force, milliseconds since 1970
 * @throws ServerError `SERVER_KEY_ROTATION` while nonces under the one before the current one may be alive
 */
export async function rotateNonceKey({
  record,
  clock,
  random,
  settings = defaultSettings,
}: RotationParts): Promise<number> {
  const kind = nonceKeys(random, settings.session.ttlSeconds * 1000)
  return (await SharedKeys.open(record, kind, clock)).rotate()
}
