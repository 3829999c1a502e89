import { randomUUID } from 'node:crypto'
import { setMaxListeners } from 'node:events'
import { describeError, isKeylineError } from '@keyline/bytes'
import { journalVersion, type VerdictRecord } from '@keyline/ledger/records'
import { StationError, stationErrorTable } from '../errors.ts'
import type { EventSink, RunSummary } from '../flow/events.ts'
import type { Flow } from '../flow/flows.ts'
import { runUnit } from '../flow/run-unit.ts'
import type { StationParts } from '../flow/station-parts.ts'
import { UnitWork } from '../flow/unit-work.ts'
import { isForDevices, type AnyPreparedOrder } from '../order/prepared-order.ts'
import type { Fixture } from '../port/fixture.ts'
import type { ReservedUnit } from '../port/unit-store.ts'
import { drawSecrets } from '../unit/draw-secrets.ts'
import { findSlots, undecidedOf } from './find-slots.ts'
import { OutageWatch } from './outage-watch.ts'
import { SummaryCounter } from './run-summary.ts'
import { withSecondConnect } from './second-connect.ts'
import { probeOf, type BoundSlot, type Slot, type UsbLocations } from './slot-binding.ts'
import { StopRule } from './stop-rule.ts'

export interface LineOptions {
  readonly parts: StationParts
  readonly fixture: Fixture
  readonly prepared: AnyPreparedOrder
  readonly flow: Flow
  /** Boards worked on at the same time, 1 … 64. */
  readonly slots: number
  /** Which probe is in which slot; the order of the list unless given. */
  readonly binding?: readonly BoundSlot[] | undefined
  /** Where on the USB tree the probes are, as far as the system tells. */
  readonly locate?: (() => Promise<UsbLocations>) | undefined
  /** Where other processes look for the locks of probes; none are taken unless given. */
  readonly lockFolder?: string | undefined
  /** Equal failures in a row after which no board is begun. */
  readonly stopAfter?: number | undefined
  /** Takes up the units that an earlier run left without a final verdict. */
  readonly resume: boolean
  /** True: no board is begun; units that are open, or in rework with their board here, are finished. */
  readonly onlyOpen?: boolean | undefined
  /** Units that this station has had on a board before; others may be in work on another station of the order. */
  readonly knownUnits: ReadonlySet<string>
  readonly signal: AbortSignal
  readonly onEvent: EventSink
  /** Octets that must be free on the disk before a new board is touched. */
  readonly minimumFreeOctets?: number | undefined
  /** Called after the verdict PASS is recorded, to write what belongs to the unit. */
  readonly onPass?: ((work: UnitWork) => Promise<void>) | undefined
}

/**
 * Runs an order on N slots at once. Slots share nothing but the order's remaining quantity, so that one stuck
 * board delays no other. Ends when the order is made, every slot has stopped, or the signal fires.
 * @throws StationError `STATION_NO_BOARD`, `STATION_UNFINISHED`, `STATION_DISK_FULL` before a board is touched
 */
export async function runLine(options: LineOptions): Promise<RunSummary> {
  const { parts } = options
  const line = new Line({
    ...options,
    parts: { ...parts, programmer: withSecondConnect(parts.programmer) },
  })
  return line.run()
}

class Line {
  readonly #options: LineOptions
  readonly #run = randomUUID()
  readonly #counter = new SummaryCounter()
  readonly #stop = new AbortController()
  /** Reserved by an earlier run, but never near a board. */
  #unused: ReservedUnit[] = []
  /** True when journal, ledger or disk have failed: no slot begins another board. */
  #isClosed = false
  /** New units that this run may still start: failed ones are not replaced within a run. */
  #toStart = 0
  readonly #stopRule: StopRule
  #stopped: string | undefined

  constructor(options: LineOptions) {
    this.#options = options
    this.#stopRule = new StopRule(options.stopAfter)
    // Each slot listens for itself, and 64 of them are no leak.
    setMaxListeners(0, this.#stop.signal, options.signal)
  }

  async run(): Promise<RunSummary> {
    const { slots, unused, release } = await findSlots(this.#options, {
      notice: (text) => this.#emit({ type: 'notice', text }),
      stopped: (slot, error) => this.#emitStopped(slot, error),
    })
    this.#unused = [...unused]
    try {
      return await this.#runSlots(slots)
    } finally {
      await release()
    }
  }

  async #runSlots(slots: readonly Slot[]): Promise<RunSummary> {
    const { parts, prepared, signal } = this.#options
    const start = parts.clock.monotonicMs()
    this.#requireDisk()
    this.#toStart = this.#options.onlyOpen === true ? 0 : prepared.order.quantity
    await parts.journal.append({
      type: 'open',
      run: this.#run,
      order: prepared.order.id,
      data: { version: journalVersion, slots: slots.length },
    })
    this.#emit({
      type: 'run-started',
      run: this.#run,
      order: prepared.order.id,
      slots: slots.length,
      quantity: prepared.order.quantity,
    })
    const onOuter = (): void => this.#stop.abort(signal.reason)
    signal.addEventListener('abort', onOuter, { once: true })
    if (signal.aborted) onOuter()
    const watch = this.#watchOver(slots)
    const outcomes = await Promise.allSettled(slots.map((slot) => this.#runSlot(slot, watch)))
    signal.removeEventListener('abort', onOuter)
    const [counted] = await Promise.allSettled([this.#remaining()])
    const failure = [...outcomes, counted].find((outcome) => outcome.status === 'rejected')
    const remaining = counted.status === 'fulfilled' ? counted.value : prepared.order.quantity
    const summary = this.#counter.summary({
      order: prepared.order.id,
      remaining,
      interrupted: signal.aborted,
      ...(this.#stopped === undefined ? {} : { stopped: this.#stopped }),
      elapsedMs: Math.round(parts.clock.monotonicMs() - start),
    })
    this.#emit({ type: 'run-ended', run: this.#run, summary })
    if (failure !== undefined) throw failure.reason
    await parts.journal.append({
      type: 'close',
      run: this.#run,
      order: prepared.order.id,
      data: { pass: summary.pass, remaining },
    })
    return summary
  }

  async #runSlot(slot: Slot, watch: OutageWatch): Promise<void> {
    try {
      while (!this.#isClosed) {
        const next = slot.resumed.shift() ?? (await this.#nextUnit(slot))
        if (next === undefined) return
        watch.begin(slot)
        const record = await this.#make(slot, next)
        const { signal } = this.#stop
        const isOutage = record !== undefined && (await watch.isOutage(slot, record, signal))
        if (record === undefined || !mustRest(record)) this.#count(slot, record)
        else if (!isOutage) {
          this.#count(slot, record)
          return
        } else if (await watch.isBack(slot, signal)) await this.#comeBack(slot, next, record)
        else return
      }
    } catch (error) {
      this.#emitStopped(slot, error)
      this.#isClosed = true
      throw error
    }
  }

  /** Whether the probe of a bound slot is still where it was bound; otherwise the slot stops. */
  async #isInPlace(slot: Slot): Promise<boolean> {
    const { binding, parts } = this.#options
    const bound = binding?.find((entry) => entry.slot === slot.number)
    if (bound === undefined) return true
    const probes = await parts.programmer.list({ signal: this.#stop.signal })
    const found = probeOf(bound, { probes, locations: await this.#options.locate?.() })
    if (!(found instanceof StationError)) return true
    this.#emitStopped(slot, found)
    return false
  }

  /** The next identity for a fresh board in the slot; nothing when the order is made or the line stops. */
  async #nextUnit(slot: Slot): Promise<ReservedUnit | undefined> {
    const { fixture, parts, prepared } = this.#options
    if (this.#isClosed || this.#stop.signal.aborted || this.#toStart <= 0) return undefined
    this.#toStart--
    this.#requireDisk()
    const { clock, random, units } = parts
    const iterations = iterationsOf(prepared)
    const reserved =
      this.#unused.shift() ??
      (await clock.during(() =>
        units.reserve(prepared.order.id, () => drawSecrets({ random, clock, iterations })),
      ))
    if (reserved === undefined) return undefined
    if (!(await this.#isInPlace(slot))) {
      this.#unused.push(reserved)
      return undefined
    }
    const isThere = await fixture.nextBoard(slot.probe.serialNumber, { signal: this.#stop.signal })
    if (isThere) return reserved
    this.#unused.push(reserved)
    if (!this.#stop.signal.aborted) {
      this.#emitStopped(
        slot,
        new StationError('STATION_NO_BOARD', `no board came into slot ${slot.number}`),
      )
    }
    return undefined
  }

  #watchOver(slots: readonly Slot[]): OutageWatch {
    const { clock, programmer } = this.#options.parts
    return new OutageWatch({
      clock,
      programmer,
      slots,
      onOutage: (numbers) =>
        this.#alarm('STATION_OUTAGE', numbers, `slots ${numbers.join(', ')} were lost together`),
    })
  }

  /** A slot whose hub is back takes up its unit where the board stands, or begins another one for it. */
  async #comeBack(slot: Slot, { unit }: ReservedUnit, record: VerdictRecord): Promise<void> {
    this.#emit({ type: 'slot-returned', slot: slot.number, probe: slot.probe.serialNumber })
    if (record.verdict !== 'QUARANTINE') this.#toStart++
    else {
      const open = await undecidedOf(this.#options)
      slot.resumed.push(...open.filter((reserved) => reserved.unit.id === unit.id))
    }
  }

  #count(slot: Slot, record: VerdictRecord | undefined): void {
    const reason = record && this.#stopRule.take(record)
    if (reason === undefined) return
    this.#stopped = reason
    this.#isClosed = true
    this.#alarm('STATION_STOP_RULE', [slot.number], reason)
  }

  /** Makes one unit; nothing when another station has taken it. */
  async #make(slot: Slot, reserved: ReservedUnit): Promise<VerdictRecord | undefined> {
    const { parts, prepared, flow, onPass } = this.#options
    const { unit } = reserved
    const isResumed = unit.state !== 'reserved'
    const start = parts.clock.monotonicMs()
    const work = new UnitWork({
      parts,
      prepared,
      reserved,
      run: this.#run,
      slot: slot.number,
      probe: slot.probe,
      onLog: (text) =>
        this.#emit({
          type: 'board-log',
          slot: slot.number,
          serialNumber: unit.serialNumber,
          text,
        }),
    })
    this.#emit({
      type: 'unit-started',
      slot: slot.number,
      probe: slot.probe.serialNumber,
      unit,
      resumed: isResumed,
    })
    const record = await runUnit({
      work,
      flow,
      signal: this.#stop.signal,
      isResumed,
      onEvent: (event) => this.#emit(event),
    }).catch((error: unknown) => {
      // What happens to a board cannot be recorded: the boards in work stop as well.
      this.#stop.abort(error)
      throw error
    })
    if (record === undefined) {
      this.#toStart++
      const text = `unit ${unit.serialNumber} is made on another station: slot ${slot.number} takes another one`
      this.#emit({ type: 'notice', text })
      return undefined
    }
    if (record.verdict === 'PASS') await parts.clock.during(async () => onPass?.(work))
    work.wipe()
    const ms = Math.round(parts.clock.monotonicMs() - start)
    this.#emit({ type: 'unit-decided', slot: slot.number, unit, record, ms })
    return record
  }

  /** @throws StationError `STATION_DISK_FULL` while the journal still has room to say so */
  #requireDisk(): void {
    const { journal } = this.#options.parts
    const least = this.#options.minimumFreeOctets ?? 8_388_608
    const free = journal.freeOctets()
    if (journal.hasRoom && free >= least) return
    throw new StationError(
      'STATION_DISK_FULL',
      `${free} octets are free for journal, ledger and results; ${least} are needed`,
    )
  }

  /** Units of the order without PASS: not begun, or still open. */
  async #remaining(): Promise<number> {
    const { clock, units } = this.#options.parts
    const open = await undecidedOf(this.#options)
    const free = await clock.during(() => units.remaining(this.#options.prepared.order.id))
    return open.length + free
  }

  #emitStopped(slot: Pick<Slot, 'number'>, error: unknown): void {
    this.#emit({
      type: 'slot-stopped',
      slot: slot.number,
      reason: isKeylineError(error) ? `${error.code}: ${error.message}` : describeError(error),
      remedy: isKeylineError(error) ? error.remedy : 'report this with the journal of the run',
    })
  }

  #alarm(
    code: 'STATION_OUTAGE' | 'STATION_STOP_RULE',
    slots: readonly number[],
    text: string,
  ): void {
    const { remedy } = stationErrorTable[code]
    this.#emit({ type: 'alarm', code, slots, text, remedy })
  }

  #emit(event: Parameters<EventSink>[0]): void {
    this.#counter.count(event)
    this.#options.onEvent(event)
  }
}

/** Its board keeps the state that a person decides. */
function mustRest({ verdict }: VerdictRecord): boolean {
  return verdict !== 'PASS' && verdict !== 'FAIL'
}

/** A unit of a board without Matter has secrets that nobody uses: the ledger knows no other units. */
function iterationsOf(prepared: AnyPreparedOrder): number {
  return isForDevices(prepared) ? fewestIterations : prepared.order.commissioning.iterations
}

const fewestIterations = 1000
