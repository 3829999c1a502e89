import { textPlace } from './places.ts'
import type { Place } from './search.ts'

/**
 * Everything that a program can reach from some values without calling a function: members by name and by symbol,
 * hidden ones too, accessors, entries of maps and sets, prototypes, causes of errors. Octets are looked at with all of
 * the memory that they are a view of. What is behind `#` is not reachable, and that is the point.
 */
export function reachableFrom(roots: Readonly<Record<string, unknown>>): readonly Place[] {
  const places: Place[] = []
  const seen = new Set<unknown>(builtIn)
  const waiting: [name: string, value: unknown][] = Object.entries(roots)
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const [name, value] = next
    if (typeof value === 'string') places.push(textPlace(name, value))
    if (typeof value === 'bigint') places.push(textPlace(name, String(value)))
    if (!isHolder(value) || seen.has(value)) continue
    seen.add(value)
    places.push(...memoryOf(name, value))
    waiting.push(...membersOf(name, value))
  }
  return places
}

function isHolder(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function'
}

function memoryOf(name: string, value: object): readonly Place[] {
  if (ArrayBuffer.isView(value)) return [{ name, octets: new Uint8Array(value.buffer) }]
  if (value instanceof ArrayBuffer) return [{ name, octets: new Uint8Array(value) }]
  if (Array.isArray(value) && value.every((item) => typeof item === 'number')) {
    return [textPlace(name, value.join(','))]
  }
  return []
}

function membersOf(name: string, value: object): [string, unknown][] {
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return []
  const members: [string, unknown][] = [[`${name}.__proto__`, Object.getPrototypeOf(value)]]
  for (let holder: unknown = value; isOwn(holder); holder = Object.getPrototypeOf(holder)) {
    for (const key of Reflect.ownKeys(holder)) {
      const member = read(value, key)
      if (member !== undefined) members.push([`${name}.${String(key)}`, member])
    }
  }
  if (value instanceof Map) {
    for (const [key, item] of value) members.push([`${name} key`, key], [`${name} value`, item])
  }
  if (value instanceof Set) for (const item of value) members.push([`${name} item`, item])
  return members
}

/** An accessor may refuse: `caller` of a function does. */
function read(value: object, key: PropertyKey): unknown {
  try {
    return Reflect.get(value, key)
  } catch {
    return undefined
  }
}

/** Prototypes and functions of the language itself hold nothing of ours. */
const builtIn: ReadonlySet<unknown> = new Set(
  [
    Object,
    Function,
    Array,
    Map,
    Set,
    Error,
    Promise,
    Uint8Array,
    ArrayBuffer,
    Date,
    RegExp,
  ].flatMap((type): unknown[] => [type, type.prototype]),
)

function isOwn(holder: unknown): holder is object {
  return typeof holder === 'object' && holder !== null && !builtIn.has(holder)
}
