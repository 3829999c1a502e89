import type { Operation, PlanBoard } from './plan.ts'

/** How one operation on one board ended. */
export type OperationOutcome = 'done' | 'failed' | 'interrupted'

/** How one board ended. A board without a free port is left out, and no operation touches it. */
export type BoardOutcome = OperationOutcome | 'left-out'

/** What carries the operations of a plan out. Failures are outcomes here; what is thrown is a bug. */
export interface PlanActs {
  /** The boards of the run: listed, and chosen by `--boards`. */
  list(): Promise<readonly PlanBoard[]>
  perform(board: PlanBoard, operation: Operation): Promise<OperationOutcome>
  /** Judges a board whose operations are done, before its protection closes it. */
  check?(board: PlanBoard): Promise<OperationOutcome>
  /** Called once for each board that was begun, however it ended. */
  end?(board: PlanBoard): Promise<void>
}

export interface PlanRun {
  readonly plan: (board: PlanBoard) => readonly Operation[]
  readonly needsPort: boolean
  /** Boards at the same time. */
  readonly jobs: number
  readonly acts: PlanActs
  /** Looks at the chosen boards before the first of them is touched, and throws to refuse them. */
  readonly admit?: ((boards: readonly PlanBoard[]) => void) | undefined
}

export interface PlanSummary {
  readonly boards: readonly { readonly board: PlanBoard; readonly outcome: BoardOutcome }[]
  readonly exitCode: 0 | 1 | 3 | 130
}

/**
 * Runs the plan on each board. Ports are checked before any board is touched; a failed operation ends its own board.
 * Source: provisioning-station sections 5, 5.0 and 2.3.
 */
export async function runPlan({
  plan,
  needsPort,
  jobs,
  acts,
  admit,
}: PlanRun): Promise<PlanSummary> {
  const boards = await acts.list()
  const outcomes = new Map<PlanBoard, BoardOutcome>()
  const ready: { readonly board: PlanBoard; readonly operations: readonly Operation[] }[] = []
  for (const board of boards) {
    const { checks, operations } = splitChecks(plan(board))
    const outcome =
      needsPort && board.port === null ? 'left-out' : await checkBoard(acts, board, checks)
    if (outcome === 'done') ready.push({ board, operations })
    else outcomes.set(board, outcome)
  }
  admit?.(ready.map(({ board }) => board))
  const waiting = ready.values()
  const work = async (): Promise<void> => {
    for (const { board, operations } of waiting) {
      try {
        outcomes.set(board, await makeBoard(acts, board, operations))
      } finally {
        await acts.end?.(board)
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(jobs, ready.length) }, work))
  const ended = boards.map((board) => ({ board, outcome: outcomes.get(board) ?? 'interrupted' }))
  return { boards: ended, exitCode: exitCodeOf(ended.map(({ outcome }) => outcome)) }
}

function splitChecks(operations: readonly Operation[]): {
  readonly checks: readonly Operation[]
  readonly operations: readonly Operation[]
} {
  return {
    checks: operations.filter(({ op }) => op === 'check-port'),
    operations: operations.filter(({ op }) => op !== 'check-port'),
  }
}

async function checkBoard(
  acts: PlanActs,
  board: PlanBoard,
  checks: readonly Operation[],
): Promise<BoardOutcome> {
  const outcome = await performAll(acts, board, checks)
  return outcome === 'failed' ? 'left-out' : outcome
}

/** A read-out protection is the last act, and only on a board that was found good. */
async function makeBoard(
  acts: PlanActs,
  board: PlanBoard,
  operations: readonly Operation[],
): Promise<OperationOutcome> {
  const open = operations.filter(({ op }) => op !== 'protect')
  const done = await performAll(acts, board, open)
  const checked = done === 'done' && acts.check !== undefined ? await acts.check(board) : done
  if (checked !== 'done') return checked
  const closing = operations.filter(({ op }) => op === 'protect')
  return performAll(acts, board, closing)
}

async function performAll(
  acts: PlanActs,
  board: PlanBoard,
  operations: readonly Operation[],
): Promise<OperationOutcome> {
  for (const operation of operations) {
    const outcome = await acts.perform(board, operation)
    if (outcome !== 'done') return outcome
  }
  return 'done'
}

/** Source: provisioning-station section 2.3. */
export function exitCodeOf(outcomes: readonly BoardOutcome[]): PlanSummary['exitCode'] {
  if (outcomes.includes('interrupted')) return 130
  if (outcomes.every((outcome) => outcome === 'left-out')) return 3
  return outcomes.every((outcome) => outcome === 'done') ? 0 : 1
}
