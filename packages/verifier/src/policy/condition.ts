import { canonicalJson, type JsonValue } from '@keyline/bytes'
import { lifecycleState, lifecycleStates } from '@keyline/eat'
import { VerifierError } from '../errors.ts'
import type { JsonObject, PolicyInput } from './input.ts'
import { compareVersions } from './version.ts'

/** Whether a rule applies to evidence. @throws VerifierError `POLICY_MALFUNCTION` */
export type Condition = (input: PolicyInput) => boolean

type Test = (value: JsonValue, path: string) => boolean

const parts: ReadonlySet<string> = new Set(['evidence', 'result', 'endorsements', 'session'])

/**
 * Compiles the conditions of a rule, all of which must hold. A member is a JSON Pointer (RFC 6901) into evidence,
 * result, endorsements and session, in which `*` means any element of a list; its value is what must stand there, or one
 * of `in`, `atLeast` and `below` (semantic versions), `lifecycle` (names of states), `present`, `not`.
 * @param place of the rule, for messages
 * @throws VerifierError `POLICY_RULES`
 */
export function compileCondition(when: JsonObject, place: string): Condition {
  const conditions = Object.entries(when).map(([pointer, wanted]) =>
    compilePointer(pointer, wanted, `${place} ${pointer}`),
  )
  return (input) => conditions.every((holds) => holds(input))
}

function compilePointer(pointer: string, wanted: JsonValue, place: string): Condition {
  const [empty, ...steps] = pointer.split('/').map(unescapeStep)
  if (empty !== '' || !parts.has(steps[0] ?? '')) {
    return refuse(place, 'is no pointer into /evidence, /result, /endorsements or /session')
  }
  if (isObject(wanted) && typeof wanted['present'] === 'boolean') {
    const { present } = wanted
    return (input) => valuesAt({ ...input }, steps).length > 0 === present
  }
  const test = compileTest(wanted, place)
  return (input) => {
    const values = valuesAt({ ...input }, steps)
    if (values.length === 0 && !steps.includes('*')) {
      throw new VerifierError('POLICY_MALFUNCTION', `${place} is absent`)
    }
    return values.some((value) => test(value, place))
  }
}

function compileTest(wanted: JsonValue, place: string): Test {
  if (!isObject(wanted)) return equals(wanted)
  const entries = Object.entries(wanted)
  if (entries.length === 0) return refuse(place, 'asks for nothing')
  const tests = entries.map(([name, value]) => compileOperator(name, value, place))
  return (value, path) => tests.every((test) => test(value, path))
}

function compileOperator(name: string, wanted: JsonValue, place: string): Test {
  switch (name) {
    case 'equals':
      return equals(wanted)
    case 'in': {
      if (!isList(wanted)) return refuse(place, 'in must be a list')
      const tests = wanted.map(equals)
      return (value, path) => tests.some((test) => test(value, path))
    }
    case 'not': {
      const test = compileTest(wanted, place)
      return (value, path) => !test(value, path)
    }
    case 'atLeast':
      return versionTest(wanted, place, (order) => order >= 0)
    case 'below':
      return versionTest(wanted, place, (order) => order < 0)
    case 'lifecycle':
      return lifecycleTest(wanted, place)
    default:
      return refuse(place, `${name} is no operator`)
  }
}

function equals(wanted: JsonValue): Test {
  const text = canonicalJson(wanted)
  return (value) => canonicalJson(value) === text
}

function versionTest(wanted: JsonValue, place: string, isMet: (order: number) => boolean): Test {
  if (typeof wanted !== 'string' || compareVersions(wanted, wanted) === undefined) {
    return refuse(place, 'must be compared with a version MAJOR.MINOR.PATCH')
  }
  return (value, path) => {
    const order = typeof value === 'string' ? compareVersions(value, wanted) : undefined
    if (order !== undefined) return isMet(order)
    const message = `${path} is ${JSON.stringify(value)}, no version MAJOR.MINOR.PATCH`
    throw new VerifierError('POLICY_MALFUNCTION', message)
  }
}

function lifecycleTest(wanted: JsonValue, place: string): Test {
  const names: ReadonlySet<JsonValue> = new Set(isList(wanted) ? wanted : [wanted])
  const known: ReadonlySet<JsonValue> = new Set(lifecycleStates.map(({ name }) => name))
  for (const name of names) {
    if (!known.has(name)) refuse(place, `${JSON.stringify(name)} is no state of the lifecycle`)
  }
  return (value) => {
    const state = typeof value === 'number' ? lifecycleState(value) : undefined
    return state !== undefined && names.has(state.name)
  }
}

/** All values that a pointer reaches; none for a member that is absent. */
function valuesAt(document: JsonValue, steps: readonly string[]): readonly JsonValue[] {
  let values: readonly JsonValue[] = [document]
  for (const step of steps) {
    values = values.flatMap((value): readonly JsonValue[] => {
      if (isList(value)) return step === '*' ? value : present(value[Number(step)])
      return isObject(value) && Object.hasOwn(value, step) ? present(value[step]) : []
    })
  }
  return values
}

function present(value: JsonValue | undefined): readonly JsonValue[] {
  return value === undefined ? [] : [value]
}

function unescapeStep(step: string): string {
  return step.replaceAll('~1', '/').replaceAll('~0', '~')
}

export function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isList(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value)
}

function refuse(place: string, message: string): never {
  throw new VerifierError('POLICY_RULES', `${place} ${message}`)
}
