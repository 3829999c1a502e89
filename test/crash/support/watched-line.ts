import { keyPairSigner, p256FromEncoded } from '@keyline/crypto'
import { attestationOf } from '@keyline/ledger/attestation'
import {
  isForDevices,
  loadAnyOrder,
  type LoadedDeviceOrder,
  type LoadedOrder,
  type RunSummary,
} from '@keyline/station'
import { openStation } from '../../../packages/cli/src/wiring/open-station.ts'
import {
  runDeviceOrder,
  type RunDeviceOrderOptions,
} from '../../../packages/cli/src/wiring/run-device-order.ts'
import {
  clockOf,
  runOrder,
  type RunOrderOptions,
} from '../../../packages/cli/src/wiring/run-order.ts'
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
  const loaded = await loadAnyOrder(job.order, unusedDefaults)
  const station = await openStation({ home: job.home, policy: 'test', clock })
  const attestation = await attestationOf(station.ledger)
  const around: Omit<RunDeviceOrderOptions, 'loaded'> = {
    endorsements: (tenant) => watchEndorsements(attestation.tenant(tenant).endorsements, points),
    station: { ...station, ledger: watchLedger(station.ledger, points, job.sabotage) },
    slots: job.slots,
    resume,
    results: job.results,
    clock,
    signal: new AbortController().signal,
    onEvent: () => undefined,
    faults: job.faults,
    atJournalPoint: (point, { type, step = '-' }) =>
      points.reach(`journal ${point} ${type} ${step}`),
    decorate: (parts) => {
      const watched = watchParts(parts, watch)
      if (job.sabotage !== 'journal-answers-before-it-writes') return watched
      return { ...watched, journal: answeringEarly(parts.journal) }
    },
  }
  try {
    if (isOfDevices(loaded)) return await runDeviceOrder({ ...around, loaded })
    return await runMatterOrder(job, { ...around, loaded }, points)
  } finally {
    await attestation.close()
    await station.close()
  }
}

async function runMatterOrder(
  job: LineJob,
  options: Omit<RunOrderOptions, 'pki'>,
  points: CrashPoints,
): Promise<RunSummary> {
  const { loaded, clock, station } = options
  const { order } = loaded.prepared
  const flow = job.flow === undefined || job.flow === 'u3' ? undefined : flowCases[job.flow]
  const remote =
    job.issuer === undefined
      ? undefined
      : await openRemote({ job, file: job.issuer, order, clock, points })
  const openBoards =
    flow &&
    (() => {
      const folder = station.home.benchFolder
      return Promise.resolve(openFlowBoards(flow, { ...job, clock, folder }))
    })
  const pki = remote ?? {
    paa: job.pki.paa,
    pai: job.pki.pai,
    signer: keyPairSigner(p256FromEncoded({ octets: job.pki.key })),
  }
  try {
    return await runOrder({ ...options, pki, openBoards })
  } finally {
    await remote?.close()
  }
}

function isOfDevices(loaded: LoadedOrder | LoadedDeviceOrder): loaded is LoadedDeviceOrder {
  return isForDevices(loaded.prepared)
}
