import { BytesError, parseJson, type JsonValue } from '@keyline/bytes'
import { readTier, trustClaims, type Tier, type TrustClaim } from '@keyline/eat'
import { VerifierError } from '../errors.ts'
import { compileCel } from './cel.ts'
import { compileCondition, isObject, type Condition } from './condition.ts'
import { trustConstants } from './constants.ts'
import type { JsonObject } from './input.ts'

/** What a rule sets when it applies. */
export interface PolicyEffect {
  readonly vector: ReadonlyMap<TrustClaim, number>
  readonly status: Tier | undefined
  readonly addedClaims: JsonObject | undefined
}

export interface PolicyRule {
  readonly applies: Condition
  readonly effect: PolicyEffect
}

/** A policy that is ready to run: pure, in bounded time. */
export interface CompiledPolicy {
  /** Stands in results behind the name of the scheme. */
  readonly id?: string | undefined
  /** May make a claim better than the appraisal did (V26). */
  readonly mayRaise: boolean
  readonly rules: readonly PolicyRule[]
}

const members: ReadonlySet<string> = new Set(['mayRaise', 'rules', 'name', 'description'])
const mostRules = 256

/**
 * Compiles a policy: `{"rules": [{"when": …, "set": …}], "mayRaise": false}` (attestation-verifier 8.1). `when` is a map
 * of conditions, see `compileCondition`, or a text in CEL; `set` gives claims (numbers or names of values), `status` and
 * `added_claims`. @throws VerifierError `POLICY_RULES` with the place
 */
export async function compilePolicy(text: string, id?: string): Promise<CompiledPolicy> {
  const document = parsed(text)
  if (!isObject(document)) return refuse('the policy', 'is no object')
  for (const name of Object.keys(document)) {
    if (!members.has(name)) refuse('the policy', `has the unknown member ${name}`)
  }
  const { rules, mayRaise = false } = document
  if (!Array.isArray(rules) || rules.length === 0 || rules.length > mostRules) {
    return refuse('rules', `must be a list of 1 to ${mostRules}`)
  }
  if (typeof mayRaise !== 'boolean') return refuse('mayRaise', 'must be true or false')
  const compiled = await Promise.all(
    rules.map((rule: JsonValue, index) => compileRule(rule, `rules[${index}]`)),
  )
  return { id, mayRaise, rules: compiled }
}

async function compileRule(rule: JsonValue, place: string): Promise<PolicyRule> {
  if (!isObject(rule)) return refuse(place, 'is no object')
  const { when, set, ...others } = rule
  const [unknown] = Object.keys(others)
  if (unknown !== undefined) return refuse(place, `has the unknown member ${unknown}`)
  const effect = compileEffect(set, `${place}.set`)
  if (typeof when === 'string') return { applies: await compileCel(when, `${place}.when`), effect }
  if (!isObject(when)) return refuse(`${place}.when`, 'is neither conditions nor a CEL expression')
  return { applies: compileCondition(when, `${place}.when`), effect }
}

function compileEffect(set: JsonValue | undefined, place: string): PolicyEffect {
  if (!isObject(set) || Object.keys(set).length === 0) return refuse(place, 'sets nothing')
  const vector = new Map<TrustClaim, number>()
  let status: Tier | undefined
  let addedClaims: JsonObject | undefined
  for (const [name, value] of Object.entries(set)) {
    const claim = trustClaims.find((one) => one === name.replaceAll('_', '-'))
    if (claim !== undefined) vector.set(claim, trustValue(value, `${place}.${name}`))
    else if (name === 'status') {
      status = readTier(value)
      if (status === undefined) refuse(`${place}.status`, `is ${JSON.stringify(value)}, no tier`)
    } else if (name === 'added_claims' && isObject(value)) addedClaims = value
    else refuse(`${place}.${name}`, 'is not what a policy may set')
  }
  return { vector, status, addedClaims }
}

function trustValue(value: JsonValue, place: string): number {
  const number = typeof value === 'string' ? trustConstants.get(value) : value
  if (typeof number === 'number' && Number.isInteger(number) && number >= -128 && number <= 127) {
    return number
  }
  return refuse(place, `is ${JSON.stringify(value)}, no value of -128 to 127 and no name of one`)
}

function parsed(text: string): JsonValue {
  try {
    return parseJson(text, 'the policy')
  } catch (cause) {
    if (!(cause instanceof BytesError)) throw cause
    throw new VerifierError('POLICY_RULES', cause.message, { cause })
  }
}

function refuse(place: string, message: string): never {
  throw new VerifierError('POLICY_RULES', `${place} ${message}`)
}
