import { judgeCall, readCommandLine, readList } from '@keyline/station'
import type { CaseResult, VectorCheck } from './case.ts'
import { canonical } from './canonical.ts'
import { casesOf, compared, type VectorReader } from './vector-reader.ts'

/** Calls of STM32_Programmer_CLI, and what it prints. */
export const check: VectorCheck = async (file) => {
  if (file.path.endsWith('argv.json')) return casesOf(file).map(argvCase)
  if (file.path.endsWith('outputs.json')) return casesOf(file).map(outputCase)
  throw new TypeError(`${file.path} is no file of programmer vectors that is known here`)
}

/** Of a refused call only the refusal counts: the texts are examples. */
function argvCase(vector: VectorReader): CaseResult {
  const read = readCommandLine(vector.texts('argv'))
  const expected = vector.has('error') ? 'refused' : canonical(vector.raw('operations'))
  return compared(vector.id, expected, read.ok ? canonical(read.commands) : 'refused')
}

/** What the vector does not name is not asked. */
function outputCase(vector: VectorReader): CaseResult {
  const read = readCommandLine(vector.texts('argv'))
  if (!read.ok) return compared(vector.id, 'a call', read.error)
  const text = vector.text('stdout')
  const isList = read.commands.some(({ cmd }) => cmd === 'list')
  const actual = isList ? readList(text) : judgeCall(read.commands, text)
  const parsed = vector.raw('parsed')
  return compared(vector.id, canonical(parsed), canonical(asAsked(parsed, actual)))
}

/** The members of `value` that `wanted` has, at every depth. */
function asAsked(wanted: unknown, value: unknown): unknown {
  if (Array.isArray(wanted) && Array.isArray(value)) {
    return value.map((item: unknown, index) => asAsked(wanted[index], item))
  }
  if (!isObject(wanted) || !isObject(value)) return value
  const members = new Map(Object.entries(value))
  return Object.fromEntries(
    Object.entries(wanted).map(([name, member]) => [name, asAsked(member, members.get(name))]),
  )
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}
