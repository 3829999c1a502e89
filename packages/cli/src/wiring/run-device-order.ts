import { systemRandom } from '@keyline/bytes'
import type { Policy } from '@keyline/ledger/records'
import { prepareTrust } from '@keyline/matter'
import {
  deviceFlow,
  runLine,
  StationError,
  type LoadedDeviceOrder,
  type RunSummary,
  type StationParts,
} from '@keyline/station'
import { chipCertificates } from './chip-certificates.ts'
import { OrderEndorsements } from './order-endorsements.ts'
import { writeOrderResults, writeUnitResults } from './results.ts'
import {
  boardsOf,
  openJournal,
  requireClock,
  unitsOnBoards,
  type RunOrderOptions,
} from './run-order.ts'

export interface RunDeviceOrderOptions extends Omit<RunOrderOptions, 'loaded' | 'pki' | 'labels'> {
  readonly loaded: LoadedDeviceOrder
}

/** Wires the rooms together for an order of boards without Matter, and runs it: nothing is issued to them. */
export async function runDeviceOrder(options: RunDeviceOrderOptions): Promise<RunSummary> {
  const { station, loaded, clock, onEvent, decorate = (parts) => parts } = options
  const { prepared } = loaded
  const { order } = prepared
  const { ledger } = station
  requireClock(clock)
  const certificates = chipCertificates(prepared.chipAuthorities, order.policy)
  for (const finding of loaded.findings) onEvent({ type: 'notice', text: '', finding })
  await ledger.createOrder(order)
  await using endorsements = await OrderEndorsements.open({
    folder: options.results,
    ledger,
    order,
    clock,
    endorsements: options.endorsements,
  })
  await endorsements?.write()
  const boards = await boardsOf(options, order)
  const { journal, records } = await openJournal(options).catch(async (error: unknown) => {
    await boards.close()
    throw error
  })
  let run = ''
  const results = { folder: options.results, ledger, prepared }
  try {
    const summary = await runLine({
      parts: decorate({
        clock,
        random: systemRandom,
        programmer: boards.programmer,
        ports: boards.ports,
        wireless: boards.wireless,
        deviceKeys: boards.deviceKeys,
        history: records,
        chipCertificates: certificates,
        units: ledger,
        journal,
        ...withoutMatter(order.policy),
      }),
      fixture: boards.fixture,
      prepared,
      flow: deviceFlow(order),
      slots: options.slots,
      onlyOpen: options.onlyOpen,
      binding: options.binding,
      locate: options.locate,
      lockFolder: options.lockFolder,
      stopAfter: options.stopAfter ?? order.line?.stopAfter,
      resume: options.resume,
      knownUnits: unitsOnBoards(records, 'open-board'),
      signal: options.signal,
      onEvent: (event) => {
        if (event.type === 'run-started') run = event.run
        onEvent(event)
      },
      onPass: async (work) => {
        await endorsements?.afterPass(work.evidence)
        await writeUnitResults(results, work.unitId)
      },
    })
    await endorsements?.write()
    await writeOrderResults({ ...results, run, summary, createdAt: clock.now() })
    return summary
  } finally {
    await journal.close()
    await boards.close()
  }
}

/** What the steps of a Matter device ask, and those of such a flow do not. */
function withoutMatter(policy: Policy): Pick<StationParts, 'issuer' | 'trust' | 'authorities'> {
  return {
    issuer: { issue: () => Promise.resolve().then(refuseIssuing) },
    trust: prepareTrust({ paas: [], policy }),
    authorities: {
      get pai() {
        return refuseIssuing()
      },
      get paa() {
        return refuseIssuing()
      },
    },
  }
}

function refuseIssuing(): never {
  throw new StationError('STATION_NO_FLOW', 'nothing is issued to a board without Matter')
}
