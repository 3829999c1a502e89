import { systemClock, systemRandom } from '@keyline/bytes'
import type { LedgerLocation } from '@keyline/ledger'
import {
  openAttestationRecord,
  type AttestationRecord,
  type AttestationRecordOptions,
} from '@keyline/ledger/attestation'
import { storeKey } from './sample.ts'

export function openRecord(
  database: LedgerLocation,
  change: Partial<AttestationRecordOptions> = {},
): Promise<AttestationRecord> {
  return openAttestationRecord({
    database,
    storeKey: storeKey(),
    clock: systemClock,
    random: systemRandom,
    actor: 'verifier',
    ...change,
  })
}
