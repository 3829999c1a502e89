import { describe, expect, it } from 'vitest'
import type { Operation, PlanBoard } from './plan.ts'
import { runPlan, type OperationOutcome } from './run-plan.ts'

function boardsOf(...names: readonly string[]): readonly PlanBoard[] {
  return names.map((name) => ({
    serial: name,
    port: name === 'deaf' ? null : `/dev/${name}`,
    name,
  }))
}

const operations = (board: PlanBoard): readonly Operation[] => [
  { op: 'check-port', port: board.port ?? '' },
  { op: 'build-image' },
  { op: 'reset' },
]

/** Runs the three operations; `outcomes` says what does not end well, by board and operation. */
async function run(
  boards: readonly PlanBoard[],
  outcomes: Readonly<Record<string, OperationOutcome>> = {},
  jobs = 64,
) {
  const done: string[] = []
  const summary = await runPlan({
    plan: operations,
    needsPort: true,
    jobs,
    acts: {
      list: async () => boards,
      perform: async ({ serial }, { op }) => {
        const act = `${serial} ${op}`
        done.push(act)
        return outcomes[act] ?? 'done'
      },
    },
  })
  return { done, ...summary }
}

describe('a run of a plan', () => {
  it('checks every port before it touches a board', async () => {
    const { done } = await run(boardsOf('a', 'b'))
    expect(done.slice(0, 2)).toEqual(['a check-port', 'b check-port'])
    expect(done).toHaveLength(6)
  })

  it('counts a busy port as a failed board when others ran', async () => {
    const { boards, exitCode, done } = await run(boardsOf('a', 'b'), { 'a check-port': 'failed' })
    expect(boards.map(({ outcome }) => outcome)).toEqual(['left-out', 'done'])
    expect(done).not.toContain('a build-image')
    expect(exitCode).toBe(1)
  })

  it('has nothing to do when no board has a free port', async () => {
    expect(await run(boardsOf('deaf'))).toMatchObject({ done: [], exitCode: 3 })
    expect(await run([])).toMatchObject({ exitCode: 3 })
  })

  it('ends a board at its first failure and goes on with the others, in turn', async () => {
    const { done, exitCode } = await run(boardsOf('a', 'b'), { 'a build-image': 'failed' }, 1)
    expect(done.slice(2)).toEqual(['a build-image', 'b build-image', 'b reset'])
    expect(exitCode).toBe(1)
  })

  it('is interrupted when one board is', async () => {
    const { exitCode } = await run(boardsOf('a', 'b'), { 'b reset': 'interrupted' })
    expect(exitCode).toBe(130)
  })

  it('can be refused before a board is touched', async () => {
    const refused = runPlan({
      plan: operations,
      needsPort: false,
      jobs: 1,
      admit: (boards) => {
        throw new RangeError(`${boards.length} boards`)
      },
      acts: { list: async () => boardsOf('a', 'b'), perform: async () => 'done' },
    })
    await expect(refused).rejects.toThrow('2 boards')
  })
})
