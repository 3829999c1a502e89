import { fromHex, seededRandom, systemRandom, toHex, type Clock, type Random } from '@keyline/bytes'
import { BoardError } from '../errors.ts'
import { FaultPlan, type SlotFault } from '../fault/fault-plan.ts'
import { faultTable } from '../fault/fault-table.ts'
import { Neighbourhood } from '../firmware/neighbourhood.ts'
import { Flash } from '../flash/flash.ts'
import { PagePool } from '../flash/page-pool.ts'
import type { RegisteredFirmware } from '../image/recognise.ts'
import { Board, type Timing } from '../mcu/board.ts'
import { stm32wba65, type Part } from '../part/part.ts'
import { SerialLine, type HostPort } from '../uart/serial-line.ts'
import { BenchFolder, type BoardRecord } from './bench-folder.ts'
import { ProbeSession, programFlash, readFlash, type BenchCallOptions } from './probe.ts'

export interface BenchOptions {
  /** Number of slots, 1 … 64. */
  readonly slots: number
  readonly clock: Clock
  /** Keeps the boards from process to process; without it they live in memory. */
  readonly folder?: string | undefined
  /**
   * Replays a bench: the same UIDs and keys again. The seed of a folder wins over it; without either, one is drawn.
   */
  readonly seed?: string | undefined
  readonly part?: Part | undefined
  /** `real` (the default) takes the times of the part on the clock; `none` takes no time. */
  readonly timing?: Timing | undefined
  readonly faults?: readonly SlotFault[] | undefined
  readonly registeredFirmware?: readonly RegisteredFirmware[] | undefined
  /** Source of the seed when none is given. */
  readonly random?: Random | undefined
}

/** A debug probe with the board behind it. */
export interface BenchProbe {
  readonly serialNumber: string
  readonly boardName: string
  readonly port: string
}

export interface BenchTarget {
  readonly deviceId: number
  readonly deviceName: string
  readonly uid: Uint8Array
  readonly rdp: 0
}

interface Slot {
  readonly number: number
  readonly session: ProbeSession
  readonly line: SerialLine
  board: Board
  ordinal: number
}

const slotLimit = 64

/**
 * Makes a bench, or opens the one in the folder. Its boards have just been powered on: what was in memory when an
 * earlier process ended is lost, the flash is as that process left it.
 * @throws BoardError `BOARD_BENCH_STATE`, `BOARD_FAULT_UNKNOWN`
 */
export function openBench(options: BenchOptions): Bench {
  return new Bench(options)
}

/** Simulated boards on a bench, behind the faces of a programmer and of serial ports. */
export class Bench {
  readonly #options: BenchOptions
  readonly #part: Part
  readonly #folder: BenchFolder | undefined
  readonly #seed: string
  readonly #slots: readonly Slot[]
  /** Boards of slots that this bench does not have now. */
  readonly #putAside: readonly string[]
  readonly #neighbourhood: Neighbourhood
  readonly #pool = new PagePool()
  #boardsMade: number

  constructor(options: BenchOptions) {
    requireSlots(options)
    this.#options = options
    this.#part = options.part ?? stm32wba65
    this.#folder = options.folder === undefined ? undefined : new BenchFolder(options.folder)
    const known = this.#folder?.readBench()
    this.#seed = known?.seed ?? options.seed ?? toHex((options.random ?? systemRandom).bytes(16))
    this.#boardsMade = known?.boardsMade ?? 0
    this.#putAside = known?.slots.slice(options.slots) ?? []
    this.#neighbourhood = new Neighbourhood(`${this.#seed}/shared`)
    this.#slots = Array.from({ length: options.slots }, (_, index) =>
      this.#makeSlot(index + 1, known?.slots[index]),
    )
    this.#save()
    for (const { board } of this.#slots) board.reset()
  }

  /** The board in a slot, from 1, for inspection. */
  board(slot: number): Board {
    return this.#slot(slot).board
  }

  /** Takes the board out of a slot and puts a new one in: new UID, erased flash. */
  insertFreshBoard(slot: number): Board {
    const place = this.#slot(slot)
    place.board.close()
    place.ordinal++
    place.board = this.#makeBoard(place.number, place.ordinal, place.line)
    this.#save()
    return place.board
  }

  /** Number of the slot that a probe belongs to, from 1, whether it is connected or not. @throws BoardError `BOARD_NO_PROBE` */
  slotNumberOf(probe: string): number {
    return this.#slotOf(probe).number
  }

  /** The probes that are connected, in the order of their slots. */
  list(_options?: BenchCallOptions): Promise<readonly BenchProbe[]> {
    return Promise.resolve(
      this.#slots
        .filter(({ session, board }) => session.isConnected(board))
        .map(({ number, line }) => ({
          serialNumber: probeSerialNumber(number),
          boardName: this.#part.boardName,
          port: line.name,
        })),
    )
  }

  /** @throws BoardError `BOARD_NO_PROBE`, `BOARD_PROBE_BUSY`, `BOARD_NO_TARGET` */
  async connect(probe: string, options: BenchCallOptions = {}): Promise<BenchTarget> {
    const { session, board } = this.#slotOf(probe)
    return session.call(board, options, () => {
      const isOther = board.faults.strikes('uid-changes')
      return Promise.resolve({
        deviceId: this.#part.deviceId,
        deviceName: this.#part.deviceName,
        uid: isOther ? board.uid.toReversed() : Uint8Array.from(board.uid),
        rdp: 0 as const,
      })
    })
  }

  /**
   * Erases the touched pages, programs and verifies. The firmware stands still until {@link reset}.
   * @throws BoardError `BOARD_ADDRESS`, `BOARD_PROTECTED`, `BOARD_VERIFY`, and those of {@link connect}
   */
  async download(
    probe: string,
    address: number,
    octets: Uint8Array,
    options: BenchCallOptions = {},
  ): Promise<void> {
    const { session, board } = this.#slotOf(probe)
    return session.call(board, options, () => programFlash(board, address, octets, options.signal))
  }

  /** Reads flash; the firmware goes on. @throws BoardError `BOARD_ADDRESS`, and those of {@link connect} */
  async read(
    probe: string,
    address: number,
    length: number,
    options: BenchCallOptions = {},
  ): Promise<Uint8Array> {
    const { session, board } = this.#slotOf(probe)
    return session.call(board, options, () => readFlash(board, address, length, options.signal))
  }

  /** Starts the firmware that stands in the flash. @throws BoardError as {@link connect} */
  async reset(probe: string, options: BenchCallOptions = {}): Promise<void> {
    const { session, board } = this.#slotOf(probe)
    return session.call(board, options, () => Promise.resolve(board.reset()))
  }

  /** Opens a serial port. @throws BoardError `BOARD_PORT_UNKNOWN`, `BOARD_PORT_BUSY` */
  async open(name: string): Promise<HostPort> {
    const slot = this.#slots.find(({ line }) => line.name === name)
    if (slot !== undefined) return slot.line.open()
    throw new BoardError('BOARD_PORT_UNKNOWN', `there is no serial port ${name}`)
  }

  /** Powers everything off; boards in a folder stay there. */
  close(): void {
    for (const { board } of this.#slots) board.close()
  }

  [Symbol.dispose](): void {
    this.close()
  }

  #makeSlot(number: number, uid: string | undefined): Slot {
    const { clock, timing } = this.#options
    const faults = (): FaultPlan => slot.board.faults
    const line = new SerialLine({
      name: `sim:${number}`,
      clock,
      octetMs: timing === 'none' ? 0 : this.#part.times.uartOctetMs,
      faults,
    })
    const record = uid === undefined ? undefined : this.#folder?.readBoard(uid)
    const slot: Slot = {
      number,
      session: new ProbeSession(probeSerialNumber(number)),
      line,
      ordinal: record?.ordinal ?? 1,
      board: record === undefined ? this.#makeBoard(number, 1, line) : this.#boardOf(record, line),
    }
    return slot
  }

  #makeBoard(slot: number, ordinal: number, line: SerialLine): Board {
    this.#boardsMade++
    const seed = `${this.#seed}/board/${this.#boardsMade}`
    const uid = toHex(seededRandom(`${seed}/uid`).bytes(12))
    const record = { uid, seed, slot, ordinal, boots: 0 }
    this.#folder?.writeBoard(record)
    return this.#boardOf(record, line)
  }

  #boardOf(record: BoardRecord, line: SerialLine): Board {
    const { uid, seed, slot, ordinal, boots } = record
    const { clock, timing = 'real', registeredFirmware = [] } = this.#options
    const faults = (this.#options.faults ?? []).filter(
      (fault) => fault.slot === slot && (fault.board ?? ordinal) === ordinal,
    )
    return new Board({
      part: this.#part,
      uid: fromHex(uid),
      seed,
      flash: new Flash(this.#part.flash, {
        file: this.#folder?.openFlash(uid),
        pool: this.#pool,
      }),
      line,
      clock,
      timing,
      faults: new FaultPlan(faults),
      neighbourhood: this.#neighbourhood,
      registeredFirmware,
      boots,
      onBoot: (count) => this.#folder?.writeBoard({ ...record, boots: count }),
    })
  }

  #save(): void {
    this.#folder?.writeBench({
      seed: this.#seed,
      boardsMade: this.#boardsMade,
      slots: [...this.#slots.map(({ board }) => toHex(board.uid)), ...this.#putAside],
    })
  }

  #slot(number: number): Slot {
    const slot = this.#slots[number - 1]
    if (slot !== undefined) return slot
    throw new BoardError(
      'BOARD_NO_PROBE',
      `slot ${number} is not one of the ${this.#slots.length} slots of the bench`,
    )
  }

  #slotOf(probe: string): Slot {
    const slot = this.#slots.find(({ number }) => probeSerialNumber(number) === probe)
    if (slot !== undefined) return slot
    throw new BoardError('BOARD_NO_PROBE', `the probe ${probe} is not connected`, {
      details: { class: 'no-probe' },
    })
  }
}

/** The probe belongs to the place, not to the board. */
function probeSerialNumber(slot: number): string {
  return `SIM${String(slot).padStart(9, '0')}`
}

function requireSlots(options: BenchOptions): void {
  const { slots, faults = [] } = options
  if (!Number.isInteger(slots) || slots < 1 || slots > slotLimit) {
    throw new BoardError('BOARD_BENCH_STATE', `a bench has 1 to ${slotLimit} slots, not ${slots}`)
  }
  for (const { slot, name } of faults) {
    if (!Object.hasOwn(faultTable, name) || slot < 1 || slot > slots) {
      throw new BoardError(
        'BOARD_FAULT_UNKNOWN',
        `fault ${name} in slot ${slot} cannot be simulated on ${slots} slots`,
      )
    }
  }
}
