import { writeSync } from 'node:fs'
import { isKeylineError, systemClock, systemRandom } from '@keyline/bytes'
import { openLedger } from '@keyline/ledger'
import type { LedgerWork } from './child.ts'
import { Samples, storeKey, verdict } from './sample.ts'

/** What was acknowledged is written out at once: a kill loses nothing that was said. */
function say(...words: readonly string[]): void {
  writeSync(1, `${words.join(' ')}\n`)
}

const work: LedgerWork = JSON.parse(process.argv[2] ?? '')
const samples = new Samples(work.seed)
await using ledger = await openLedger({
  database: work.database,
  storeKey: storeKey(),
  clock: systemClock,
  random: systemRandom,
  actor: work.seed,
})
say('ready')
for (let count = 0; count < work.units; count++) {
  const reserved = await ledger.reserve(work.orderId, samples.draw)
  if (reserved === undefined) break
  const { id, serialNumber } = reserved.unit
  say('unit', id, serialNumber)
  try {
    const entry = samples.entry(id, { orderId: work.orderId })
    await ledger.record(entry)
    say('certificate', entry.idempotencyKey, id)
    await ledger.decide(id, verdict('PASS'))
    say('verdict', id)
  } catch (error) {
    if (!isKeylineError(error)) throw error
    say('refused', error.code)
  }
}
