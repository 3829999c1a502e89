import { keyPairSigner, p256FromEncoded } from '@keyline/crypto'
import { attestationOf } from '@keyline/ledger/attestation'
import { loadOrder, type RunSummary } from '@keyline/station'
import { openStation } from '../../../packages/cli/src/wiring/open-station.ts'
import { clockOf, runOrder } from '../../../packages/cli/src/wiring/run-order.ts'
import { openFlowBoards } from '../../line/support/flow-boards.ts'
import { flowCases } from '../../line/support/flow-case.ts'
import type { CrashPoints } from './crash-points.ts'
import type { LineJob } from './line-job.ts'
import { answeringEarly } from './sabotaged-journal.ts'
import { openRemote } from './remote-issuer.ts'
import { watchClock, watchParts, Watch } from './watched-parts.ts'
import { watchEndorsements, watchLedger } from './watched-ledger.ts'

/** What ST's JSON would need beside it; the job has a work order. */
const unusedDefaults = {
  id: 'unused',
  quantity: 1,
  images: {
    provisioning: { file: '', sha256: '', address: 0 },
    application: { file: '', sha256: '', address: 0 },
  },
}

/** Runs the line of a job on boards that outlive the process, in virtual time, and passes every crash point. */
export async function runWatchedLine(
  job: LineJob,
  options: { readonly points: CrashPoints; readonly resume: boolean },
): Promise<RunSummary> {
  const { points, resume } = options
  const watch = new Watch(points)
  const clock = watchClock(clockOf(true), watch)
  const loaded = await loadOrder(job.order, unusedDefaults)
  const station = await openStation({ home: job.home, policy: 'test', clock })
  const { order } = loaded.prepared
  const flow = job.flow && flowCases[job.flow]
  const remote =
    job.issuer === undefined
      ? undefined
      : await openRemote({ job, file: job.issuer, order, clock, points })
  const attestation = await attestationOf(station.ledger)
  try {
    return await runOrder({
      endorsements: (tenant) => watchEndorsements(attestation.tenant(tenant).endorsements, points),
      station: { ...station, ledger: watchLedger(station.ledger, points, job.sabotage) },
      loaded,
      pki: remote ?? {
        paa: job.pki.paa,
        pai: job.pki.pai,
        signer: keyPairSigner(p256FromEncoded({ octets: job.pki.key })),
      },
      slots: job.slots,
      resume,
      results: job.results,
      clock,
      signal: new AbortController().signal,
      onEvent: () => undefined,
      faults: job.faults,
      openBoards:
        flow &&
        (() => {
          const folder = station.home.benchFolder
          return Promise.resolve(openFlowBoards(flow, { ...job, clock, folder }))
        }),
      atJournalPoint: (point, { type, step = '-' }) =>
        points.reach(`journal ${point} ${type} ${step}`),
      decorate: (parts) => {
        const watched = watchParts(parts, watch)
        if (job.sabotage !== 'journal-answers-before-it-writes') return watched
        return { ...watched, journal: answeringEarly(parts.journal) }
      },
    })
  } finally {
    await remote?.close()
    await attestation.close()
    await station.close()
  }
}
