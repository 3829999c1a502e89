import { BoardError } from '../errors.ts'
import { rdpValue, type OptionByteTable } from '../part/option-byte.ts'

export type RdpLevel = 0 | 1 | 2

/** Values by name that differ from those of a part from the factory. */
export type OptionValues = Readonly<Record<string, number>>

export interface OptionBytesState {
  readonly programmed: OptionValues
  readonly loaded: OptionValues
}

/**
 * The option bytes of a microcontroller: what is programmed takes effect when it is loaded, at the next reset.
 * Names are looked up without regard to case.
 */
export class OptionBytes {
  readonly #table: OptionByteTable
  readonly #names: ReadonlyMap<string, string>
  readonly #programmed: Map<string, number>
  #loaded: ReadonlyMap<string, number>

  constructor(table: OptionByteTable, state?: OptionBytesState) {
    this.#table = table
    this.#names = new Map(Object.keys(table).map((name) => [name.toLowerCase(), name]))
    this.#programmed = new Map(Object.entries(state?.programmed ?? {}))
    this.#loaded = new Map(Object.entries(state?.loaded ?? {}))
  }

  get state(): OptionBytesState {
    return {
      programmed: Object.fromEntries(this.#programmed),
      loaded: Object.fromEntries(this.#loaded),
    }
  }

  /** Level of the read-out protection in force. */
  get rdp(): RdpLevel {
    return levelOf(this.value('RDP'))
  }

  has(name: string): boolean {
    return this.#names.has(name.toLowerCase())
  }

  /** The value in force. @throws BoardError `BOARD_OPTION_BYTE` */
  value(name: string): number {
    const known = this.#nameOf(name)
    return this.#loaded.get(known) ?? this.#table[known]?.initial ?? 0
  }

  /** All options in the order of the part, as they are programmed. */
  programmed(): readonly (readonly [name: string, value: number])[] {
    return Object.entries(this.#table).map(([name, { initial }]) => [
      name,
      this.#programmed.get(name) ?? initial,
    ])
  }

  /**
   * Programs options, all or none. False when each of them has its value already.
   * @throws BoardError `BOARD_OPTION_BYTE` for an unknown name or value, `BOARD_PROTECTED` for one that is frozen
   */
  program(values: OptionValues): boolean {
    const changes = new Map<string, number>()
    for (const [name, value] of Object.entries(values)) {
      const known = this.#nameOf(name)
      this.#requireInRange(known, value)
      if (value !== this.#programmedValue(known)) changes.set(known, value)
    }
    for (const [name, value] of changes) this.#requireFree({ name, value, changes })
    for (const [name, value] of changes) this.#programmed.set(name, value)
    return changes.size > 0
  }

  /** The level that values would set; that in force when they do not name it. */
  levelAfter(values: OptionValues): RdpLevel {
    const name = Object.keys(values).find((one) => one.toLowerCase() === 'rdp')
    const rdp = name === undefined ? undefined : values[name]
    return rdp === undefined ? this.rdp : levelOf(rdp)
  }

  /** The password has opened level 2: level 1 from the next load on. */
  openLevel2(): void {
    this.#programmed.set('RDP', rdpValue.level1)
  }

  /** Takes what is programmed into force. True when RDP falls to level 0, which erases the flash. */
  load(): boolean {
    const before = this.rdp
    this.#loaded = new Map(this.#programmed)
    return before !== 0 && this.rdp === 0
  }

  #programmedValue(name: string): number {
    return this.#programmed.get(name) ?? this.#table[name]?.initial ?? 0
  }

  #nameOf(name: string): string {
    const known = this.#names.get(name.toLowerCase())
    if (known !== undefined) return known
    throw new BoardError('BOARD_OPTION_BYTE', `this part has no option byte ${name}`)
  }

  #requireInRange(name: string, value: number): void {
    const { min = 0, max = 0 } = this.#table[name] ?? {}
    const isLevelHalf = name === 'RDP' && value === 0x55
    if (Number.isInteger(value) && value >= min && value <= max && !isLevelHalf) return
    throw new BoardError('BOARD_OPTION_BYTE', `option byte ${name} cannot be ${value}`)
  }

  /** What the hardware freezes: BOOT_LOCK, UNLOCK_x, TZEN, and everything at RDP level 2. */
  #requireFree({ name, value, changes }: Change): void {
    const isRegression = this.rdp !== 0 && levelOf(changes.get('RDP') ?? 0) === 0
    const frozen = this.#freezeOf(name, value, isRegression)
    if (frozen === undefined) return
    throw new BoardError('BOARD_PROTECTED', `option byte ${name} is protected: ${frozen}`, {
      details: { class: 'protection' },
    })
  }

  #freezeOf(name: string, value: number, isRegression: boolean): string | undefined {
    if (this.rdp === 2) return 'RDP level 2'
    const isLocked = this.has('BOOT_LOCK') && this.value('BOOT_LOCK') === 1
    if (isLocked && name === 'SECBOOTADD0') return 'BOOT_LOCK is set'
    if (isLocked && name === 'BOOT_LOCK' && this.rdp !== 0 && !isRegression) {
      return 'BOOT_LOCK falls at RDP level 0 alone'
    }
    if (name === 'TZEN' && value === 0 && this.value('TZEN') === 1 && !isRegression) {
      return 'TZEN falls together with RDP alone'
    }
    const area = /^WRP(\d[AB])_/.exec(name)?.[1]
    const unlock = `UNLOCK_${area}`
    if (area !== undefined && this.has(unlock) && this.value(unlock) === 0 && !isRegression) {
      return `${unlock} is 0`
    }
    if (name.startsWith('UNLOCK_') && value === 1 && this.value(name) === 0 && !isRegression) {
      return 'it rises in a regression of RDP alone'
    }
    return undefined
  }
}

interface Change {
  readonly name: string
  readonly value: number
  readonly changes: ReadonlyMap<string, number>
}

function levelOf(rdp: number): RdpLevel {
  if (rdp === rdpValue.level0) return 0
  return rdp === rdpValue.level2 ? 2 : 1
}
