import { decodeUtf8, isKeylineError, toHex } from '@keyline/bytes'
import { EatError, type EatErrorCode } from '../errors.ts'
import { encodeCbor } from './encode.ts'
import { halfToNumber } from './half.ts'
import { AdditionalInformation, leastLongSimple, MajorType, SimpleForm } from './head.ts'
import { CborFloat, CborSimple, CborTag, type CborMap, type CborValue } from './value.ts'

export interface CborLimits {
  /** Arrays, maps and tags in each other; 16 unless given. */
  readonly maxDepth?: number | undefined
  /** Octets of the whole message; 65 536 unless given. */
  readonly maxLength?: number | undefined
  /**
   * What all items together may weigh, see {@link Weight}; without a limit unless given. An empty map of one octet
   * takes two hundred in memory: a message from anyone needs this limit too.
   */
  readonly maxWeight?: number | undefined
  /** Where the input begins in the message that it is a part of: errors name offsets in that message. */
  readonly base?: number | undefined
}

/** About 50 octets of memory each. */
export const Weight = {
  /** Integer, text, simple value. */
  scalar: 1,
  bytes: 2,
  /** Array, map, tag, float. */
  object: 4,
  /** Of a key of a map beside its own: to be compared it is written once more, but for integers and texts. */
  comparedKey: 12,
} as const

const majorTypes = Object.values(MajorType)
/** A text up to this length is looked at octet by octet. */
const shortText = 64
/** Its code units are put into one list for each length, which is kept. */
const utf16Units: number[][] = []

/**
 * Cursor over CBOR that refuses at once what the decoder limits of attestation 8.7 forbid. `value` takes a whole
 * item; `array`, `map` and `tag` take a head alone, for a reader that walks a long message and keeps little of it.
 * Nothing is allocated for a declared length; byte strings are views of the input.
 */
export class CborReader {
  readonly #octets: Uint8Array
  readonly #base: number
  #depthLeft: number
  #weightLeft: number
  #at = 0
  /** Argument of the head read last; 2^53 or more as `#wide`. */
  #argument = 0
  #wide = 0n

  /** @throws EatError `E_SIZE_LIMIT` */
  constructor(octets: Uint8Array, limits: CborLimits = {}) {
    this.#octets = octets
    this.#base = limits.base ?? 0
    this.#depthLeft = limits.maxDepth ?? 16
    this.#weightLeft = limits.maxWeight ?? Number.POSITIVE_INFINITY
    const maxLength = limits.maxLength ?? 65_536
    if (octets.length > maxLength) {
      throw new EatError(
        'E_SIZE_LIMIT',
        `the message has ${octets.length} octets, at most ${maxLength}`,
      )
    }
  }

  /** Of the next item, in the message. */
  get offset(): number {
    return this.#base + this.#at
  }

  get remaining(): number {
    return this.#octets.length - this.#at
  }

  /** Major type of the next item, which stays. */
  get next(): MajorType | undefined {
    const first = this.#octets[this.#at]
    return first === undefined ? undefined : majorTypes[first >> 5]
  }

  /** The next item. @throws EatError `E_CBOR_…` */
  value(): CborValue {
    const start = this.#at
    const first = this.#octets[start]
    if (first === undefined) return this.#truncated(start, 'an item is expected')
    const major = first >> 5
    if (major === MajorType.simple) return this.#simple(start, first & 31)
    this.#head(first)
    switch (major) {
      case MajorType.unsigned:
        this.#spend(Weight.scalar, start)
        return this.#unsigned()
      case MajorType.negative:
        this.#spend(Weight.scalar, start)
        return this.#negative()
      case MajorType.bytes:
        return this.#string(start)
      case MajorType.text:
        return this.#text(start)
      case MajorType.array:
        return this.#list(start)
      case MajorType.map:
        return this.#entries(start)
      default: {
        const tag = this.#unsigned()
        this.#enter(start)
        const value = this.value()
        this.#depthLeft++
        return new CborTag(tag, value)
      }
    }
  }

  /** Number of items of the array that begins here; the caller takes them, and then calls `leave`. */
  array(): number {
    const start = this.#open(MajorType.array)
    return this.#count(start, 1)
  }

  /** Number of entries of the map that begins here; the caller takes their keys and values, and then calls `leave`. */
  map(): number {
    const start = this.#open(MajorType.map)
    return this.#count(start, 2)
  }

  /** Number of the tag that begins here; the caller takes what it encloses, and then calls `leave`. */
  tag(): number | bigint {
    this.#open(MajorType.tag)
    return this.#unsigned()
  }

  /** Ends an array, a map or a tag that was entered. */
  leave(): void {
    this.#depthLeft++
  }

  /** @throws EatError `E_CBOR_TRAILING` when octets are left */
  end(): void {
    if (this.remaining > 0) {
      this.#fail('E_CBOR_TRAILING', `${this.remaining} octets stand behind the item`, this.#at)
    }
  }

  #open(major: MajorType): number {
    const start = this.#at
    const first = this.#octets[start]
    if (first === undefined) return this.#truncated(start, 'an item is expected')
    if (first >> 5 !== major) {
      throw new TypeError(`no item of major type ${major} begins at ${this.offset}`)
    }
    this.#head(first)
    this.#enter(start)
    return start
  }

  #enter(start: number): void {
    this.#spend(Weight.object, start)
    if (this.#depthLeft === 0) this.#fail('E_CBOR_DEPTH', 'items are nested too deeply', start)
    this.#depthLeft--
  }

  #spend(weight: number, start: number): void {
    this.#weightLeft -= weight
    if (this.#weightLeft < 0) this.#fail('E_SIZE_LIMIT', 'there are too many items', start)
  }

  /** Reads first octet and argument into `#argument`, or into `#wide` with −1 there. */
  #head(first: number): void {
    const octets = this.#octets
    const start = this.#at
    const information = first & 31
    if (information < AdditionalInformation.oneOctet) {
      this.#argument = information
      this.#at = start + 1
      return
    }
    if (information > AdditionalInformation.eightOctets) return this.#refuseHead(first, start)
    const width = 1 << (information - AdditionalInformation.oneOctet)
    if (start + width >= octets.length) return this.#truncated(start, 'a head is cut')
    this.#at = start + 1 + width
    let argument = 0
    for (let index = start + 1; index < this.#at; index++) {
      argument = argument * 256 + (octets[index] ?? 0)
    }
    this.#argument = argument
    if (argument > Number.MAX_SAFE_INTEGER) {
      this.#argument = -1
      this.#wide = new DataView(octets.buffer, octets.byteOffset + start + 1, 8).getBigUint64(0)
    }
  }

  #refuseHead(first: number, start: number): never {
    const information = first & 31
    const major = first >> 5
    const hasLength = major >= MajorType.bytes && major <= MajorType.map
    if (information === AdditionalInformation.indefinite && hasLength) {
      return this.#fail('E_CBOR_INDEFINITE', 'an item has an indefinite length', start)
    }
    return this.#fail('E_CBOR_MALFORMED', `additional information ${information}`, start)
  }

  #negative(): number | bigint {
    if (this.#argument < 0) return -1n - this.#wide
    const value = -1 - this.#argument
    return Number.isSafeInteger(value) ? value : BigInt(value)
  }

  #string(start: number): Uint8Array {
    const length = this.#argument
    if (length < 0 || length > this.remaining) return this.#beyond(start)
    this.#spend(Weight.bytes, start)
    const from = this.#at
    this.#at = from + length
    return this.#octets.subarray(from, this.#at)
  }

  /** Short texts of ASCII are put together here: a decoder of the runtime costs more than all of them. */
  #text(start: number): string {
    const length = this.#argument
    if (length < 0 || length > this.remaining) return this.#beyond(start)
    this.#spend(Weight.scalar, start)
    const octets = this.#octets
    const from = this.#at
    this.#at = from + length
    if (length <= shortText) {
      const units = (utf16Units[length] ??= Array.from({ length }, () => 0))
      let index = 0
      for (; index < length; index++) {
        const octet = octets[from + index] ?? 0
        if (octet > 0x7f) break
        units[index] = octet
      }
      if (index === length) return String.fromCharCode.apply(undefined, units)
    }
    try {
      return decodeUtf8(octets.subarray(from, this.#at))
    } catch (cause) {
      if (!isKeylineError(cause)) throw cause
      return this.#fail('E_CBOR_UTF8', 'a text is not UTF-8', start)
    }
  }

  #list(start: number): readonly CborValue[] {
    const count = this.#count(start, 1)
    this.#enter(start)
    const items: CborValue[] = []
    for (let index = 0; index < count; index++) items.push(this.value())
    this.#depthLeft++
    return items
  }

  #entries(start: number): CborMap {
    const count = this.#count(start, 2)
    this.#enter(start)
    const map = new Map<CborValue, CborValue>()
    let others: Set<string> | undefined
    for (let index = 0; index < count; index++) {
      const keyAt = this.#at
      const key = this.value()
      if (typeof key === 'object' && key !== null) {
        this.#spend(Weight.comparedKey, keyAt)
        others ??= new Set()
        const name = keyName(key)
        if (others.has(name)) this.#duplicate(keyAt)
        others.add(name)
      } else if (map.has(key)) {
        this.#duplicate(keyAt)
      }
      map.set(key, this.value())
    }
    this.#depthLeft++
    return map
  }

  #duplicate(keyAt: number): never {
    return this.#fail('E_CBOR_DUPLICATE_KEY', 'a map has this key twice', keyAt)
  }

  #simple(start: number, form: number): CborValue {
    this.#spend(Weight.scalar, start)
    switch (form) {
      case SimpleForm.false:
      case SimpleForm.true:
        this.#at++
        return form === SimpleForm.true
      case SimpleForm.null:
        this.#at++
        return null
      case SimpleForm.half:
        return new CborFloat(halfToNumber(this.#float(start, 2).getUint16(0)))
      case SimpleForm.single:
        return new CborFloat(this.#float(start, 4).getFloat32(0))
      case SimpleForm.double:
        return new CborFloat(this.#float(start, 8).getFloat64(0))
      default:
        this.#head((MajorType.simple << 5) | form)
        if (form === SimpleForm.oneOctet && this.#argument < leastLongSimple) {
          this.#fail('E_CBOR_MALFORMED', `simple value ${this.#argument} in two octets`, start)
        }
        return new CborSimple(this.#argument)
    }
  }

  #float(start: number, width: number): DataView {
    if (start + width >= this.#octets.length) return this.#truncated(start, 'a float is cut')
    this.#spend(Weight.object, start)
    this.#at = start + 1 + width
    const { buffer, byteOffset } = this.#octets
    return new DataView(buffer, byteOffset + start + 1, width)
  }

  #unsigned(): number | bigint {
    return this.#argument < 0 ? this.#wide : this.#argument
  }

  /** A count that the rest of the input can hold: each item takes an octet at least. */
  #count(start: number, octetsEach: number): number {
    const count = this.#argument
    return count < 0 || count * octetsEach > this.remaining ? this.#beyond(start) : count
  }

  #beyond(start: number): never {
    return this.#truncated(
      start,
      `${this.#unsigned()} are announced, ${this.remaining} octets are left`,
    )
  }

  #truncated(start: number, reason: string): never {
    return this.#fail('E_CBOR_TRUNCATED', reason, start)
  }

  #fail(code: EatErrorCode, reason: string, at: number): never {
    const offset = this.#base + at
    throw new EatError(code, `${reason}, at octet ${offset}`, { details: { offset } })
  }
}

/** The same for equal keys, however they are encoded. */
function keyName(key: CborValue): string {
  if (key instanceof Uint8Array) return `h${toHex(key)}`
  return toHex(encodeCbor(key, { order: 'deterministic', expectedLength: 16 }))
}

/** Decodes exactly one item. @throws EatError `E_CBOR_…`, `E_SIZE_LIMIT` with the offset of the octet */
export function decodeCbor(octets: Uint8Array, limits: CborLimits = {}): CborValue {
  const reader = new CborReader(octets, limits)
  const value = reader.value()
  reader.end()
  return value
}
