import { writeSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { systemClock, systemRandom } from '@keyline/bytes'
import { openAttestationRecord } from '@keyline/ledger/attestation'
import { startVerifier, verifierSettings } from '@keyline/server'
import { storeKey } from '../../ledger/support/sample.ts'
import { KeptLog } from '../../support/verifier-service.ts'
import type { NodeJob } from './node-process.ts'

/** Program: `node-program JOB` serves a verifier until it reads a line, and then lets what is in work end. */
const job: NodeJob = JSON.parse(process.argv[2] ?? '')
const common = { clock: systemClock, random: systemRandom }
const record = await openAttestationRecord({
  ...common,
  ...job.memory,
  database: job.database,
  storeKey: storeKey(),
  actor: `node ${process.pid}`,
})
const settings = verifierSettings.parse({
  policy: 'test',
  access: { management: 'none' },
  nonce: { singleUse: true },
})
const verifier = await startVerifier(
  { ...common, record, log: new KeptLog(), settings },
  { host: '127.0.0.1', port: job.port },
)
writeSync(1, 'listening\n')
const lines = createInterface({ input: process.stdin })
lines.once('line', () => {
  lines.close()
  process.stdin.destroy()
  void verifier.stop({ drainMs: job.drainMs, graceMs: 5_000 }).then(() => record.close())
})
