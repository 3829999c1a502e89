import { BytesError } from './errors.ts'
import { isWellFormedText } from './octets.ts'

export type JsonValue =
  | null
  | boolean
  | number
  | string
  | readonly JsonValue[]
  | { readonly [member: string]: JsonValue | undefined }

/**
 * Canonical JSON of RFC 8785: members sorted by UTF-16 code units, no blanks, shortest numbers.
 * Members that are `undefined` are left out.
 * @throws BytesError `CANONICAL_JSON` for a value without a canonical form
 */
export function canonicalJson(value: JsonValue): string {
  return serialise(value, '$', 0)
}

function serialise(value: JsonValue, path: string, depth: number): string {
  if (depth > 64) throw new BytesError('CANONICAL_JSON', `${path} is nested deeper than 64`)
  if (value === null || typeof value === 'boolean') return String(value)
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new BytesError('CANONICAL_JSON', `${path} is ${value}`)
    return JSON.stringify(value)
  }
  if (typeof value === 'string') {
    if (!isWellFormedText(value)) {
      throw new BytesError('CANONICAL_JSON', `${path} has a lone surrogate`)
    }
    return JSON.stringify(value)
  }
  if (isArray(value)) {
    const items = value.map((item, index) => serialise(item, `${path}[${index}]`, depth + 1))
    return `[${items.join(',')}]`
  }
  const members: string[] = []
  for (const name of Object.keys(value).toSorted(byCodeUnit)) {
    const member = value[name]
    if (member === undefined) continue
    members.push(
      `${serialise(name, path, depth)}:${serialise(member, `${path}.${name}`, depth + 1)}`,
    )
  }
  return `{${members.join(',')}}`
}

function isArray(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value)
}

function byCodeUnit(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
