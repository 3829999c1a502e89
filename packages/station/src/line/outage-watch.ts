import { isKeylineError, withDeadline, type Clock } from '@keyline/bytes'
import type { Verdict } from '@keyline/ledger/records'
import type { Programmer } from '../port/programmer.ts'
import type { Slot } from './slot-binding.ts'

/** Codes by which ports and probes say that they are gone. */
const lossReasons: ReadonlySet<string> = new Set([
  'STATION_PORT',
  'STATION_PROGRAMMER',
  'BOARD_NO_PROBE',
])

/** Losses within this time of each other have one cause. */
const gatherMs = 1000

/** The probes are listed this often while one is awaited, for all slots together. */
const lookEveryMs = 1000

/** A hub that stays away longer needs a person. */
const returnLimitMs = 600_000

/** A slot that is lost again and again rests. */
const mostReturns = 3

const listDeadlineMs = 20_000

export interface OutageWatchOptions {
  readonly clock: Clock
  readonly programmer: Programmer
  readonly slots: readonly Slot[]
  /** Told once for an outage, with the slots that it has stopped so far. */
  readonly onOutage: (slots: readonly number[]) => void
}

/**
 * Tells a hub that went down from boards that fail for themselves: all slots in work lose their port or probe together.
 * Source: fault matrix, row SER-12.
 */
export class OutageWatch {
  readonly #options: OutageWatchOptions
  readonly #atWork = new Set<number>()
  /** When each slot was lost, on the clock that does not jump. */
  readonly #losses = new Map<number, number>()
  readonly #returns = new Map<number, number>()
  /** Slots of the outage that was told of, until they are back. */
  readonly #out = new Set<number>()
  #look: Promise<ReadonlySet<string>> | undefined

  constructor(options: OutageWatchOptions) {
    this.#options = options
  }

  begin(slot: Slot): void {
    this.#atWork.add(slot.number)
  }

  /** Takes the end of a unit. True when it ended with others, because what connects them was lost. */
  async isOutage(
    slot: Slot,
    record: { readonly verdict: Verdict; readonly reason: string },
    signal: AbortSignal,
  ): Promise<boolean> {
    this.#atWork.delete(slot.number)
    const isOpen = record.verdict === 'ERROR' || record.verdict === 'QUARANTINE'
    if (!isOpen || signal.aborted || this.#options.slots.length < 2) return false
    const listed = lossReasons.has(record.reason) ? undefined : await this.#listed()
    if (listed?.has(slot.probe.serialNumber) === true) return false
    const { clock, slots, onOutage } = this.#options
    const lostAt = clock.monotonicMs()
    this.#losses.set(slot.number, lostAt)
    await clock.sleep(gatherMs, signal).catch(() => undefined)
    const group = [...this.#losses]
      .filter(([, at]) => Math.abs(at - lostAt) <= gatherMs)
      .map(([number]) => number)
    const isTogether = group.length > 1 && this.#atWork.size === 0
    if (!isTogether && !(await this.#areAllGone(slots))) {
      this.#out.delete(slot.number)
      return false
    }
    if (this.#out.size === 0) {
      for (const number of group) this.#out.add(number)
      onOutage(group.toSorted((a, b) => a - b))
    }
    this.#out.add(slot.number)
    return true
  }

  /** Waits until the probe of the slot is listed again. False when it stays away, or was lost too often. */
  async isBack(slot: Slot, signal: AbortSignal): Promise<boolean> {
    const isBack = await this.#awaitReturn(slot, signal)
    this.#losses.delete(slot.number)
    this.#out.delete(slot.number)
    return isBack
  }

  async #awaitReturn(slot: Slot, signal: AbortSignal): Promise<boolean> {
    const { clock } = this.#options
    const returns = (this.#returns.get(slot.number) ?? 0) + 1
    this.#returns.set(slot.number, returns)
    if (returns > mostReturns) return false
    const end = clock.monotonicMs() + returnLimitMs
    while (clock.monotonicMs() < end && !signal.aborted) {
      if ((await this.#listed()).has(slot.probe.serialNumber)) return true
      await clock.sleep(lookEveryMs, signal).catch(() => undefined)
    }
    return false
  }

  async #areAllGone(slots: readonly Slot[]): Promise<boolean> {
    const listed = await this.#listed()
    return !slots.some(({ probe }) => listed.has(probe.serialNumber))
  }

  /** Probes that can be addressed now. Slots that ask at the same time share the answer. */
  #listed(): Promise<ReadonlySet<string>> {
    this.#look ??= this.#list().finally(() => (this.#look = undefined))
    return this.#look
  }

  async #list(): Promise<ReadonlySet<string>> {
    const { clock, programmer } = this.#options
    const deadline = { clock, ms: listDeadlineMs, what: 'the list of probes' }
    try {
      const probes = await withDeadline(deadline, (signal) => programmer.list({ signal }))
      const names = probes.map(({ serialNumber }) => serialNumber)
      return new Set(names.filter((name) => names.indexOf(name) === names.lastIndexOf(name)))
    } catch (error) {
      // A programmer that cannot list them has lost them all.
      if (isKeylineError(error)) return new Set()
      throw error
    }
  }
}
