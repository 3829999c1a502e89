import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { hasErrors, systemClock, type Finding } from '@keyline/bytes'
import { LedgerError, type Ledger } from '@keyline/ledger'
import {
  findManager,
  givenOrder,
  labelFormats,
  RefusedInput,
  type GivenDevice,
  type GivenOrder,
  type LoadedOrder,
  type ProvisioningManager,
  type RunOptions,
  type StationParts,
} from '@keyline/station'
import { ExitCode } from '../exit-code.ts'
import type { RunEvent } from '../terminal/provisioning-run-events.ts'
import { chooseBoards, type ChosenBoards } from './choose-boards.ts'
import { readFirmware } from './gen-factory-data-input.ts'
import {
  givenUnits,
  keepingReadBack,
  oneBoardEach,
  onlyProbes,
  unitsForBoards,
} from './gen-factory-data-parts.ts'
import { cause, refusedRun } from './gen-factory-data-refusal.ts'
import { issuerOfRun } from './gen-factory-data-issuer.ts'
import { keepReadBack, rewriteFolder, simulationOf } from './gen-factory-data.ts'
import { scriptFolderOf } from './script-folder.ts'
import { homeAt } from './home.ts'
import { realBoards, simulatedBoards, type LineBoards } from './line-boards.ts'
import { openStation, type OpenStation, type StationFolderOptions } from './open-station.ts'
import { runOrder } from './run-order.ts'

export interface ProvisionRun {
  readonly options: RunOptions
  /** Folder of the station. */
  readonly home: string
  readonly signal: AbortSignal
  readonly onEvent: (event: RunEvent) => void
}

export interface ProvisionSummary {
  readonly passed: number
  /** Boards of the run, those that were left out among them. */
  readonly boards: number
  readonly exitCode: ExitCode
}

/**
 * The work order of a run of given devices, with all that it names read, and all that its rules say. Nothing where the
 * data are too broken to make an order of. @throws CliError `CLI_FILE`
 */
export async function prepareGiven(
  options: RunOptions,
  devices: readonly GivenDevice[],
): Promise<GivenOrder | undefined> {
  const { files } = options
  const content = await readFirmware([
    files.provisioning,
    files.application,
    files.coprocessor,
    files.magicTrailer,
  ])
  const { scriptsFolder, findings } = await findScriptsFor(options)
  const order = await givenOrder({ options, devices, files: content, scriptsFolder })
  return order && { ...order, findings: [...findings, ...order.findings] }
}

/** Boards of a bench and plans need no scripts. */
async function findScriptsFor(
  options: RunOptions,
): Promise<{ readonly scriptsFolder?: string; readonly findings: readonly Finding[] }> {
  const { profile: platform, security = 0, regression, scripts, simulate, dryRun } = options
  if (simulate !== undefined || dryRun) return { findings: [] }
  try {
    const order = { platform, security, scripts: { regression } }
    const scriptsFolder = await scriptFolderOf(order, scripts)
    return { findings: [], ...(scriptsFolder === undefined ? {} : { scriptsFolder }) }
  } catch (error) {
    if (error instanceof RefusedInput) return { findings: error.findings }
    throw error
  }
}

/** Provisions one board for each device that was given. Source: provisioning-station sections 5.0 and 2.6. */
export async function provisionGiven(
  run: ProvisionRun,
  devices: readonly GivenDevice[],
): Promise<ProvisionSummary> {
  const { options } = run
  return onBoards(run, await requireGiven(options, devices), async (boards, chosen) => {
    const copies = devicesFor(options, devices, chosen.ready.length)
    return withLedger(run, async (station) => {
      const given = await requireGiven(options, copies)
      await station.ledger.createOrder(given.prepared.order)
      const units = await adoptAll(station.ledger, given, copies, chosen.ready.length)
      const loaded = { prepared: given.prepared, findings: [] }
      return work(run, { station, boards, chosen, loaded, units })
    })
  })
}

/** @throws RefusedInput with every finding */
async function requireGiven(
  options: RunOptions,
  devices: readonly GivenDevice[],
): Promise<GivenOrder> {
  const given = await prepareGiven(options, devices)
  if (given !== undefined && !hasErrors(given.findings)) return given
  throw refusedRun(given?.findings ?? [])
}

/** Provisions boards under a work order, whose identities the ledger draws. */
export function provisionOrdered(
  run: ProvisionRun,
  loaded: LoadedOrder,
): Promise<ProvisionSummary> {
  return onBoards(run, loaded, (boards, chosen) =>
    withLedger(run, (station) =>
      work(run, { station, boards, chosen, loaded: { ...loaded, findings: [] } }),
    ),
  )
}

/** Opens and chooses the boards of a run. A run that finds none ends with the exit code for it. */
async function onBoards(
  run: ProvisionRun,
  loaded: LoadedOrder,
  use: (boards: LineBoards, chosen: ChosenBoards) => Promise<ProvisionSummary>,
): Promise<ProvisionSummary> {
  const { options, signal, onEvent } = run
  const boards = await openBoards(run, loaded)
  try {
    const chosen = await chooseBoards(boards, { wanted: options.boards, signal })
    try {
      for (const { serialNumber: probe, port = null } of chosen.ready) {
        onEvent({ type: 'board-found', probe, port })
      }
      for (const left of chosen.leftOut) onEvent({ type: 'board-left-out', ...left })
      if (chosen.ready.length > 0) return await use(boards, chosen)
      return { passed: 0, boards: chosen.leftOut.length, exitCode: ExitCode.infrastructure }
    } finally {
      await chosen.release()
    }
  } finally {
    await boards.close()
  }
}

async function openBoards(run: ProvisionRun, { prepared }: LoadedOrder): Promise<LineBoards> {
  const { options, onEvent } = run
  const { order } = prepared
  const clock = systemClock
  if (options.simulate !== undefined) {
    const { slots, benchFolder: folder } = simulationOf(options.simulate)
    const { externalLoader } = options
    const timing = 'none'
    return simulatedBoards({ order, slots, clock, folder, timing, externalLoader })
  }
  return realBoards({
    platform: order.platform,
    programmer: options.programmerPath,
    externalLoader: options.externalLoader,
    verify: options.verify,
    isProduction: order.policy === 'production',
    scriptsFolder: await scriptFolderOf(order, options.scripts ?? prepared.scriptsFolder),
    clock,
    onNotice: (text) => onEvent({ type: 'notice', text }),
  })
}

/** One identity for one board, one for each, or copies of one. @throws RefusedInput with CLI-21 */
function devicesFor(
  options: RunOptions,
  devices: readonly GivenDevice[],
  boards: number,
): readonly GivenDevice[] {
  const [first] = devices
  if (options.sameIdentity && first !== undefined) {
    return Array.from({ length: boards }, (_, index) => copyOf(first, index + 1))
  }
  if (boards <= devices.length) return devices
  const message = `${boards} boards stand ready for ${devices.length} of them`
  throw refusedRun([
    cause('CLI-21', options.files.batch === undefined ? '--boards' : '--batch', message),
  ])
}

/** The same identity under a name of its own in the ledger. */
function copyOf({ serialNumber, secrets, data }: GivenDevice, number: number): GivenDevice {
  const own = { salt: Uint8Array.from(secrets.salt), verifier: Uint8Array.from(secrets.verifier) }
  return { serialNumber: `${serialNumber}~${number}`, secrets: { ...secrets, ...own }, data }
}

/**
 * Opens the ledger of the run. Copies are for development: their ledger ends with the run, and the system of record never
 * hears of them.
 */
async function withLedger<T>(
  { options, home, onEvent }: ProvisionRun,
  use: (station: OpenStation) => Promise<T>,
): Promise<T> {
  const { sameIdentity, ledger, policy } = options
  if (!sameIdentity) return withStationAt({ home, policy, ledger }, use)
  if (ledger !== undefined) onEvent({ type: 'notice', text: 'copies are not written to --ledger' })
  const folder = await mkdtemp(join(tmpdir(), 'keyline-copies-'))
  try {
    const own = homeAt(folder).ledgerFile
    return await withStationAt({ home: folder, policy, ledger: own }, use)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function withStationAt<T>(
  options: StationFolderOptions,
  use: (station: OpenStation) => Promise<T>,
): Promise<T> {
  const station = await openStation(options)
  try {
    return await use(station)
  } finally {
    await station.close()
  }
}

/** Why an identity goes onto no board any more. */
const usedUp: ReadonlySet<string> = new Set(['LEDGER_UNIT_DECIDED', 'LEDGER_UNIT_SCRAPPED'])

/** Adopts as many identities as there are boards: of a batch the first ones that no board has got yet. */
async function adoptAll(
  ledger: Ledger,
  { prepared }: GivenOrder,
  devices: readonly GivenDevice[],
  boards: number,
): Promise<ReadonlySet<string>> {
  const units = new Set<string>()
  const made: string[] = []
  for (const { serialNumber, secrets } of devices) {
    if (units.size === boards) break
    try {
      const { unit } = await ledger.adopt(prepared.order.id, { serialNumber, secrets })
      units.add(unit.id)
    } catch (error) {
      if (!(error instanceof LedgerError) || !usedUp.has(error.code)) throw error
      made.push(serialNumber)
    }
  }
  if (units.size === boards) return units
  const message = `${boards} boards stand ready, but ${made.join(', ')} ${made.length === 1 ? 'is' : 'are'} made already`
  throw refusedRun([cause('CLI-21', devices.length === 1 ? '--json' : '--batch', message)])
}

interface Work {
  readonly station: OpenStation
  readonly boards: LineBoards
  readonly chosen: ChosenBoards
  readonly loaded: LoadedOrder
  /** Units whose identity was given; those of the order are drawn without them. */
  readonly units?: ReadonlySet<string> | undefined
}

async function work(run: ProvisionRun, around: Work): Promise<ProvisionSummary> {
  const { options, signal, onEvent, home } = run
  const { station, boards, chosen, loaded, units } = around
  const { order } = loaded.prepared
  const pki = await issuerOfRun({ options, station, order, home, onEvent })
  const manager = await managerOf(options, onEvent)
  const { fixture, watch, begun } = oneBoardEach(options.jobs)
  const probes = new Set(chosen.ready.map(({ serialNumber }) => serialNumber))
  const summary = await runOrder({
    station,
    loaded,
    pki,
    slots: probes.size,
    resume: true,
    results: resolve('keyline-results', order.id),
    clock: systemClock,
    signal,
    labels:
      options.labels === undefined
        ? undefined
        : { folder: resolve(options.labels), formats: labelFormats },
    journalFolder: options.journal ?? (options.sameIdentity ? rewriteFolder(home) : undefined),
    openBoards: () =>
      Promise.resolve({
        ...boards,
        fixture,
        programmer: onlyProbes(boards.programmer, probes),
        close: () => undefined,
      }),
    decorate: (parts) => {
      const { syncTimeoutMs: sync, resultTimeoutMs: result } = options
      let own: StationParts = { ...parts, dialogueLimitsMs: { sync, result }, manager }
      const { ledger } = station
      const store =
        units === undefined
          ? unitsForBoards(ledger, () => begun.size >= probes.size)
          : givenUnits(ledger, units)
      own = { ...own, units: store }
      const dataAddress = order.factoryDataAddress
      if (options.readBack === undefined) return own
      const keep = (probe: string, octets: Uint8Array): Promise<void> =>
        keepReadBack(options, { probe, content: octets, isOne: probes.size === 1 })
      return keepingReadBack(own, dataAddress, keep)
    },
    onEvent: (event) => {
      watch(event)
      onEvent(event)
    },
  })
  const count = probes.size + chosen.leftOut.length
  const exitCode = exitCodeOf(summary.interrupted, summary.pass, count)
  return { passed: summary.pass, boards: count, exitCode }
}

/** Source: provisioning-station section 2.3. */
function exitCodeOf(interrupted: boolean, passed: number, boards: number): ExitCode {
  if (interrupted) return ExitCode.interrupted
  return passed === boards ? ExitCode.done : ExitCode.failed
}

/** The manager that ST delivers does what the station does by itself. */
const managerOfSt = 'STM32_provisioning.py'

async function managerOf(
  { files }: RunOptions,
  onEvent: ProvisionRun['onEvent'],
): Promise<ProvisioningManager | undefined> {
  const { manager } = files
  if (manager === undefined) return undefined
  if (basename(manager) !== managerOfSt) return findManager(manager)
  const text = `the built-in manager does what ST's ${managerOfSt} does; a file of another name is run`
  onEvent({ type: 'notice', text })
  return undefined
}
