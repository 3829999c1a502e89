import type { JsonValue } from './canonical-json.ts'
import { BytesError } from './errors.ts'
import { isWellFormedText } from './octets.ts'

export interface JsonLimits {
  /** Longest document in characters; 1 048 576 unless given. */
  readonly maxLength?: number
  /** Lists and objects in each other; 16 unless given. */
  readonly maxDepth?: number
  /** Told of each member that occurs twice, which is then no error; the last one counts. */
  readonly onDuplicate?: ((member: string) => void) | undefined
}

const forbiddenMembers = new Set(['__proto__', 'constructor', 'prototype'])

const literal = /true|false|null/y
const number = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y
const escape = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y

/**
 * Strict JSON (RFC 8259, with the limits of RFC 7493): no member twice, no number that would lose digits,
 * no lone surrogate, bounded depth and size, no member `__proto__`, `constructor` or `prototype`.
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

  /** @param depth lists and objects around the value */
  #value(depth: number): JsonValue {
    this.#blanks()
    const first = this.#text.charAt(this.#at)
    if (first === '"') return this.#string()
    if (first === '{' || first === '[') {
      if (depth === this.#maxDepth) this.#fail(`nesting deeper than ${this.#maxDepth}`)
      this.#at++
      return first === '{' ? this.#object(depth + 1) : this.#list(depth + 1)
    }
    const word = this.#match(literal)
    if (word !== undefined) return word === 'null' ? null : word === 'true'
    return this.#number()
  }

  #object(depth: number): JsonValue {
    const members: Record<string, JsonValue> = {}
    this.#blanks()
    if (this.#take('}')) return members
    do {
      this.#blanks()
      const name = this.#name(members)
      this.#blanks()
      if (!this.#take(':')) this.#fail('":" is expected')
      members[name] = this.#value(depth)
      this.#blanks()
    } while (this.#take(','))
    if (!this.#take('}')) this.#fail('"," or "}" is expected')
    return members
  }

  #name(members: Readonly<Record<string, JsonValue>>): string {
    const start = this.#at
    if (this.#text.charAt(start) !== '"') this.#fail('a member name is expected')
    const name = this.#string()
    if (forbiddenMembers.has(name)) {
      this.#fail(`member ${JSON.stringify(name)} is not allowed`, start)
    }
    if (Object.hasOwn(members, name)) {
      if (this.#onDuplicate === undefined) {
        this.#fail(`duplicate member ${JSON.stringify(name)}`, start)
      }
      this.#onDuplicate(name)
    }
    return name
  }

  #list(depth: number): JsonValue {
    const items: JsonValue[] = []
    this.#blanks()
    if (this.#take(']')) return items
    do {
      items.push(this.#value(depth))
      this.#blanks()
    } while (this.#take(','))
    if (!this.#take(']')) this.#fail('"," or "]" is expected')
    return items
  }

  #number(): number {
    const start = this.#at
    const token = this.#match(number)
    if (token === undefined) {
      const found = this.#text.codePointAt(start)
      if (found === undefined) this.#fail('end of text')
      this.#fail(`unexpected ${JSON.stringify(String.fromCodePoint(found))}`)
    }
    const value = Number(token)
    const isWhole = !/[.eE]/.test(token)
    if (isWhole && !Number.isSafeInteger(value) && String(value) !== token) {
      this.#fail(`${token.slice(0, 40)} would lose digits; write it as a string`, start)
    }
    if (!Number.isFinite(value)) this.#fail(`${token.slice(0, 40)} is too large`, start)
    return value
  }

  #string(): string {
    const text = this.#text
    const start = this.#at++
    let hasEscapes = false
    for (;;) {
      const code = text.charCodeAt(this.#at)
      if (code === 0x22) break
      if (code === 0x5c) {
        hasEscapes = true
        if (this.#match(escape) === undefined) this.#fail('a string has a bad escape')
      } else if (code >= 0x20) {
        this.#at++
      } else {
        const isCut = this.#at >= text.length
        this.#fail(isCut ? 'a string is not closed' : 'a string has a control character')
      }
    }
    const end = this.#at++
    const value = hasEscapes ? unescaped(text.slice(start, end + 1)) : text.slice(start + 1, end)
    if (!isWellFormedText(value)) this.#fail('a string has a lone surrogate', start)
    return value
  }

  #blanks(): void {
    for (;;) {
      const code = this.#text.charCodeAt(this.#at)
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return
      this.#at++
    }
  }

  #take(character: string): boolean {
    if (this.#text.charAt(this.#at) !== character) return false
    this.#at++
    return true
  }

  /** Takes what the sticky pattern matches here. */
  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at
    const token = pattern.exec(this.#text)?.[0]
    this.#at += token?.length ?? 0
    return token
  }

  #fail(reason: string, at = this.#at): never {
    const before = this.#text.slice(0, at).split('\n')
    const column = (before.at(-1)?.length ?? 0) + 1
    throw new BytesError(
      'BYTES_TEXT',
      `${this.#what}, line ${before.length} column ${column}: ${reason}`,
    )
  }
}

/** A string token whose form was checked before. */
function unescaped(token: string): string {
  return String(JSON.parse(token))
}
