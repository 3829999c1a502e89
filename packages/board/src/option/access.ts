import { BoardError } from '../errors.ts'
import type { Part } from '../part/part.ts'
import type { OptionBytes } from './option-bytes.ts'

export interface Access {
  readonly address: number
  readonly length: number
}

const secureAlias = 0x0c00_0000

/** What the debug port may do with the flash under the option bytes in force. */
export class FlashAccess {
  readonly #part: Part
  readonly #options: OptionBytes

  constructor(part: Part, options: OptionBytes) {
    this.#part = part
    this.#options = options
  }

  /** @throws BoardError `BOARD_PROTECTED` at RDP 1, or through the wrong alias */
  requireReadable(access: Access): void {
    this.#requireRdp0(access)
    if (this.#isInternal(access.address)) this.#requireAlias(access)
  }

  /** @throws BoardError `BOARD_PROTECTED` as for reading, and where WRP or HDP covers a page */
  requireWritable(access: Access): void {
    this.requireReadable(access)
    if (!this.#isInternal(access.address)) return
    for (const page of this.#pagesOf(access)) {
      if (this.#isWriteProtected(page)) throw refused(page.address, 'write-protected (WRP)')
      if (this.#isHidden(page)) throw refused(page.address, 'hidden and protected (HDP)')
    }
  }

  /** @throws BoardError `BOARD_PROTECTED` where WRP or HDP covers any page of the flash */
  requireUnlocked(): void {
    const { base, size } = this.#part.flash
    for (const page of this.#pagesOf({ address: base, length: size })) {
      if (this.#isWriteProtected(page)) throw refused(page.address, 'write-protected (WRP)')
      if (this.#isHidden(page)) throw refused(page.address, 'hidden and protected (HDP)')
    }
  }

  /** The octets as the debug port sees them: a hidden page reads 00. */
  hide(access: Access, octets: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
    if (!this.#isInternal(access.address)) return octets
    const { pageSize } = this.#part.flash
    for (const page of this.#pagesOf(access)) {
      if (!this.#isHidden(page)) continue
      const from = Math.max(page.address - access.address, 0)
      octets.fill(0, from, page.address + pageSize - access.address)
    }
    return octets
  }

  #requireRdp0({ address }: Access): void {
    const { rdp } = this.#options
    if (rdp !== 0) throw refused(address, `read-out protected (RDP level ${rdp})`)
  }

  #requireAlias(access: Access): void {
    if (this.#part.flash.aliases.length === 0) return
    const isSecureAlias = access.address >= secureAlias
    if (this.#options.value('TZEN') === 0) {
      if (isSecureAlias) throw refused(access.address, 'protected: TrustZone is off (TZEN 0)')
      return
    }
    for (const page of this.#pagesOf(access)) {
      if (this.#isSecure(page) === isSecureAlias) continue
      const reason = isSecureAlias ? 'protected: not secure' : 'protected: secure (watermark)'
      throw refused(page.address, reason)
    }
  }

  #isInternal(address: number): boolean {
    const { base, aliases, size } = this.#part.flash
    return [base, ...aliases].some((origin) => address >= origin && address < origin + size)
  }

  #isSecure({ bank, index }: Page): boolean {
    return this.#covers(`SECWM${bank}_PSTRT`, `SECWM${bank}_PEND`, index)
  }

  #isWriteProtected({ bank, index }: Page): boolean {
    const infix = this.#options.has('WRP1A_PSTRT') ? 'P' : ''
    return (['A', 'B'] as const).some((range) => {
      const area = `WRP${bank}${range}_${infix}`
      return this.#options.has(`${area}STRT`) && this.#covers(`${area}STRT`, `${area}END`, index)
    })
  }

  #isHidden({ bank, index }: Page): boolean {
    const enable = `HDP${bank}EN`
    return (
      this.#options.has(enable) &&
      this.#options.value(enable) === 1 &&
      index <= this.#options.value(`HDP${bank}_PEND`)
    )
  }

  #covers(first: string, last: string, index: number): boolean {
    return index >= this.#options.value(first) && index <= this.#options.value(last)
  }

  *#pagesOf({ address, length }: Access): Generator<Page> {
    const { flash, bankSize } = this.#part
    const { base, aliases, pageSize } = flash
    const origin = aliases.find((alias) => address >= alias) ?? base
    const first = Math.floor((address - origin) / pageSize)
    const end = Math.ceil((address - origin + length) / pageSize)
    for (let page = first; page < end; page++) {
      const offset = page * pageSize
      yield {
        address: origin + offset,
        bank: offset < bankSize ? 1 : 2,
        index: (offset % bankSize) / pageSize,
      }
    }
  }
}

interface Page {
  readonly address: number
  readonly bank: 1 | 2
  /** Number of the page in its bank. */
  readonly index: number
}

function refused(address: number, reason: string): BoardError {
  const place = `0x${address.toString(16).toUpperCase().padStart(8, '0')}`
  return new BoardError('BOARD_PROTECTED', `the flash at ${place} is ${reason}`, {
    details: { class: 'protection', address },
  })
}
