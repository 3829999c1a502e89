import type { JsonValue } from '@keyline/bytes'
import { VerifierError } from '../errors.ts'
import type { Condition } from './condition.ts'
import type { PolicyInput } from './input.ts'

/** What an expression may be: its cost stays bounded with the 64 KiB of the evidence. */
const limits = { maxAstNodes: 512, maxDepth: 24, maxListElements: 256, maxMapEntries: 64 }
/** Loops over the evidence inside each other: each multiplies the time with the number of components. */
const mostLoops = 2
const loops = /\.\s*(?:all|exists|exists_one|filter|map)\s*\(/g
/** An evaluation that took longer is not believed: of the processor's time, since a busy machine says nothing of a policy. */
const longestMs = 50

/**
 * Compiles an expression in the Common Expression Language over evidence, result, endorsements and session. The engine
 * is loaded with the first expression, so that a verifier without one does not pay for it.
 * @throws VerifierError `POLICY_RULES`
 */
export async function compileCel(expression: string, place: string): Promise<Condition> {
  const { Environment } = await import('@marcbachmann/cel-js')
  const environment = new Environment({ unlistedVariablesAreDyn: false, limits })
  for (const name of ['evidence', 'result', 'endorsements', 'session']) {
    environment.registerVariable(name, 'dyn')
  }
  if ((expression.match(loops)?.length ?? 0) > mostLoops) {
    throw new VerifierError('POLICY_RULES', `${place} has more than ${mostLoops} loops`)
  }
  const evaluate = compiled(() => environment.parse(expression), place)
  const { valid, type, error } = evaluate.check()
  if (!valid) throw new VerifierError('POLICY_RULES', `${place}: ${firstLine(error)}`)
  if (type !== 'bool' && type !== 'dyn') {
    throw new VerifierError('POLICY_RULES', `${place} gives ${type ?? 'nothing'}, no bool`)
  }
  return (input) => evaluated(() => evaluate(celVariables(input)), place)
}

/** The engine has no result type: what it gives is looked at by its type. */
function evaluated(evaluate: () => unknown, place: string): boolean {
  const start = process.cpuUsage()
  const result = attempt(evaluate, 'POLICY_MALFUNCTION', place)
  const { user, system } = process.cpuUsage(start)
  if (user + system > longestMs * 1000) {
    throw new VerifierError('POLICY_MALFUNCTION', `${place} took longer than ${longestMs} ms`)
  }
  if (typeof result === 'boolean') return result
  throw new VerifierError('POLICY_MALFUNCTION', `${place} gives ${typeof result}, no bool`)
}

function compiled<T>(parse: () => T, place: string): T {
  return attempt(parse, 'POLICY_RULES', place)
}

function attempt<T>(act: () => T, code: 'POLICY_RULES' | 'POLICY_MALFUNCTION', place: string): T {
  try {
    return act()
  } catch (cause) {
    throw new VerifierError(code, `${place}: ${firstLine(cause)}`, { cause })
  }
}

function firstLine(error: unknown): string {
  const text = error instanceof Error ? error.message : 'the engine refuses it'
  return text.split('\n', 1)[0] ?? text
}

type CelValue = null | boolean | number | bigint | string | readonly CelValue[] | CelMap
interface CelMap {
  readonly [name: string]: CelValue
}

function celVariables({ evidence, result, endorsements, session }: PolicyInput): CelMap {
  return {
    evidence: toCel(evidence),
    result: toCel(result),
    endorsements: toCel(endorsements),
    session: toCel(session),
  }
}

/** Whole numbers are 64 bit integers there. */
function toCel(value: JsonValue): CelValue {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : value
  if (typeof value !== 'object' || value === null) return value
  if (isList(value)) return value.map(toCel)
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [name, toCel(item ?? null)]),
  )
}

function isList(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value)
}
