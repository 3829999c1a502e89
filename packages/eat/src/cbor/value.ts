/**
 * A CBOR item (RFC 8949) as the language has it: whole numbers are `number`, `bigint` beyond ±(2^53 − 1) alone; byte
 * strings are octets, arrays are lists, maps keep the order of their entries. What the language has no type for has
 * a class of its own, so that 1.0 is never taken for 1 and a tag never for what it encloses.
 */
export type CborValue =
  | number
  | bigint
  | string
  | boolean
  | null
  | Uint8Array
  | CborTag
  | CborFloat
  | CborSimple
  | readonly CborValue[]
  | CborMap

/** Numbers, texts, truth values and null are found by `get`; other keys by walking the entries. */
export type CborMap = ReadonlyMap<CborValue, CborValue>

/** A tag number, 0 … 2^64 − 1, and the item that it encloses. */
export class CborTag {
  readonly tag: number | bigint
  readonly value: CborValue

  constructor(tag: number | bigint, value: CborValue) {
    this.tag = tag
    this.value = value
  }
}

/** A floating-point number, whatever its width; written in the shortest width that keeps the value. */
export class CborFloat {
  readonly value: number

  constructor(value: number) {
    this.value = value
  }
}

/** A simple value without a name: 0 … 19, 23 (undefined), 32 … 255. */
export class CborSimple {
  readonly value: number

  constructor(value: number) {
    this.value = value
  }
}

export function isCborArray(value: CborValue | undefined): value is readonly CborValue[] {
  return Array.isArray(value)
}

export function isCborMap(value: CborValue | undefined): value is CborMap {
  return value instanceof Map
}

export function isCborInteger(value: CborValue | undefined): value is number | bigint {
  return typeof value === 'number' || typeof value === 'bigint'
}

export function isCborBytes(value: CborValue | undefined): value is Uint8Array {
  return value instanceof Uint8Array
}

/** A map of the entries whose value is there, in their order. */
export function cborMap(
  ...entries: ReadonlyArray<readonly [key: CborValue, value: CborValue | undefined]>
): CborMap {
  const map = new Map<CborValue, CborValue>()
  for (const [key, value] of entries) if (value !== undefined) map.set(key, value)
  return map
}

/** The item inside a certain tag; nothing when it has another tag or none. */
export function taggedValue(value: CborValue | undefined, tag: number): CborValue | undefined {
  return value instanceof CborTag && value.tag === tag ? value.value : undefined
}
