import { randomUUID } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { systemClock, type Clock } from '@keyline/bytes'
import { openBench, parts } from '@keyline/board'
import {
  createCubeProgrammer,
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
import { probeLockFolder, realProgrammer } from './line-boards.ts'
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
 * What is missing for a run that rewrites boards, found before any board is touched.
 * @throws StationError `STATION_NO_FLOW`
 */
export function requireFlow(options: RunOptions): void {
  const missing = missingPart(options)
  if (missing === undefined) return
  throw new StationError('STATION_NO_FLOW', `${missing} cannot be run yet`)
}

function missingPart(options: RunOptions): string | undefined {
  if (options.files.batch !== undefined) return 'a batch of identities'
  if (options.labels !== undefined) return 'printing labels'
  if (options.ledger !== undefined) return 'a ledger for boards whose data are rewritten'
  return undefined
}

/** Folder of the journal of runs that have no ledger, below that of the station. */
export function rewriteFolder(home: string): string {
  return join(homeAt(home).folder, 'gen-factory-data')
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
  const journalFolder = options.journal ?? rewriteFolder(run.home)
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
        onReadBack: (probe, content) => {
          const isOne = !options.sameIdentity || options.boards?.length === 1
          return keepReadBack(options, { probe, content, isOne })
        },
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
export async function keepReadBack(
  { readBack }: Pick<RunOptions, 'readBack'>,
  {
    probe,
    content,
    isOne,
  }: { readonly probe: string; readonly content: Uint8Array; readonly isOne: boolean },
): Promise<void> {
  if (readBack === undefined) return
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
  const programmer = await realProgrammer({
    platform: options.profile,
    programmer: options.programmerPath,
    externalLoader: options.externalLoader,
    verify: options.verify,
    isProduction: options.policy === 'production',
    onNotice,
  })
  return {
    programmer,
    wireless: programmer,
    lockFolder: probeLockFolder,
    close: () => undefined,
  }
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
