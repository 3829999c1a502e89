import { fromHex } from '@keyline/bytes'
import type { CaseResult, VectorFile } from './case.ts'

/** Typed access to the members of one JSON object of a vector file; a missing member is a thrown error. */
export class VectorReader {
  readonly #place: string
  readonly #members: ReadonlyMap<string, unknown>

  constructor(place: string, value: unknown) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new TypeError(`${place} is not a JSON object`)
    }
    this.#place = place
    this.#members = new Map(Object.entries(value))
  }

  get id(): string {
    return this.text('id')
  }

  has(name: string): boolean {
    return this.#members.has(name)
  }

  /** There, and not null. */
  holds(name: string): boolean {
    return (this.raw(name) ?? null) !== null
  }

  raw(name: string): unknown {
    return this.#members.get(name)
  }

  text(name: string): string {
    const value = this.raw(name)
    return typeof value === 'string' ? value : this.#fail(name, 'a text')
  }

  number(name: string): number {
    const value = this.raw(name)
    return typeof value === 'number' ? value : this.#fail(name, 'a number')
  }

  flag(name: string): boolean {
    const value = this.raw(name)
    return typeof value === 'boolean' ? value : this.#fail(name, 'true or false')
  }

  octets(name: string): Uint8Array<ArrayBuffer> {
    return fromHex(this.text(name), `${this.#place}.${name}`)
  }

  object(name: string): VectorReader {
    return new VectorReader(`${this.#place}.${name}`, this.raw(name))
  }

  list(name: string): readonly unknown[] {
    const value = this.raw(name)
    return Array.isArray(value) ? value : this.#fail(name, 'a list')
  }

  texts(name: string): readonly string[] {
    return this.list(name).map((item) =>
      typeof item === 'string' ? item : this.#fail(name, 'a list of texts'),
    )
  }

  numbers(name: string): readonly number[] {
    return this.list(name).map((item) =>
      typeof item === 'number' ? item : this.#fail(name, 'a list of numbers'),
    )
  }

  objects(name: string): readonly VectorReader[] {
    return this.list(name).map(
      (item, index) => new VectorReader(`${this.#place}.${name}[${index}]`, item),
    )
  }

  /** Names and values, in the order of the file. */
  entries(): readonly (readonly [string, unknown])[] {
    return [...this.#members]
  }

  #fail(name: string, wanted: string): never {
    throw new TypeError(`${this.#place}.${name} is not ${wanted}`)
  }
}

/** The cases of a file: the list under `vectors`. */
export function casesOf(file: VectorFile): readonly VectorReader[] {
  return new VectorReader(file.path, file.json).objects('vectors')
}

/** Compares two texts, the usual end of a case. */
export function compared(id: string, expected: string, actual: string): CaseResult {
  return { id, ok: expected === actual, expected, actual }
}
