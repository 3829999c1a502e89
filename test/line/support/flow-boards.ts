import { BenchProgrammer, openBench, parts, type SlotFault } from '@keyline/board'
import type { Clock } from '@keyline/bytes'
import { benchFixture } from '../../../packages/cli/src/wiring/bench-fixture.ts'
import type { LineBoards } from '../../../packages/cli/src/wiring/line-boards.ts'
import { scriptsOf, type FlowCase } from './flow-case.ts'

export interface FlowBoardsOptions {
  readonly slots: number
  readonly clock: Clock
  /** The boards outlive the process there. */
  readonly folder: string
  readonly faults: readonly SlotFault[]
  readonly seed?: string
}

/** Boards of a case with the firmware that is built for it, on disk. */
export function openFlowBoards(flow: FlowCase, options: FlowBoardsOptions): LineBoards {
  const { clock } = options
  const bench = openBench({ ...options, part: parts[flow.platform] })
  const programmer = new BenchProgrammer({ bench, clock })
  return {
    programmer,
    ports: bench,
    fixture: benchFixture(bench),
    wireless: programmer,
    scripts: scriptsOf(flow, programmer, clock),
    close: () => bench.close(),
  }
}
