import { randomUUID } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock, type Clock } from '@keyline/bytes'
import { openBench, parts } from '@keyline/board'
import {
  createCubeProgrammer,
  findProgrammer,
  findScripts,
  isExternal,
  Journal,
  planOf,
  ReconfigureActs,
  runPlan,
  StationError,
  withSecondConnect,
  type PlanBoard,
  type PlanSummary,
  type Programmer,
  type ReconfigureEvent,
  type RunOptions,
  type WirelessProgrammer,
} from '@keyline/station'
import { CliError } from '../errors.ts'
import type { RunInput } from './gen-factory-data-input.ts'
import { readFirmware } from './gen-factory-data-input.ts'
import { cause, refusedRun } from './gen-factory-data-refusal.ts'
import { homeAt } from './home.ts'
import { writeWhole } from './pki-output.ts'
import { simulatedCall } from './simulated-call.ts'

export interface GenFactoryDataRun {
  readonly options: RunOptions
  readonly input: RunInput
  /** Folder of the station, where no option names another. */
  readonly home: string
  readonly signal: AbortSignal
  readonly onEvent: (event: ReconfigureEvent) => void
  readonly onNotice: (text: string) => void
}

/**
 * What is missing for a run, found before any board is touched.
 * @throws StationError `STATION_NO_FLOW`
 */
export function requireFlow(options: RunOptions): void {
  const missing = missingPart(options)
  if (missing === undefined) return
  throw new StationError('STATION_NO_FLOW', `${missing} cannot be run yet`)
}

function missingPart(options: RunOptions): string | undefined {
  const { provisioning, security, profile, files } = options
  if (provisioning === 1) {
    return `provisioning ${profile} with security ${security ?? 'none'} under the identity of a JSON`
  }
  if (files.batch !== undefined) return 'a batch of identities'
  if (options.labels !== undefined) return 'printing labels'
  if (options.ledger !== undefined) return 'a ledger for boards whose data are rewritten'
  return undefined
}

/**
 * The folder of the scripts that a plan runs; nothing when it runs none.
 * @throws RefusedInput with CLI-22 when no folder has all of them
 */
export async function scriptFolderOf(options: RunOptions): Promise<string | undefined> {
  const scripts = planOf(options, null).flatMap((operation) =>
    operation.op === 'run-script' ? [operation.script] : [],
  )
  const { platform, security } = options
  if (scripts.length === 0 || platform === undefined || security === undefined || security === 0) {
    return undefined
  }
  const folder = await findScripts({
    given: options.scripts,
    platform,
    security,
    scripts,
    workingFolder: process.cwd(),
  })
  if (folder !== undefined) return folder
  throw refusedRun([cause('CLI-22', '--scripts', `no folder has ${scripts.join(' and ')}`)])
}

/** Source: provisioning-station section 2.6. @throws RefusedInput with CLI-21 */
function requireIdentities(boards: readonly PlanBoard[], options: RunOptions): void {
  if (boards.length <= 1 || options.sameIdentity) return
  throw refusedRun([
    cause('CLI-21', '--boards', `${boards.length} boards stand ready for one identity`),
  ])
}

interface OpenBoards {
  readonly programmer: Programmer
  readonly wireless: WirelessProgrammer
  readonly lockFolder: string
  close(): void
}

/** Writes the data of a run to its boards. @throws StationError, CliError */
export async function runGenFactoryData(run: GenFactoryDataRun): Promise<PlanSummary> {
  const { options, input, signal, onEvent } = run
  const journalFolder = options.journal ?? join(homeAt(run.home).folder, 'gen-factory-data')
  const firmware = await readFirmware([options.files.provisioning, options.files.application])
  const boards = await openBoards(run, systemClock, journalFolder)
  try {
    await mkdir(journalFolder, { recursive: true, mode: 0o700 })
    const { journal } = await Journal.open({ folder: journalFolder, clock: systemClock })
    try {
      const acts = new ReconfigureActs({
        options,
        image: input.image,
        firmware,
        setting: input.setting,
        demo: input.demo,
        programmer: withSecondConnect(boards.programmer),
        wireless: boards.wireless,
        journal,
        lockFolder: boards.lockFolder,
        run: randomUUID(),
        clock: systemClock,
        signal,
        onEvent,
        onReadBack: (probe, octets) => keepReadBack(options, probe, octets),
      })
      return await runPlan({
        plan: ({ port }) => planOf(options, port),
        needsPort: options.provisioning === 1,
        jobs: options.jobs,
        acts,
        admit: (found) => requireIdentities(found, options),
      })
    } finally {
      await journal.close()
    }
  } finally {
    boards.close()
  }
}

/** One file for one board, else one for each probe; a device key may stand in it. */
async function keepReadBack(
  { readBack, boards, sameIdentity }: RunOptions,
  probe: string,
  content: Uint8Array,
): Promise<void> {
  if (readBack === undefined) return
  const isOne = !sameIdentity || boards?.length === 1
  const path = isOne ? readBack : `${readBack}.${probe}`
  await writeWhole({ path, content, isSecret: true, isReplaceable: true })
}

/** The boards behind real probes, or those of a simulated bench. */
async function openBoards(
  { options, onNotice }: GenFactoryDataRun,
  clock: Clock,
  folder: string,
): Promise<OpenBoards> {
  if (options.simulate !== undefined) {
    const { slots, benchFolder } = simulationOf(options.simulate)
    const bench = openBench({
      slots,
      clock,
      part: parts[options.profile],
      timing: 'none',
      ...(benchFolder === undefined ? {} : { folder: benchFolder }),
    })
    const cube = createCubeProgrammer({
      program: 'simulated',
      execute: simulatedCall(bench, clock),
      isExternal: (address) => isExternal(options.profile, address),
      externalLoader: options.externalLoader ?? parts[options.profile].external?.loader,
      verify: options.verify,
    })
    return {
      programmer: cube,
      wireless: cube,
      lockFolder: join(folder, 'locks'),
      close: () => bench.close(),
    }
  }
  const program = await findProgrammer({
    given: options.programmerPath,
    platform: process.platform,
    environment: process.env,
  })
  const programmer = createCubeProgrammer({
    program,
    isExternal: (address) => isExternal(options.profile, address),
    externalLoader: options.externalLoader ?? loaderOf(options),
    verify: options.verify,
    isProduction: options.policy === 'production',
    onNotice,
  })
  // Every station of this computer looks into the same folder, whatever its own is.
  const lockFolder = join(tmpdir(), 'keyline-locks')
  return { programmer, wireless: programmer, lockFolder, close: () => undefined }
}

/** The loader that the profile names for all of its boards. */
function loaderOf(options: RunOptions): string | undefined {
  for (const operation of planOf(options, null)) {
    if (operation.op === 'program' && operation.externalLoader !== undefined) {
      return operation.externalLoader
    }
  }
  return undefined
}

const simulation = /^(?<slots>[1-9]|[1-5]\d|6[0-4])(?::(?<folder>.+))?$/

/** `N`, or `N:FOLDER` to keep the boards. @throws CliError `CLI_USAGE` */
export function simulationOf(spec: string): {
  readonly slots: number
  readonly benchFolder?: string
} {
  const groups = simulation.exec(spec)?.groups
  if (groups === undefined) {
    throw new CliError('CLI_USAGE', `--simulate ${spec} is neither N nor N:FOLDER, N from 1 to 64`)
  }
  const { slots, folder } = groups
  return { slots: Number(slots), ...(folder === undefined ? {} : { benchFolder: folder }) }
}
