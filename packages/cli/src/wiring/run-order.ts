import { mkdir } from 'node:fs/promises'
import { hasErrors, systemClock, systemRandom, VirtualClock, type Clock } from '@keyline/bytes'
import type { SlotFault } from '@keyline/board'
import { createLocalIssuer } from '@keyline/issuer'
import { recordedIssuer } from '@keyline/issuer/client'
import { prepareTrust } from '@keyline/matter'
import {
  checkChain,
  flowOf,
  Journal,
  prepareLabels,
  RefusedInput,
  runLine,
  StationError,
  type BoundSlot,
  type ChipCertificates,
  type EventSink,
  type Issuer,
  type JournalOptions,
  type LoadedOrder,
  type RunSummary,
  type StationParts,
  type UsbLocations,
} from '@keyline/station'
import type { AnyOrder, JournalRecord } from '@keyline/ledger/records'
import type { EndorsementStore } from '@keyline/verifier'
import { parseCertificate } from '@keyline/x509'
import { buildTime } from '../build-time.ts'
import { chipCertificates } from './chip-certificates.ts'
import { OrderEndorsements } from './order-endorsements.ts'
import type { OpenStation } from './open-station.ts'
import type { RemoteIssuer } from './issuer-open.ts'
import { requireIssuing } from './issuer-preflight.ts'
import { revokeVoid } from './issuer-revoke.ts'
import { UnansweredRequests, type UnansweredOptions } from './issuer-unanswered.ts'
import { withKeptCertificates } from './kept-certificate.ts'
import { labelOfRun, type LabelFolder } from './labels.ts'
import type { LinePki } from './pki.ts'
import { simulatedBoards, type LineBoards } from './line-boards.ts'
import { writeOrderResults, writeUnitResults } from './results.ts'
import { requireFreshCheck } from './station-check.ts'

export interface RunOrderOptions {
  readonly station: OpenStation
  readonly loaded: LoadedOrder
  /** The authorities, with the key of the PAI in this process or an issuer elsewhere. */
  readonly pki: LinePki | RemoteIssuer
  readonly slots: number
  readonly resume: boolean
  /** Folder of the results of this order. */
  readonly results: string
  readonly clock: Clock
  readonly signal: AbortSignal
  readonly onEvent: EventSink
  /** The boards of the run; those of the simulated bench of this station unless given. */
  readonly openBoards?: (() => Promise<LineBoards>) | undefined
  /** Keeps the simulated boards in memory: they are gone with the process, and cost no disk. */
  readonly boardsInMemory?: boolean | undefined
  /** Faults of the simulated boards, to rehearse them. */
  readonly faults?: readonly SlotFault[] | undefined
  /** Folder of the journal; that of the station unless given. */
  readonly journalFolder?: string | undefined
  /** Sees each point at which a journal record is written: rehearsals of a crash end the process there. */
  readonly atJournalPoint?: JournalOptions['atPoint']
  /** Where the labels of units go that pass; they are printed later unless given. */
  readonly labels?: LabelFolder | undefined
  /** True: units that are open are finished, and no board is begun. */
  readonly onlyOpen?: boolean | undefined
  /** Which probe is in which slot; the order of the list unless given. */
  readonly binding?: readonly BoundSlot[] | undefined
  /** Where the probes are plugged in; needed where the binding names places. */
  readonly locate?: (() => Promise<UsbLocations>) | undefined
  /** Where other stations look for the locks of probes. */
  readonly lockFolder?: string | undefined
  /** Equal failures in a row after which no board is begun; that of the order unless given. */
  readonly stopAfter?: number | undefined
  /** What learns the keys and the software of an order with attestation; the verifier of the ledger unless given. */
  readonly endorsements?: ((tenant: string) => EndorsementStore) | undefined
  /** Replaces parts of the station: rehearsals put faults around the issuer, the ledger or the ports. */
  readonly decorate?: ((parts: StationParts) => StationParts) | undefined
}

/** Real time, or a clock on which waiting costs nothing while the wall clock stays right. */
export function clockOf(isFast: boolean): Clock {
  if (!isFast) return systemClock
  const virtual = new VirtualClock()
  return {
    now: () => Date.now(),
    monotonicMs: () => virtual.monotonicMs(),
    sleep: (ms, signal) => virtual.sleep(ms, signal),
    after: (ms, fire) => virtual.after(ms, fire),
    during: (work) => virtual.during(work),
  }
}

/** Wires the rooms together for one order on its boards, and runs it. */
export async function runOrder(options: RunOrderOptions): Promise<RunSummary> {
  const { station, loaded, pki, clock, onEvent, decorate = (parts) => parts } = options
  const { prepared } = loaded
  const { ledger, home } = station
  requireClock(clock)
  const chain = checkChain({ order: prepared.order, pai: pki.pai, paa: pki.paa, time: clock.now() })
  if (hasErrors(chain)) throw new RefusedInput('the chain of the order', chain)
  const flow = flowOf(prepared.order)
  if (flow === undefined) throw new RefusedInput('the order', [])
  for (const finding of loaded.findings) onEvent({ type: 'notice', text: '', finding })

  const orderId = prepared.order.id
  const remote = 'issuer' in pki ? pki : undefined
  const onWarning = (text: string): void => onEvent({ type: 'notice', text })
  const { order } = prepared
  await requireFreshCheck({ ledger, home, order, now: clock.now(), onWarning })
  if (options.labels !== undefined) await prepareLabels(options.labels.formats)
  await ledger.createOrder(order)
  if (remote?.requireOpen !== undefined) {
    const { requireOpen } = remote
    await requireIssuing({ ledger, orderId, resume: options.resume, requireOpen, onWarning })
  }
  await using endorsements = await OrderEndorsements.open({
    folder: options.results,
    ledger,
    order,
    clock,
    endorsements: options.endorsements,
  })
  await endorsements?.write()
  const issuer = await issuerOf(options)
  const boards = await boardsOf(options, order)
  const { journal, records } = await openJournal(options).catch(async (error: unknown) => {
    await boards.close()
    throw error
  })
  let run = ''
  const returning = { ledger, orderId, journal, records, onWarning }
  const unanswered = unansweredOf(remote, { ...returning, clock, run: () => run })
  const results = { folder: options.results, ledger, prepared, pki }
  try {
    await unanswered?.settle()
    const summary = await runLine({
      parts: decorate({
        clock,
        random: systemRandom,
        programmer: boards.programmer,
        ports: boards.ports,
        wireless: boards.wireless,
        scripts: boards.scripts,
        history: records,
        chipCertificates: chipCertificatesOf(prepared),
        issuer: withKeptCertificates(unanswered?.watch(issuer) ?? issuer, { ledger, ...pki }),
        units: ledger,
        journal,
        trust: prepareTrust({ paas: [pki.paa], policy: prepared.order.policy }),
        authorities: { pai: parseCertificate(pki.pai), paa: parseCertificate(pki.paa) },
      }),
      fixture: boards.fixture,
      prepared,
      flow,
      slots: options.slots,
      onlyOpen: options.onlyOpen,
      binding: options.binding,
      locate: options.locate,
      lockFolder: options.lockFolder,
      stopAfter: options.stopAfter ?? prepared.order.line?.stopAfter,
      resume: options.resume,
      knownUnits: unitsOnBoards(records, 'program-data'),
      signal: options.signal,
      onEvent: (event) => {
        if (event.type === 'run-started') run = event.run
        onEvent(event)
      },
      onPass: async (work) => {
        const { unitId, reserved } = work
        await endorsements?.afterPass(work.evidence)
        await writeUnitResults(results, unitId, reserved.secrets)
        if (options.labels === undefined) return
        const why = await labelOfRun(ledger, work, options.labels)
        if (why !== undefined) onWarning(`unit ${reserved.unit.serialNumber} has no label: ${why}`)
      },
    })
    await endorsements?.write()
    await writeOrderResults({ ...results, run, summary, createdAt: clock.now() })
    if (remote?.revoke !== undefined && !options.signal.aborted) {
      await unanswered?.settle()
      await revokeVoid({ ...returning, run, revoke: remote.revoke })
    }
    return summary
  } finally {
    await journal.close()
    await boards.close()
  }
}

function chipCertificatesOf({
  chipAuthorities,
  order,
}: LoadedOrder['prepared']): ChipCertificates | undefined {
  return chipAuthorities && chipCertificates(chipAuthorities, order.policy)
}

/** The journal of a run, with what it held before. */
export async function openJournal({
  journalFolder,
  station,
  clock,
  atJournalPoint: atPoint,
}: Pick<RunOrderOptions, 'journalFolder' | 'station' | 'clock' | 'atJournalPoint'>): ReturnType<
  typeof Journal.open
> {
  const folder = journalFolder ?? station.home.journalFolder
  if (journalFolder !== undefined) await mkdir(folder, { recursive: true, mode: 0o700 })
  return Journal.open({ folder, clock, atPoint })
}

/** The boards of a run; those of the simulated bench of the station unless others are named. */
export function boardsOf(
  options: Pick<
    RunOrderOptions,
    'openBoards' | 'slots' | 'clock' | 'faults' | 'boardsInMemory' | 'station'
  >,
  order: Pick<AnyOrder, 'platform' | 'security'>,
): Promise<LineBoards> {
  if (options.openBoards !== undefined) return options.openBoards()
  const { slots, clock, faults, boardsInMemory, station } = options
  const folder = boardsInMemory === true ? undefined : station.home.benchFolder
  return Promise.resolve(simulatedBoards({ order, slots, clock, folder, faults }))
}

function unansweredOf(
  remote: RemoteIssuer | undefined,
  around: Omit<UnansweredOptions, 'recall' | 'revoke'>,
): UnansweredRequests | undefined {
  const { recall, revoke } = remote ?? {}
  if (recall === undefined || revoke === undefined) return undefined
  return new UnansweredRequests({ ...around, recall, revoke })
}

/** The certificates of either stand in the ledger of the station before a board gets them. */
async function issuerOf({ station, pki, clock }: RunOrderOptions): Promise<Issuer> {
  const store = station.ledger
  if ('issuer' in pki) return recordedIssuer(pki.issuer, { store, clock })
  const { signer, pai, paa } = pki
  const random = systemRandom
  return createLocalIssuer({ store, signer, pai, paa, clock, random, buildDate: buildTime })
}

/** Units that a board of this station was changed for, by its journal. @param first step that changes a board */
export function unitsOnBoards(
  records: readonly JournalRecord[],
  first: 'program-data' | 'open-board',
): ReadonlySet<string> {
  const programmed = records.filter(({ type, step }) => type === 'intent' && step === first)
  return new Set(programmed.flatMap(({ unit }) => unit ?? []))
}

/** A clock that lost its time would date certificates wrongly. Source: provisioning-station, fault F-30. */
export function requireClock(clock: Clock): void {
  if (clock.now() >= buildTime) return
  const now = new Date(clock.now()).toISOString()
  throw new StationError(
    'STATION_CLOCK',
    `the clock says ${now}, this program was built after ${new Date(buildTime).toISOString()}`,
  )
}
