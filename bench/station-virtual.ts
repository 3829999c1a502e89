import { join } from 'node:path'
import { BenchProgrammer, openBench, parts } from '@keyline/board'
import { clockOf, openStation, runOrder } from '@keyline/cli/wiring'
import { flowCases, scriptsOf } from '../test/line/support/flow-case.ts'
import { testPki } from '../test/support/line.ts'
import { loadStationOrder } from './station-order.ts'

export interface VirtualBoards {
  /** Folder of home, order and results. */
  readonly folder: string
  readonly slots: number
  readonly quantity: number
}

/** Makes boards in this process; all that takes time there takes virtual time alone. @returns how many passed */
export async function makeVirtualBoards(options: VirtualBoards): Promise<number> {
  const { folder, slots, quantity } = options
  const clock = clockOf(true)
  const loaded = await loadStationOrder(folder, quantity)
  const station = await openStation({ home: join(folder, 'home'), policy: 'test', clock })
  using bench = openBench({ slots, clock, part: parts.wba, seed: 'bench' })
  const programmer = new BenchProgrammer({ bench, clock })
  try {
    const { pass } = await runOrder({
      station,
      loaded,
      pki: await testPki(),
      slots,
      resume: false,
      results: join(folder, 'results'),
      clock,
      signal: new AbortController().signal,
      openBoards: () =>
        Promise.resolve({
          programmer,
          ports: bench,
          fixture: {
            nextBoard: (probe) => {
              bench.insertFreshBoard(bench.slotNumberOf(probe))
              return Promise.resolve(true)
            },
          },
          wireless: programmer,
          scripts: scriptsOf(flowCases.wba1, programmer, clock),
          close: () => undefined,
        }),
      onEvent: () => undefined,
    })
    return pass
  } finally {
    await station.close()
  }
}
