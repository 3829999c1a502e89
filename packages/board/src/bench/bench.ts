import { fromHex, seededRandom, systemRandom, toHex, type Clock, type Random } from '@keyline/bytes'
import { BoardError } from '../errors.ts'
import { describeFault, FaultPlan, parseSlotFault, type SlotFault } from '../fault/fault-plan.ts'
import { faultTable } from '../fault/fault-table.ts'
import { Neighbourhood } from '../firmware/neighbourhood.ts'
import { Flash } from '../flash/flash.ts'
import { Memory } from '../flash/memory.ts'
import { PagePool } from '../flash/page-pool.ts'
import type { RegisteredFirmware } from '../image/recognise.ts'
import { Board, type Timing } from '../mcu/board.ts'
import { newDeviceState, type DeviceState } from '../mcu/device-state.ts'
import type { RdpLevel } from '../option/option-bytes.ts'
import type { Part } from '../part/part.ts'
import { isPlatform, parts, type Platform } from '../part/part-table.ts'
import { benchPassword } from '../part/bench-password.ts'
import { rdpValue } from '../part/option-byte.ts'
import { SerialLine, type HostPort } from '../uart/serial-line.ts'
import { BenchFolder, type BoardRecord } from './bench-folder.ts'
import {
  ProbeSession,
  programFlash,
  readFlash,
  readUid,
  type BenchCallOptions,
  type DownloadOptions,
} from './probe.ts'

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
  /** One part for all slots, or one for each; those of the folder, else STM32WBA6, when absent. */
  readonly part?: Part | readonly Part[] | undefined
  /** `real` (the default) takes the times of the part on the clock; `none` takes no time. */
  readonly timing?: Timing | undefined
  readonly faults?: readonly SlotFault[] | undefined
  /** True: the folder keeps the faults for whoever opens it without faults of its own. */
  readonly keepsFaults?: boolean | undefined
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
  readonly rdp: RdpLevel
}

interface Slot {
  readonly number: number
  readonly part: Part
  readonly session: ProbeSession
  readonly line: SerialLine
  board: Board
  ordinal: number
  /** Name of the port in the list; that of the line when absent. */
  announced?: string
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
  readonly #faults: readonly SlotFault[]
  readonly #keptFaults: readonly string[] | undefined
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
    this.#folder = options.folder === undefined ? undefined : new BenchFolder(options.folder)
    const known = this.#folder?.readBench()
    this.#faults = options.faults ?? known?.faults?.map(parseSlotFault) ?? []
    this.#keptFaults =
      options.keepsFaults === true ? this.#faults.map(describeFault) : known?.faults
    this.#seed = known?.seed ?? options.seed ?? toHex((options.random ?? systemRandom).bytes(16))
    this.#boardsMade = known?.boardsMade ?? 0
    this.#putAside = known?.slots.slice(options.slots) ?? []
    this.#neighbourhood = new Neighbourhood(`${this.#seed}/shared`)
    this.#slots = Array.from({ length: options.slots }, (_, index) =>
      this.#makeSlot({
        number: index + 1,
        uid: known?.slots[index],
        part: choosePart(partOf(options.part, index), known?.platforms?.[index]),
      }),
    )
    this.#save()
    for (const { board } of this.#slots) board.reset()
  }

  /** Gives the port of a slot another name in the list, for instance that of a pseudo-terminal. */
  announcePort(slot: number, name: string): void {
    this.#slot(slot).announced = name
  }

  /** Name under which {@link open} knows the port of a slot now. */
  portOf(slot: number): string {
    return this.#slot(slot).line.name
  }

  get slotCount(): number {
    return this.#slots.length
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
    place.board = this.#makeBoard(place)
    this.#save()
    return place.board
  }

  /** Unplugs the board of a slot and plugs it in again. */
  replug(slot: number): void {
    const { board } = this.#slot(slot)
    board.isPowered = true
    board.reset()
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
        .flatMap(({ number, line, announced, part, board }) => {
          const { boardName } = part
          const port = announced ?? line.name
          const probe = { serialNumber: probeSerialNumber(number), boardName, port }
          return board.faults.strikes('probe-cloned') ? [probe, probe] : [probe]
        }),
    )
  }

  /** @throws BoardError `BOARD_NO_PROBE`, `BOARD_PROBE_BUSY`, `BOARD_NO_TARGET` */
  async connect(probe: string, options: BenchCallOptions = {}): Promise<BenchTarget> {
    return this.onTarget(probe, options, (board) => Promise.resolve(targetOf(board)))
  }

  /**
   * Erases the touched pages, programs and verifies. The firmware stands still until {@link reset}.
   * @throws BoardError `BOARD_ADDRESS`, `BOARD_LOADER`, `BOARD_PROTECTED`, `BOARD_VERIFY`, and those of {@link connect}
   */
  async download(
    probe: string,
    address: number,
    octets: Uint8Array,
    options: DownloadOptions = {},
  ): Promise<void> {
    return this.onTarget(probe, options, (board) =>
      programFlash(board, { address, octets }, options),
    )
  }

  /**
   * Reads flash; the firmware goes on.
   * @throws BoardError `BOARD_ADDRESS`, `BOARD_LOADER`, `BOARD_PROTECTED`, and those of {@link connect}
   */
  async read(
    probe: string,
    address: number,
    length: number,
    options: BenchCallOptions = {},
  ): Promise<Uint8Array> {
    return this.onTarget(probe, options, (board) => readFlash(board, { address, length }, options))
  }

  /** Starts the firmware that stands in the flash. @throws BoardError as {@link connect} */
  async reset(probe: string, options: BenchCallOptions = {}): Promise<void> {
    return this.onTarget(probe, options, (board) => Promise.resolve(board.reset()))
  }

  /** One programmer call: connects to the target, then does any act with it. @throws BoardError as {@link connect} */
  async onTarget<T>(
    probe: string,
    options: BenchCallOptions,
    act: (board: Board) => Promise<T>,
  ): Promise<T> {
    const { session, board } = this.#slotOf(probe)
    return session.call(board, options, () => act(board))
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

  #makeSlot({ number, uid, part }: SlotInput): Slot {
    const { clock, timing } = this.#options
    const faults = (): FaultPlan => slot.board.faults
    const line = new SerialLine({
      name: `sim:${number}`,
      clock,
      octetMs: timing === 'none' ? 0 : part.times.uartOctetMs,
      faults,
    })
    const record = uid === undefined ? undefined : this.#folder?.readBoard(uid)
    const place = { number, part, line, ordinal: record?.ordinal ?? 1 }
    const slot: Slot = {
      ...place,
      session: new ProbeSession(probeSerialNumber(number)),
      board: record === undefined ? this.#makeBoard(place) : this.#boardOf(record, place),
    }
    return slot
  }

  #makeBoard(place: Place): Board {
    this.#boardsMade++
    const seed = `${this.#seed}/board/${this.#boardsMade}`
    const uid = toHex(seededRandom(`${seed}/uid`).bytes(12))
    const record = { uid, seed, slot: place.number, ordinal: place.ordinal, boots: 0 }
    this.#folder?.writeBoard(record)
    return this.#boardOf(record, place)
  }

  #boardOf(record: BoardRecord, { part, line }: Place): Board {
    const { uid, seed, slot, ordinal, boots } = record
    const { clock, timing = 'real', registeredFirmware = [] } = this.#options
    const faults = new FaultPlan(
      this.#faults.filter((fault) => fault.slot === slot && (fault.board ?? ordinal) === ordinal),
    )
    return new Board({
      part,
      uid: fromHex(uid),
      seed,
      flash: this.#memoryOf(part, uid),
      line,
      clock,
      timing,
      faults,
      neighbourhood: this.#neighbourhood,
      registeredFirmware,
      boots,
      onBoot: (count) => {
        this.#folder?.writeBoard({ ...record, boots: count })
        if (faults.strikes('port-renamed')) line.rename(`${line.name}-${count}`)
      },
      state: this.#folder?.readState(uid) ?? protectedState(part, faults),
      onState: (state) => this.#folder?.writeState(uid, state),
    })
  }

  #memoryOf(part: Part, uid: string): Memory {
    const pool = this.#pool
    const internal = new Flash(part.flash, { file: this.#folder?.openFlash(uid), pool })
    if (part.external === undefined) return new Memory(internal)
    const file = this.#folder?.openFlash(uid, 'external')
    return new Memory(internal, new Flash(part.external.flash, { file }))
  }

  #save(): void {
    this.#folder?.writeBench({
      seed: this.#seed,
      boardsMade: this.#boardsMade,
      slots: [...this.#slots.map(({ board }) => toHex(board.uid)), ...this.#putAside],
      platforms: this.#slots.map(({ part }) => part.platform).filter(isPlatform),
      faults: this.#keptFaults,
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

type Place = Pick<Slot, 'number' | 'part' | 'line' | 'ordinal'>

interface SlotInput {
  readonly number: number
  readonly uid: string | undefined
  readonly part: Part
}

function partOf(part: BenchOptions['part'], index: number): Part | undefined {
  if (part === undefined || 'platform' in part) return part
  return part[index % part.length]
}

/** @throws BoardError `BOARD_BENCH_STATE` when another part stands in the folder */
function choosePart(wanted: Part | undefined, known: Platform | undefined): Part {
  if (wanted === undefined) return parts[known ?? 'wba']
  if (known === undefined || known === wanted.platform) return wanted
  throw new BoardError(
    'BOARD_BENCH_STATE',
    `a slot of the bench holds a ${known} board, not a ${wanted.platform} one`,
  )
}

function targetOf(board: Board): BenchTarget {
  const { part, options } = board
  const { deviceId, deviceName } = part
  return { deviceId, deviceName, uid: readUid(board), rdp: options.rdp }
}

/** A board that comes with read-out protection; the scripts of the bench know its password. */
function protectedState(part: Part, faults: FaultPlan): DeviceState | undefined {
  const level = faults.valueOf('read-protected')
  if (level === undefined) return undefined
  const values = { RDP: level === 2 ? rdpValue.level2 : rdpValue.level1 }
  return {
    ...newDeviceState(part.coprocessor?.version),
    options: { programmed: values, loaded: values },
    ...(level === 2 && part.hasRdpPassword ? { passwords: { '2': benchPassword } } : {}),
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
