import { readFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import type { CaseResult } from '../../test/support/vectors/case.ts'
import { reasonNotApplicable } from '../../test/support/vectors/not-applicable.ts'
import { root } from '../root.ts'
import { missingFromIndex } from './index-counts.ts'
import { isRecord, recognise, type Recognised } from './recognise.ts'
import { walkVectors } from './walk.ts'

/** What one file of vectors gave. */
export interface FileReport {
  /** Path below the folder that was asked for. */
  readonly file: string
  readonly passed: number
  /** Cases that passed on each side, where a file has several. */
  readonly sides?: Readonly<Record<string, number>> | undefined
  readonly failures: readonly CaseResult[]
  readonly notApplicable: ReadonlyArray<{ readonly id: string; readonly reason: string }>
  /** A group or an algorithm that Keyline has nothing for. */
  readonly unsupported?: { readonly what: string; readonly why: string; readonly cases: number }
}

/** Runs every vector below a folder, file by file. */
export async function* runVectors(folder: string): AsyncGenerator<FileReport> {
  const { files, indexes } = walkVectors(folder)
  for (const index of indexes) {
    const failures = missingFromIndex(index).map((actual) =>
      failure('index', 'every case that it lists', actual),
    )
    const isEmpty = failures.length === 0
    if (!isEmpty) yield { file: relative(folder, index), passed: 0, failures, notApplicable: [] }
  }
  for (const path of files) yield await runFile(path, relative(folder, path))
}

async function runFile(path: string, file: string): Promise<FileReport> {
  const nothing = { file, passed: 0, notApplicable: [] }
  try {
    const json: unknown = JSON.parse(await readFile(path, 'utf8'))
    const found = await recognise(path, json)
    switch (found.kind) {
      case 'unknown':
        return { ...nothing, failures: [failure('file', 'a known format', 'unknown file')] }
      case 'unsupported':
        return { ...nothing, failures: [], unsupported: found }
      case 'check': {
        const results = await found.check({ path: found.path, json, beside: besideOf(path) })
        return { file, ...judge(found, json, results) }
      }
      default:
        return found satisfies never
    }
  } catch (error) {
    const actual = error instanceof Error ? error.message : String(error)
    return { ...nothing, failures: [failure('file', 'cases that can be run', actual)] }
  }
}

/** Sorts the results, and adds a failure for each vector that nobody ran. */
function judge(
  { path, cases, owed = new Map() }: Recognised & { readonly kind: 'check' },
  json: unknown,
  results: readonly CaseResult[],
): Omit<FileReport, 'file'> {
  const failures: CaseResult[] = []
  const notApplicable: { id: string; reason: string }[] = []
  let passed = 0
  for (const result of results) {
    const reason = result.ok ? undefined : reasonNotApplicable(path, result.id)
    if (result.ok) passed += 1
    else if (reason === undefined) failures.push(result)
    else notApplicable.push({ id: result.id, reason })
  }
  const run = new Set(results.map(({ id }) => id))
  for (const id of [...idsOf(json), ...[...owed.values()].flat()].filter((id) => !run.has(id))) {
    failures.push(failure(id, 'a result', 'no runner read it'))
  }
  if (results.length < cases) {
    failures.push(failure('file', `${cases} results`, `${results.length} results`))
  }
  return {
    passed,
    sides: owed.size > 0 ? passedOf(owed, results) : undefined,
    failures,
    notApplicable,
  }
}

function passedOf(
  owed: ReadonlyMap<string, readonly string[]>,
  results: readonly CaseResult[],
): Readonly<Record<string, number>> {
  const passed = new Set(results.filter(({ ok }) => ok).map(({ id }) => id))
  return Object.fromEntries(
    Array.from(owed, ([side, ids]) => [side, ids.filter((id) => passed.has(id)).length]),
  )
}

function idsOf(json: unknown): readonly string[] {
  const vectors = isRecord(json) ? json['vectors'] : undefined
  if (!Array.isArray(vectors)) return []
  return vectors
    .map((vector: unknown) => (isRecord(vector) ? vector['id'] : undefined))
    .filter((id) => typeof id === 'string')
}

/** Reads another file of the same group: beside the file, else from the copy of the house. */
function besideOf(path: string): (wanted: string) => Promise<unknown> {
  const group = dirname(dirname(path))
  return async (wanted) => {
    const withoutGroup = wanted.split('/').slice(1).join('/')
    const text = await readFile(join(group, withoutGroup), 'utf8').catch(() =>
      readFile(join(root, 'test/vectors', wanted), 'utf8'),
    )
    return JSON.parse(text)
  }
}

function failure(id: string, expected: string, actual: string): CaseResult {
  return { id, ok: false, expected, actual }
}
