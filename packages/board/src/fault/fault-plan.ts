import { BoardError } from '../errors.ts'
import { faultTable, isFaultName, type FaultName } from './fault-table.ts'

/** A fault of one slot. */
export interface SlotFault {
  /** Slot of the bench, from 1. */
  readonly slot: number
  readonly name: FaultName
  /** Place in the unit that the fault table names; the table's value when absent. */
  readonly at?: number | undefined
  /** Which board put into the slot has the fault, from 1; every board when absent. */
  readonly board?: number | undefined
}

/** Faults of one board. Counts the occurrences of each place and says when a fault strikes. */
export class FaultPlan {
  readonly #places = new Map<FaultName, readonly number[]>()
  readonly #counts = new Map<FaultName, number>()

  constructor(faults: readonly Pick<SlotFault, 'name' | 'at'>[] = []) {
    for (const { name, at } of faults) {
      const place = at ?? faultTable[name].at
      this.#places.set(name, [...(this.#places.get(name) ?? []), place])
    }
  }

  get isEmpty(): boolean {
    return this.#places.size === 0
  }

  /** Place of a fault whose `at` is a value and not a count; `undefined` without the fault. */
  valueOf(name: FaultName): number | undefined {
    return this.#places.get(name)?.[0]
  }

  /** Counts one occurrence of the place. True when the fault strikes there. */
  strikes(name: FaultName): boolean {
    const places = this.#places.get(name)
    if (places === undefined) return false
    const count = (this.#counts.get(name) ?? 0) + 1
    this.#counts.set(name, count)
    return places.some((place) => (faultTable[name].lasts ? count >= place : count === place))
  }

  /** Counts `length` octets. @returns the offsets, from 0, at which the fault strikes */
  strikesWithin(name: FaultName, length: number): readonly number[] {
    const places = this.#places.get(name)
    if (places === undefined) return []
    const start = this.#counts.get(name) ?? 0
    this.#counts.set(name, start + length)
    const isPeriodic = faultTable[name].lasts
    return places
      .flatMap((place) => (isPeriodic ? multiplesWithin(place, start, length) : [place]))
      .map((place) => place - start - 1)
      .filter((offset) => offset >= 0 && offset < length)
  }
}

/** `NAME` or `NAME@PLACE`. @throws BoardError `BOARD_FAULT_UNKNOWN` */
export function parseFault(text: string): Pick<SlotFault, 'name' | 'at'> {
  const [name = '', place, ...rest] = text.split('@')
  const isPlace = place === undefined || /^[1-9]\d{0,8}$/.test(place)
  if (!isFaultName(name) || !isPlace || rest.length > 0) {
    throw new BoardError(
      'BOARD_FAULT_UNKNOWN',
      `${JSON.stringify(text)} is not a fault; known are ${Object.keys(faultTable).join(', ')}`,
    )
  }
  return place === undefined ? { name } : { name, at: Number(place) }
}

/** `SLOT:NAME`, `SLOT:NAME@PLACE`, `SLOT/BOARD:NAME`. @throws BoardError `BOARD_FAULT_UNKNOWN` */
export function parseSlotFault(text: string): SlotFault {
  const [, slot, board, rest] = /^(\d{1,2})(?:\/(\d{1,6}))?:(.*)$/.exec(text) ?? []
  if (slot === undefined || rest === undefined) {
    throw new BoardError(
      'BOARD_FAULT_UNKNOWN',
      `${JSON.stringify(text)} is not a fault of a slot, such as 2:no-target@3`,
    )
  }
  return {
    slot: Number(slot),
    board: board === undefined ? undefined : Number(board),
    ...parseFault(rest),
  }
}

/** The form that {@link parseSlotFault} reads. */
export function describeFault({ slot, board, name, at }: SlotFault): string {
  const place = board === undefined ? String(slot) : `${slot}/${board}`
  return at === undefined ? `${place}:${name}` : `${place}:${name}@${at}`
}

function multiplesWithin(period: number, start: number, length: number): readonly number[] {
  const multiples: number[] = []
  const first = Math.floor(start / period) + 1
  for (let factor = first; factor * period <= start + length; factor++) {
    multiples.push(factor * period)
  }
  return multiples
}
