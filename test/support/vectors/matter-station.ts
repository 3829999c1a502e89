import { hasErrors } from '@keyline/bytes'
import {
  planOf,
  resolveOptions,
  runPlan,
  type Operation,
  type OperationOutcome,
  type PlanBoard,
  type RunOptions,
} from '@keyline/station'
import { canonical } from './canonical.ts'
import type { CaseResult, VectorCheck, VectorFile } from './case.ts'
import { casesOf, compared, VectorReader } from './vector-reader.ts'

/** Command lines of genFactoryData: their rules, their meaning, and the operations that follow from them. */
export const check: VectorCheck = async (file) => {
  if (file.path.endsWith('cli-args.json')) {
    const existing = new Set(new VectorReader(file.path, file.json).texts('existingFiles'))
    return casesOf(file).map((vector) => argumentsCase(vector, existing))
  }
  if (file.path.endsWith('plans.json')) return planCases(file)
  throw new TypeError(`${file.path} is no file of station vectors that is known here`)
}

/** The members of `resolved`; files and additional options have none. */
const resolvedMembers = [
  'provisioning',
  'data',
  'flashAddr',
  'security',
  'platform',
  'mode',
  'appFwAddr',
  'coFwAddr',
  'magicTrailerAddr',
  'verbose',
] as const satisfies readonly (keyof RunOptions)[]

function argumentsCase(vector: VectorReader, existing: ReadonlySet<string>): CaseResult {
  const { findings, options } = resolveOptions(vector.texts('args'), (path) => existing.has(path))
  const rulesOf = (isError: boolean): readonly string[] =>
    findings.filter(({ severity }) => (severity === 'error') === isError).map(({ rule }) => rule)
  const resolved =
    options === undefined
      ? undefined
      : Object.fromEntries(
          resolvedMembers.flatMap((name) =>
            options[name] === undefined ? [] : [[name, options[name]]],
          ),
        )
  const wanted = {
    valid: vector.flag('valid'),
    errors: vector.texts('errors'),
    warnings: vector.texts('warnings'),
    resolved: vector.raw('resolved'),
  }
  const actual = {
    valid: !hasErrors(findings),
    errors: rulesOf(true),
    warnings: rulesOf(false),
    resolved,
  }
  return compared(vector.id, canonical(wanted), canonical(actual))
}

async function planCases(file: VectorFile): Promise<readonly CaseResult[]> {
  return Promise.all(casesOf(file).map(planCase))
}

/** Runs the plan on boards that answer as the vector says; every file of a plan exists. */
async function planCase(vector: VectorReader): Promise<CaseResult> {
  const done: unknown[] = []
  const exitCode = await runCase(vector, done)
  const wanted = { operations: vector.list('operations'), exitCode: vector.number('exitCode') }
  return compared(vector.id, canonical(wanted), canonical({ operations: done, exitCode }))
}

async function runCase(vector: VectorReader, done: unknown[]): Promise<number> {
  const { options } = resolveOptions(vector.texts('args'), () => true)
  if (options === undefined) return 2
  const summary = await runPlan({
    plan: ({ port }) => planOf(options, port),
    needsPort: options.provisioning === 1,
    jobs: options.jobs,
    acts: {
      list: async () => {
        done.push({ op: 'list' })
        return vector.objects('boards').map(boardOf)
      },
      perform: async (_, operation) => {
        done.push(operation)
        return outcomeOf(vector, operation)
      },
    },
  })
  return summary.exitCode
}

function boardOf(board: VectorReader): PlanBoard {
  return {
    serial: board.text('serial'),
    port: board.holds('port') ? board.text('port') : null,
    name: board.text('name'),
  }
}

const resultMembers: ReadonlySet<string> = new Set(['ok', 'code', 'exitCode'])

/** An outcome belongs to the operation that has all of its other members. */
function outcomeOf(vector: VectorReader, operation: Operation): OperationOutcome {
  const members = new Map<string, unknown>(Object.entries(operation))
  const outcome = (vector.has('outcomes') ? vector.objects('outcomes') : []).find((candidate) =>
    candidate
      .entries()
      .every(([name, value]) => resultMembers.has(name) || members.get(name) === value),
  )
  if (outcome === undefined) return 'done'
  if (outcome.has('code') && outcome.text('code') === '0xFFFF') return 'interrupted'
  return 'failed'
}
