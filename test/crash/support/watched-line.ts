import { BenchProgrammer, openBench, parts } from '@keyline/board'
import type { Clock } from '@keyline/bytes'
import { keyPairSigner, p256FromEncoded } from '@keyline/crypto'
import { loadOrder, type RunSummary } from '@keyline/station'
import { benchFixture } from '../../../packages/cli/src/wiring/bench-fixture.ts'
import type { LineBoards } from '../../../packages/cli/src/wiring/line-boards.ts'
import { openStation } from '../../../packages/cli/src/wiring/open-station.ts'
import { clockOf, runOrder } from '../../../packages/cli/src/wiring/run-order.ts'
import { flowCases, scriptsOf } from '../../line/support/flow-case.ts'
import type { CrashPoints } from './crash-points.ts'
import type { LineJob } from './line-job.ts'
import { answeringEarly } from './sabotaged-journal.ts'
import { openRemote } from './remote-issuer.ts'
import { watchClock, watchParts, Watch } from './watched-parts.ts'
import { watchLedger } from './watched-ledger.ts'

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
  const remote =
    job.issuer === undefined
      ? undefined
      : await openRemote({ job, file: job.issuer, order, clock, points })
  try {
    return await runOrder({
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
      openBoards: boardsOf(job, clock, station.home.benchFolder),
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
    await station.close()
  }
}

/** Boards of a flow with the firmware that is built for it; `undefined` for those of the example order. */
function boardsOf(
  { flow, slots, faults }: LineJob,
  clock: Clock,
  folder: string,
): (() => Promise<LineBoards>) | undefined {
  if (flow === undefined) return undefined
  const flowCase = flowCases[flow]
  return () => {
    const bench = openBench({ slots, clock, folder, faults, part: parts[flowCase.platform] })
    const programmer = new BenchProgrammer({ bench, clock })
    return Promise.resolve({
      programmer,
      ports: bench,
      fixture: benchFixture(bench),
      wireless: programmer,
      scripts: scriptsOf(flowCase, programmer, clock),
      close: () => bench.close(),
    })
  }
}
