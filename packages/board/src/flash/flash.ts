import { BoardError } from '../errors.ts'
import type { FlashGeometry } from '../part/part.ts'
import type { FlashFile } from './flash-file.ts'
import { PagePool } from './page-pool.ts'

export interface FlashOptions {
  /** Keeps the octets from process to process. */
  readonly file?: FlashFile | undefined
  /** Shares equal pages with other flashes of the same geometry. */
  readonly pool?: PagePool | undefined
}

/**
 * Flash with its real semantics (provisioning-station section 12.2): erased octets read FF, pages are
 * erased as a whole, and a program unit can be written once after each erase; in NOR flash bits go from 1 to 0.
 * Addresses are those of the memory map; an alias names the same octets.
 */
export class Flash {
  readonly geometry: FlashGeometry
  /** A page that is absent is erased. Pages are never changed in place, so reads may share them. */
  readonly #pages: (Uint8Array | undefined)[]
  readonly #erasedPage: Uint8Array
  readonly #file: FlashFile | undefined
  readonly #pool: PagePool

  constructor(geometry: FlashGeometry, options: FlashOptions = {}) {
    const { file, pool = new PagePool() } = options
    this.geometry = geometry
    this.#pages = Array.from({ length: geometry.size / geometry.pageSize }, () => undefined)
    this.#erasedPage = new Uint8Array(geometry.pageSize).fill(0xff)
    this.#file = file
    this.#pool = pool
    if (file !== undefined) this.#load(file.load())
  }

  /** A copy of the octets. @throws BoardError `BOARD_ADDRESS` */
  read(address: number, length: number): Uint8Array<ArrayBuffer> {
    const start = this.#offsetOf(address, length)
    const octets = new Uint8Array(length)
    for (const { page, from, to } of this.#spans(start, start + length)) {
      const source = this.#pages[page.index]
      const target = page.offset + from - start
      if (source === undefined) octets.fill(0xff, target, target + to - from)
      else octets.set(source.subarray(from, to), target)
    }
    return octets
  }

  /** Erases every page that the range touches. @returns the number of pages */
  erase(address: number, length: number): number {
    const start = this.#offsetOf(address, length)
    const { pageSize } = this.geometry
    const first = Math.floor(start / pageSize)
    const last = Math.ceil((start + length) / pageSize)
    let index = first
    while (index < last) {
      if (this.#pages[index] === undefined) {
        index++
        continue
      }
      const from = index
      for (; index < last && this.#pages[index] !== undefined; index++) {
        this.#pages[index] = undefined
      }
      this.#file?.write(from * pageSize, new Uint8Array((index - from) * pageSize).fill(0xff))
    }
    return last - first
  }

  /**
   * Programs whole units; the last one is filled up with FF. The units in front of a unit that is not
   * erased keep what was written to them.
   * @throws BoardError `BOARD_NOT_ERASED`, `BOARD_ADDRESS`
   */
  program(address: number, octets: Uint8Array): void {
    const { start, length } = this.#unitsOf(address, octets.length)
    if (this.geometry.programming === 'nor') return this.#clearBits(start, octets)
    const padded = octets.length === length ? octets : filledUp(octets, length)
    let end = start + length
    for (const { page, from, to } of this.#spans(start, end)) {
      const current = this.#pages[page.index]
      const used = current === undefined ? undefined : this.#firstUsedUnit(current, from, to)
      const stop = used ?? to
      const piece = padded.subarray(page.offset + from - start, page.offset + stop - start)
      if (piece.length > 0) this.#pages[page.index] = this.#programmed(page.index, from, piece)
      if (used !== undefined) {
        end = page.offset + used
        break
      }
    }
    this.#file?.write(start, padded.subarray(0, end - start))
    if (end < start + length) {
      throw new BoardError(
        'BOARD_NOT_ERASED',
        `the program unit at ${hex(this.geometry.base + end)} is not erased`,
        { details: { class: 'protection', address: this.geometry.base + end } },
      )
    }
  }

  #clearBits(start: number, octets: Uint8Array): void {
    const present = this.read(this.geometry.base + start, octets.length)
    const result = octets.map((octet, index) => octet & (present[index] ?? 0))
    for (const { page, from, to } of this.#spans(start, start + result.length)) {
      const piece = result.subarray(page.offset + from - start, page.offset + to - start)
      this.#pages[page.index] = this.#programmed(page.index, from, piece)
    }
    this.#file?.write(start, result)
  }

  /** True when the address is one of this memory. */
  contains(address: number): boolean {
    const { base, aliases, size } = this.geometry
    return [base, ...aliases].some((origin) => address >= origin && address < origin + size)
  }

  /** Erases everything. */
  eraseAll(): void {
    this.erase(this.geometry.base, this.geometry.size)
  }

  /** @throws BoardError `BOARD_ADDRESS` unless the range starts at a unit and lies in the flash */
  requireProgrammable(address: number, length: number): void {
    this.#unitsOf(address, length)
  }

  /** Inverts one bit where it stands, as a failing cell does. */
  flipBit(address: number, bit = 0): void {
    const [octet = 0] = this.read(address, 1)
    const offset = this.#offsetOf(address, 1)
    const index = Math.floor(offset / this.geometry.pageSize)
    const page = Uint8Array.from(this.#pages[index] ?? this.#erasedPage)
    page[offset % this.geometry.pageSize] = octet ^ (1 << bit)
    this.#pages[index] = page
    this.#file?.write(offset, Uint8Array.of(octet ^ (1 << bit)))
  }

  /** True when the octets stand there. */
  holds(address: number, octets: Uint8Array): boolean {
    const start = this.#offsetOf(address, octets.length)
    for (const { page, from, to } of this.#spans(start, start + octets.length)) {
      const wanted = octets.subarray(page.offset + from - start, page.offset + to - start)
      const present = (this.#pages[page.index] ?? this.#erasedPage).subarray(from, to)
      if (Buffer.compare(wanted, present) !== 0) return false
    }
    return true
  }

  close(): void {
    this.#file?.close()
  }

  #load(octets: Uint8Array): void {
    const { pageSize } = this.geometry
    for (let index = 0; index < this.#pages.length; index++) {
      const stored = octets.subarray(index * pageSize, (index + 1) * pageSize)
      const erased = this.#erasedPage.subarray(0, stored.length)
      if (Buffer.compare(stored, erased) === 0) continue
      const page = Uint8Array.from(this.#erasedPage)
      page.set(stored)
      this.#pages[index] = page
    }
  }

  #programmed(index: number, from: number, piece: Uint8Array): Uint8Array {
    if (piece.length === this.geometry.pageSize) return this.#pool.share(index, piece)
    const page = Uint8Array.from(this.#pages[index] ?? this.#erasedPage)
    page.set(piece, from)
    return page
  }

  #firstUsedUnit(page: Uint8Array, from: number, to: number): number | undefined {
    const erased = this.#erasedPage
    if (Buffer.compare(page.subarray(from, to), erased.subarray(from, to)) === 0) return undefined
    const { unitSize } = this.geometry
    for (let unit = from; unit < to; unit += unitSize) {
      const octets = page.subarray(unit, unit + unitSize)
      if (Buffer.compare(octets, erased.subarray(0, unitSize)) !== 0) return unit
    }
    return undefined
  }

  *#spans(start: number, end: number): Generator<Span> {
    const { pageSize } = this.geometry
    for (let index = Math.floor(start / pageSize); index * pageSize < end; index++) {
      const offset = index * pageSize
      yield {
        page: { index, offset },
        from: Math.max(start - offset, 0),
        to: Math.min(end - offset, pageSize),
      }
    }
  }

  /** The whole units that a range fills. */
  #unitsOf(address: number, octets: number): { readonly start: number; readonly length: number } {
    const { unitSize } = this.geometry
    const length = Math.ceil(octets / unitSize) * unitSize
    const start = this.#offsetOf(address, length)
    if (start % unitSize === 0) return { start, length }
    throw new BoardError(
      'BOARD_ADDRESS',
      `address ${hex(address)} is not at the start of a program unit of ${unitSize} octets`,
    )
  }

  #offsetOf(address: number, length: number): number {
    const { base, aliases, size } = this.geometry
    for (const origin of [base, ...aliases]) {
      if (address >= origin && address + length <= origin + size) return address - origin
    }
    throw new BoardError(
      'BOARD_ADDRESS',
      `${length} octets at ${hex(address)} are outside the flash ${hex(base)} to ${hex(base + size - 1)}`,
    )
  }
}

/** The part of a range that lies in one page; `from` and `to` count from the start of the page. */
interface Span {
  readonly page: { readonly index: number; readonly offset: number }
  readonly from: number
  readonly to: number
}

function filledUp(octets: Uint8Array, length: number): Uint8Array {
  const padded = new Uint8Array(length).fill(0xff, octets.length)
  padded.set(octets)
  return padded
}

function hex(address: number): string {
  return `0x${address.toString(16).toUpperCase().padStart(8, '0')}`
}
