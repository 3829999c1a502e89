import { once } from 'node:events'
import { writeSync } from 'node:fs'
import { systemClock, systemRandom } from '@keyline/bytes'
import { openAttestationRecord, type AttestationRecord } from '@keyline/ledger/attestation'
import { storeKey } from '../support/sample.ts'
import { anchorOf, pointOf } from './cases/samples.ts'
import type { ChildWork } from './child-work.ts'

/** What was acknowledged is written out at once: a kill loses nothing that was said. */
function say(...words: readonly (string | number)[]): void {
  writeSync(1, `${words.join(' ')}\n`)
}

async function claim(
  record: AttestationRecord,
  { sessions, now, requestHash }: Extract<ChildWork, { readonly work: 'claim' }>,
): Promise<void> {
  const submission = { mediaType: 'text/plain', evidence: Uint8Array.of(1), requestHash }
  const tenant = record.tenant('0')
  for (const id of sessions) {
    const before = await tenant.sessions.claim(id, submission, now)
    if (before?.state === 'waiting') say('got', id)
  }
}

/** An import without end: it is killed. */
async function importOn(record: AttestationRecord, name: string): Promise<void> {
  const key = { type: 'ec', curve: 'P-256', point: pointOf('one') } as const
  const transaction = await record.tenant(name).endorsements.begin({ id: 'endless' })
  for (let start = 0; ; start += 100) {
    await Promise.all(
      Array.from({ length: 100 }, async (_, index) =>
        transaction.addAnchor(
          { ...anchorOf(`endless ${start + index}`, 'one'), key },
          { replace: false },
        ),
      ),
    )
    say('placed', start + 100)
  }
}

const work: ChildWork = JSON.parse(process.argv[2] ?? '')
await using record = await openAttestationRecord({
  database: work.database,
  storeKey: storeKey(),
  clock: systemClock,
  random: systemRandom,
  actor: `child ${process.pid}`,
})
say('ready')
// All children start together.
await once(process.stdin, 'data')
process.stdin.destroy()
if (work.work === 'claim') await claim(record, work)
else await importOn(record, work.tenant)
