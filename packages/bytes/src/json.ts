import type { JsonValue } from './canonical-json.ts'
import { BytesError } from './errors.ts'

export interface JsonLimits {
  /** Longest document in characters. */
  readonly maxLength?: number
  readonly maxDepth?: number
  /** Told of each member that occurs twice, which is then no error; the last one counts. */
  readonly onDuplicate?: ((member: string) => void) | undefined
}

const forbiddenMembers = new Set(['__proto__', 'constructor', 'prototype'])

/**
 * Strict JSON (RFC 8259): no member twice, bounded depth and size, no `__proto__`.
 * `JSON.parse` keeps the last of two equal members; a signed or certified document must not have two.
 * @throws BytesError `BYTES_TEXT` with line and column
 */
export function parseJson(text: string, what: string, limits: JsonLimits = {}): JsonValue {
  const maxLength = limits.maxLength ?? 1_048_576
  if (text.length > maxLength) {
    throw new BytesError(
      'BYTES_TEXT',
      `${what} has ${text.length} characters, at most ${maxLength}`,
    )
  }
  return new JsonParser(text, what, limits).document()
}

class JsonParser {
  readonly #text: string
  readonly #what: string
  readonly #maxDepth: number
  readonly #onDuplicate: ((member: string) => void) | undefined
  #at = 0

  constructor(text: string, what: string, limits: JsonLimits) {
    this.#text = text
    this.#what = what
    this.#maxDepth = limits.maxDepth ?? 16
    this.#onDuplicate = limits.onDuplicate
  }

  document(): JsonValue {
    const value = this.#value(0)
    this.#blanks()
    if (this.#at < this.#text.length) this.#fail('text behind the document')
    return value
  }

  #value(depth: number): JsonValue {
    if (depth > this.#maxDepth) this.#fail(`nesting deeper than ${this.#maxDepth}`)
    this.#blanks()
    const first = this.#text.charAt(this.#at)
    if (first === '{') return this.#object(depth)
    if (first === '[') return this.#array(depth)
    if (first === '"') return this.#string()
    const literal = /(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)/y
    literal.lastIndex = this.#at
    const token = literal.exec(this.#text)?.[0]
    if (token === undefined) this.#fail(first === '' ? 'end of text' : `unexpected ${first}`)
    this.#at += token.length
    if (token === 'null') return null
    if (token === 'true' || token === 'false') return token === 'true'
    return Number(token)
  }

  #object(depth: number): JsonValue {
    const members: Record<string, JsonValue> = {}
    this.#at++
    this.#blanks()
    if (this.#take('}')) return members
    do {
      this.#blanks()
      if (this.#text.charAt(this.#at) !== '"') this.#fail('a member name is expected')
      const name = this.#string()
      if (Object.hasOwn(members, name)) {
        if (this.#onDuplicate === undefined) this.#fail(`duplicate member ${JSON.stringify(name)}`)
        this.#onDuplicate(name)
      }
      if (forbiddenMembers.has(name)) this.#fail(`member ${JSON.stringify(name)} is not allowed`)
      this.#blanks()
      if (!this.#take(':')) this.#fail('":" is expected')
      members[name] = this.#value(depth + 1)
      this.#blanks()
    } while (this.#take(','))
    if (!this.#take('}')) this.#fail('"," or "}" is expected')
    return members
  }

  #array(depth: number): JsonValue {
    const items: JsonValue[] = []
    this.#at++
    this.#blanks()
    if (this.#take(']')) return items
    do {
      items.push(this.#value(depth + 1))
      this.#blanks()
    } while (this.#take(','))
    if (!this.#take(']')) this.#fail('"," or "]" is expected')
    return items
  }

  #string(): string {
    // JSON forbids raw control characters inside a string.
    const pattern = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y
    pattern.lastIndex = this.#at
    const token = pattern.exec(this.#text)?.[0]
    if (token === undefined) this.#fail('a string is not closed or has a bad escape')
    this.#at += token.length
    const value: unknown = JSON.parse(token)
    return typeof value === 'string' ? value : this.#fail('a string is expected')
  }

  #blanks(): void {
    while (/[ \t\n\r]/.test(this.#text.charAt(this.#at))) this.#at++
  }

  #take(character: string): boolean {
    if (this.#text.charAt(this.#at) !== character) return false
    this.#at++
    return true
  }

  #fail(reason: string): never {
    const before = this.#text.slice(0, this.#at).split('\n')
    const column = (before.at(-1)?.length ?? 0) + 1
    throw new BytesError(
      'BYTES_TEXT',
      `${this.#what}, line ${before.length} column ${column}: ${reason}`,
    )
  }
}
