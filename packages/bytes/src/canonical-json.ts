import { BytesError } from './errors.ts'
import { isWellFormedText } from './octets.ts'

export type JsonValue = null | boolean | number | string | readonly JsonValue[] | JsonObject

interface JsonObject {
  readonly [member: string]: JsonValue | undefined
}

const maxDepth = 64

/**
 * Canonical JSON of RFC 8785: members sorted by UTF-16 code units, no blanks, shortest numbers.
 * Members that are `undefined` are left out. At most 64 lists and objects lie in each other.
 * @throws BytesError `CANONICAL_JSON` for a value without a canonical form
 */
export function canonicalJson(value: JsonValue): string {
  return serialise(value, '$', 0)
}

function serialise(value: JsonValue, path: string, depth: number): string {
  if (value === null || typeof value === 'boolean') return String(value)
  if (typeof value === 'number') {
    if (Number.isFinite(value)) return JSON.stringify(value)
    return refuse(`${path} is ${value}`)
  }
  if (typeof value === 'string') {
    if (isWellFormedText(value)) return JSON.stringify(value)
    return refuse(`${path} has a lone surrogate`)
  }
  // No JsonValue is left; what a cast let through must not become an empty object.
  if (typeof value !== 'object') return refuse(`${path} is of type ${typeof value}`)
  if (depth === maxDepth) return refuse(`${path} is nested deeper than ${maxDepth}`)
  return isArray(value) ? list(value, path, depth + 1) : object(value, path, depth + 1)
}

function list(items: readonly JsonValue[], path: string, depth: number): string {
  const texts = Array.from(items, (item, index) => serialise(item, `${path}[${index}]`, depth))
  return `[${texts.join(',')}]`
}

function object(members: JsonObject, path: string, depth: number): string {
  const prototype: unknown = Object.getPrototypeOf(members)
  if (prototype !== Object.prototype && prototype !== null) {
    return refuse(`${path} is no plain object`)
  }
  const texts: string[] = []
  // Without a comparison of its own, sorting goes by UTF-16 code units, as section 3.2.3 wants.
  for (const name of Object.keys(members).toSorted()) {
    const member = members[name]
    if (member === undefined) continue
    texts.push(`${serialise(name, path, depth)}:${serialise(member, `${path}.${name}`, depth)}`)
  }
  return `{${texts.join(',')}}`
}

function refuse(message: string): never {
  throw new BytesError('CANONICAL_JSON', message)
}

function isArray(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value)
}
