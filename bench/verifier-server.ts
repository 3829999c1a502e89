import { Secret, systemClock, systemRandom } from '@keyline/bytes'
import type { LedgerLocation } from '@keyline/ledger'
import { openAttestationRecord } from '@keyline/ledger/attestation'
import { createLog, startVerifier, verifierSettings } from '@keyline/server'
import { benchParsedKeys } from './verifier-in-process.ts'

/** A worker of the service on a database that is filled. */
export interface ServerJob {
  readonly database: LedgerLocation
}

export interface ServerReport {
  readonly port: number
}

/** What seals the secrets of a record of a benchmark. */
export function benchStoreKey(): Secret {
  return new Secret(new Uint8Array(32).fill(7))
}

async function serve({ database }: ServerJob): Promise<ServerReport> {
  const record = await openAttestationRecord({
    database,
    storeKey: benchStoreKey(),
    clock: systemClock,
    random: systemRandom,
    actor: 'bench',
  })
  const rate = { perSecond: 1_000_000, burst: 1_000_000 }
  const settings = verifierSettings.parse({
    limits: {
      rates: { member: rate, anonymous: rate, total: rate },
      parsedKeys: benchParsedKeys,
    },
  })
  const parts = { record, clock: systemClock, random: systemRandom, log: createLog(), settings }
  const { port } = await startVerifier(parts, { host: '127.0.0.1', port: 0 })
  return { port }
}

process.once('message', (job: ServerJob) => {
  void serve(job).then((report) => process.send?.(report))
})
// A benchmark that is cut off leaves no server behind.
process.once('disconnect', () => process.exit())
