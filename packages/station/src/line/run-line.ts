import { randomUUID } from 'node:crypto'
import { setMaxListeners } from 'node:events'
import { describeError, isKeylineError, toHex, withDeadline } from '@keyline/bytes'
import { journalVersion, type Unit } from '@keyline/ledger/records'
import { StationError } from '../errors.ts'
import type { EventSink, RunSummary } from '../flow/events.ts'
import type { Flow } from '../flow/flows.ts'
import { runUnit } from '../flow/run-unit.ts'
import type { StationParts } from '../flow/station-parts.ts'
import { UnitWork } from '../flow/unit-work.ts'
import type { PreparedOrder } from '../order/prepared-order.ts'
import type { Fixture } from '../port/fixture.ts'
import type { Probe } from '../port/programmer.ts'
import type { ReservedUnit } from '../port/unit-store.ts'
import { drawSecrets } from '../unit/draw-secrets.ts'
import { SummaryCounter } from './run-summary.ts'
import { withSecondConnect } from './second-connect.ts'

export interface LineOptions {
  readonly parts: StationParts
  readonly fixture: Fixture
  readonly prepared: PreparedOrder
  readonly flow: Flow
  /** Boards worked on at the same time, 1 … 64. */
  readonly slots: number
  /** Takes up the units that an earlier run left without a final verdict. */
  readonly resume: boolean
  /** Units that this station has had on a board before; others may be in work on another station of the order. */
  readonly knownUnits: ReadonlySet<string>
  readonly signal: AbortSignal
  readonly onEvent: EventSink
  /** Octets that must be free on the disk before a new board is touched. */
  readonly minimumFreeOctets?: number | undefined
  /** Called after the verdict PASS is recorded, to write what belongs to the unit. */
  readonly onPass?: ((work: UnitWork) => Promise<void>) | undefined
}

/** One slot: its probe, and what it still has to take up. */
interface Slot {
  readonly number: number
  readonly probe: Probe
  readonly resumed: ReservedUnit[]
}

/** Where the boards are, as far as they answer. */
interface FoundBoards {
  readonly readable: readonly Slot[]
  slotOf(unit: Pick<Unit, 'boardUid'>): Slot | undefined
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

  constructor(options: LineOptions) {
    this.#options = options
    // Each slot listens for itself, and 64 of them are no leak.
    setMaxListeners(0, this.#stop.signal, options.signal)
  }

  async run(): Promise<RunSummary> {
    const { parts, prepared, signal } = this.#options
    const start = parts.clock.monotonicMs()
    const slots = await this.#prepareSlots()
    this.#requireDisk()
    this.#toStart = prepared.order.quantity
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
    const outcomes = await Promise.allSettled(slots.map((slot) => this.#runSlot(slot)))
    signal.removeEventListener('abort', onOuter)
    const [counted] = await Promise.allSettled([this.#remaining()])
    const failure = [...outcomes, counted].find((outcome) => outcome.status === 'rejected')
    const remaining = counted.status === 'fulfilled' ? counted.value : prepared.order.quantity
    const summary = this.#counter.summary({
      order: prepared.order.id,
      remaining,
      interrupted: signal.aborted,
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

  /** Finds the probes, and the boards of the units that an earlier run left open. */
  async #prepareSlots(): Promise<readonly Slot[]> {
    const { parts, prepared, resume, knownUnits, slots: wanted } = this.#options
    const probes = await parts.programmer.list()
    requireDistinct(probes)
    if (probes.length < wanted) {
      throw new StationError(
        'STATION_NO_BOARD',
        `${wanted} slots are asked for, ${probes.length} probes answer`,
      )
    }
    const slots = probes
      .slice(0, wanted)
      .map((probe, index) => ({ number: index + 1, probe, resumed: new Array<ReservedUnit>() }))
    const undecided = await this.#undecided()
    const started = undecided.filter(({ unit }) => unit.boardUid !== undefined)
    this.#unused = undecided.filter(({ unit }) => unit.boardUid === undefined)
    if (started.length === 0) return slots
    const found = await this.#findBoards(slots)
    const own = started.filter(
      ({ unit }) => knownUnits.has(unit.id) || found.slotOf(unit) !== undefined,
    )
    if (own.length > 0 && !resume) {
      const names = own.map(({ unit }) => unit.serialNumber).join(', ')
      throw new StationError(
        'STATION_UNFINISHED',
        `order ${prepared.order.id} has ${own.length} unit(s) without verdict: ${names}`,
      )
    }
    this.#assign(started, found)
    return found.readable
  }

  #undecided(): Promise<readonly ReservedUnit[]> {
    const { clock, units } = this.#options.parts
    return clock.during(() => units.undecided(this.#options.prepared.order.id))
  }

  /**
   * Asks which board stands in which slot. A slot that does not answer may hold the board of an open unit:
   * it is left alone.
   */
  async #findBoards(slots: readonly Slot[]): Promise<FoundBoards> {
    const { clock, programmer } = this.#options.parts
    const byUid = new Map<string, Slot>()
    await Promise.all(
      slots.map(async (slot) => {
        const deadline = { clock, ms: 20_000, what: `slot ${slot.number}` }
        try {
          const target = await withDeadline(deadline, (signal) =>
            programmer.connect(slot.probe.serialNumber, { signal }),
          )
          byUid.set(toHex(target.uid), slot)
        } catch (error) {
          this.#emitStopped(slot, error)
        }
      }),
    )
    const readable = slots.filter((slot) => [...byUid.values()].includes(slot))
    return { readable, slotOf: ({ boardUid = '' }) => byUid.get(boardUid) }
  }

  /** Each open unit goes to the slot in which its board stands now. */
  #assign(started: readonly ReservedUnit[], found: FoundBoards): void {
    for (const reserved of started) {
      const { boardUid, serialNumber } = reserved.unit
      const slot = found.slotOf(reserved.unit)
      if (slot !== undefined) slot.resumed.push(reserved)
      else if (this.#options.resume) {
        const text = `unit ${serialNumber} waits: its board ${boardUid ?? ''} is in no slot of this station`
        this.#emit({ type: 'notice', text })
      }
    }
  }

  async #runSlot(slot: Slot): Promise<void> {
    try {
      for (const reserved of slot.resumed) {
        if (this.#isClosed || !(await this.#make(slot, reserved, true))) return
      }
      for (;;) {
        const next = await this.#nextUnit(slot)
        if (next === undefined) return
        if (!(await this.#make(slot, next, false))) return
      }
    } catch (error) {
      this.#emitStopped(slot, error)
      this.#isClosed = true
      throw error
    }
  }

  /** The next identity for a fresh board in the slot; nothing when the order is made or the line stops. */
  async #nextUnit(slot: Slot): Promise<ReservedUnit | undefined> {
    const { fixture, parts, prepared } = this.#options
    if (this.#isClosed || this.#stop.signal.aborted || this.#toStart <= 0) return undefined
    this.#toStart--
    this.#requireDisk()
    const { clock, random, units } = parts
    const { iterations } = prepared.order.commissioning
    const reserved =
      this.#unused.shift() ??
      (await clock.during(() =>
        units.reserve(prepared.order.id, () => drawSecrets({ random, clock, iterations })),
      ))
    if (reserved === undefined) return undefined
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

  /** Makes one unit. False: the slot must rest, because its board keeps the state that a person decides. */
  async #make(slot: Slot, reserved: ReservedUnit, isResumed: boolean): Promise<boolean> {
    const { parts, prepared, flow, onPass } = this.#options
    const { unit } = reserved
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
      return true
    }
    if (record.verdict === 'PASS') await parts.clock.during(async () => onPass?.(work))
    work.wipe()
    const ms = Math.round(parts.clock.monotonicMs() - start)
    this.#emit({ type: 'unit-decided', slot: slot.number, unit, record, ms })
    return record.verdict === 'PASS' || record.verdict === 'FAIL'
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
    const open = await this.#undecided()
    const free = await clock.during(() => units.remaining(this.#options.prepared.order.id))
    return open.length + free
  }

  #emitStopped(slot: Slot, error: unknown): void {
    this.#emit({
      type: 'slot-stopped',
      slot: slot.number,
      reason: isKeylineError(error) ? `${error.code}: ${error.message}` : describeError(error),
      remedy: isKeylineError(error) ? error.remedy : 'report this with the journal of the run',
    })
  }

  #emit(event: Parameters<EventSink>[0]): void {
    this.#counter.count(event)
    this.#options.onEvent(event)
  }
}

/** Two probes of one name cannot be told apart. Source: provisioning-station, fault F-32. */
function requireDistinct(probes: readonly Probe[]): void {
  const names = probes.map((probe) => probe.serialNumber)
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice === undefined) return
  throw new StationError('STATION_BUSY', `two probes have the serial number ${twice}`, {
    remedy: 'disconnect one of the two; a cloned probe cannot be addressed',
  })
}
