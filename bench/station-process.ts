import { join } from 'node:path'
import { callBench, type ToolRequest } from '@keyline/board'
import { systemClock } from '@keyline/bytes'
import { openStation, runOrder, type RunOrderOptions } from '@keyline/cli/wiring'
import {
  createCubeProgrammer,
  createSerialPorts,
  isExternal,
  type PlatformScripts,
  type ProgrammerCall,
} from '@keyline/station'
import { testPki } from '../test/support/line.ts'
import { loadStationOrder } from './station-order.ts'

/** What a station process is told: boards that another process serves, one for each slot. */
export interface StationJob {
  /** Folder of the server of the boards. */
  readonly boards: string
  /** Path of the simulated STM32_Programmer_CLI, whose loaders stand beside it. It is never started. */
  readonly program: string
  /** Folder of home, order and results. */
  readonly folder: string
  readonly slots: number
}

/** What making one board in each slot took of the station alone. */
export interface StationUse {
  readonly passed: number
  readonly wallMs: number
  /** User and system, all threads. */
  readonly cpuMs: number
  /** The most memory that the process ever had, start and loader of the bench included. */
  readonly peakMebibytes: number
  /** Reasons of the boards that did not pass. */
  readonly troubles: readonly string[]
}

/** Makes a board in each slot, with the texts of the programmer and the ttys of the boards. */
async function makeBoards({ boards, program, folder, slots }: StationJob): Promise<StationUse> {
  const loaded = await loadStationOrder(folder, slots)
  const pki = await testPki()
  const station = await openStation({ home: join(folder, 'home'), policy: 'test' })
  const troubles: string[] = []
  const cpu = process.cpuUsage()
  const start = performance.now()
  try {
    const { pass } = await runOrder({
      station,
      loaded,
      pki,
      slots,
      resume: false,
      results: join(folder, 'results'),
      clock: systemClock,
      signal: new AbortController().signal,
      openBoards: () => Promise.resolve(servedBoards(boards, program)),
      onEvent: (event) => {
        if (event.type === 'slot-stopped') troubles.push(event.reason)
        if (event.type !== 'unit-decided' || event.record.verdict === 'PASS') return
        troubles.push(`${event.record.verdict} ${event.record.reason}: ${event.record.message}`)
      },
    })
    const wallMs = performance.now() - start
    const { user, system } = process.cpuUsage(cpu)
    const peakMebibytes = process.resourceUsage().maxRSS / 1024
    return { passed: pass, wallMs, cpuMs: (user + system) / 1000, peakMebibytes, troubles }
  } finally {
    await station.close()
  }
}

type LineBoards = Awaited<ReturnType<NonNullable<RunOrderOptions['openBoards']>>>

/** Programmer and scripts are asked over the socket of the server, without a process for each call. */
function servedBoards(boards: string, program: string): LineBoards {
  const call = async (request: ToolRequest, signal: AbortSignal | undefined): Promise<string> => {
    let output = ''
    const exitCode = await callBench(boards, request, {
      write: (text) => {
        output += text
      },
      ask: () => Promise.resolve('0'),
      signal,
    })
    if (request.tool === 'script' && exitCode !== 0) throw new Error(output)
    return output
  }
  const cwd = process.cwd()
  const execute: ProgrammerCall = async (argv, { signal }) => ({
    output: await call({ tool: 'programmer', argv, cwd }, signal),
    isCut: false,
    stopped: undefined,
    reason: undefined,
  })
  const scripts: PlatformScripts = {
    run: async (probe, name, { signal } = {}) => {
      const folder = { platform: 'wba', security: 1 } as const
      await call({ tool: 'script', name, ...folder, isAuto: true, cwd, probe }, signal)
    },
  }
  const programmer = createCubeProgrammer({
    program,
    execute,
    isExternal: (address) => isExternal('wba', address),
  })
  return {
    programmer,
    ports: createSerialPorts(),
    // The boards of the folder are new, and each slot takes one.
    fixture: { nextBoard: () => Promise.resolve(true) },
    wireless: programmer,
    scripts,
    close: () => undefined,
  }
}

process.once('message', (job: StationJob) => {
  void makeBoards(job).then((use) => process.send?.(use, () => process.disconnect()))
})
