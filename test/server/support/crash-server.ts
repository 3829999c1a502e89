import { readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { fromBase64, fromHex, Secret, systemClock, systemRandom } from '@keyline/bytes'
import { keyPairSigner, p256FromEncoded } from '@keyline/crypto'
import { createLocalIssuer, type IssuanceStore } from '@keyline/issuer'
import { openLedger } from '@keyline/ledger'
import { createLog, loadServiceCa, startServer } from '@keyline/server'
import { z } from 'zod'

export const CrashJob = z.object({
  folder: z.string(),
  /** Hexadecimal. */
  storeKey: z.string(),
  paiKey: z.string(),
  /** Base64. */
  pai: z.string(),
  paa: z.string(),
})
export type CrashJob = z.infer<typeof CrashJob>

/**
 * Program: `crash-server JOB PLACE` serves the ledger of a job and says its port. It ends itself with SIGKILL at the first
 * certificate: `before` it is recorded, or `after`, when nobody has heard of it; `never` serves on.
 */
const [, , file = '', place = 'never'] = process.argv
const job = CrashJob.parse(JSON.parse(readFileSync(file, 'utf8')))
const common = { clock: systemClock, random: systemRandom }
const ledger = await openLedger({
  ...common,
  database: { kind: 'sqlite', file: join(job.folder, 'ledger.db') },
  storeKey: new Secret(fromHex(job.storeKey)),
  actor: 'server',
})
const store: IssuanceStore = {
  prospect: (question) => ledger.prospect(question),
  record: async (entry) => {
    if (place === 'before') process.kill(process.pid, 'SIGKILL')
    const answer = await ledger.record(entry)
    if (place === 'after') process.kill(process.pid, 'SIGKILL')
    return answer
  },
}
const signer = keyPairSigner(p256FromEncoded({ octets: fromHex(job.paiKey) }))
const authority = { signer, pai: fromBase64(job.pai), paa: fromBase64(job.paa) }
const server = await startServer(
  {
    ...authority,
    ...common,
    ledger,
    issuer: await createLocalIssuer({ ...authority, ...common, store }),
    serviceCa: await loadServiceCa(ledger),
    policy: 'test',
    log: createLog({ write: () => undefined }),
  },
  { host: '127.0.0.1', port: 0, hostNames: ['localhost'] },
)
writeSync(1, `port ${server.port};`)
