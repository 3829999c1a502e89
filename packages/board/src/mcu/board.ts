import {
  BytesError,
  seededRandom,
  throwIfInterrupted,
  type Clock,
  type Random,
} from '@keyline/bytes'
import { KeyWrapEngine, PsaCrypto } from '@keyline/psa'
import type { Attester } from '../attestation/attester.ts'
import { deviceKeyAttester, trustedFirmwareAttester } from '../attestation/board-attester.ts'
import { DeviceChip } from '../attestation/device-chip.ts'
import { BoardError } from '../errors.ts'
import type { FaultPlan } from '../fault/fault-plan.ts'
import { firmwareTable } from '../firmware/firmware-table.ts'
import type { KeyPlace, Led, SecureStorage } from '../firmware/hardware.ts'
import type { Neighbourhood } from '../firmware/neighbourhood.ts'
import type { Memory } from '../flash/memory.ts'
import type { FirmwareIdentity } from '../image/firmware-image.ts'
import type { RegisteredFirmware } from '../image/recognise.ts'
import { FlashAccess } from '../option/access.ts'
import { OptionBytes, type OptionValues } from '../option/option-bytes.ts'
import type { Part } from '../part/part.ts'
import { CustomerKeyStorage } from '../storage/customer-key-storage.ts'
import { openTrustedStorage } from '../storage/trusted-storage.ts'
import type { SerialLine } from '../uart/serial-line.ts'
import { boot, type Boot, type BootOutcome } from './boot.ts'
import { Coprocessor } from './coprocessor.ts'
import { newDeviceState, type DeviceState } from './device-state.ts'

/** `real`: every act takes its time on the clock; `none`: only the waits of the protocols do. */
export type Timing = 'real' | 'none'

export interface BoardOptions {
  readonly part: Part
  /** 96-bit unique id, 12 octets. */
  readonly uid: Uint8Array
  /** Every random choice of the board comes from it. */
  readonly seed: string
  readonly flash: Memory
  readonly line: SerialLine
  readonly clock: Clock
  readonly timing: Timing
  readonly faults: FaultPlan
  readonly neighbourhood: Neighbourhood
  readonly registeredFirmware: readonly RegisteredFirmware[]
  /** Number of starts so far. */
  readonly boots: number
  /** Told the new number of starts, before the firmware runs. */
  readonly onBoot: (boots: number) => void
  /** What the board has kept; that of a part from the factory when absent. */
  readonly state?: DeviceState | undefined
  readonly onState?: ((state: DeviceState) => void) | undefined
}

const powerLost = new BytesError('INTERRUPTED', 'the board has lost power')
const fallback = { image: { kind: 'application', name: 'other', version: '0.0.0' } } as const

/** One simulated board: memories that stay, and a firmware that runs from reset to reset. */
export class Board {
  readonly part: Part
  readonly uid: Uint8Array
  readonly flash: Memory
  readonly faults: FaultPlan
  readonly options: OptionBytes
  readonly access: FlashAccess
  readonly coprocessor: Coprocessor | undefined
  readonly customerKeys: CustomerKeyStorage | undefined
  /** What the foundry left in the chip; absent where it left no device key. */
  readonly deviceChip: DeviceChip | undefined
  /** False: nothing answers until the board is plugged in anew. */
  isPowered = true
  readonly #options: BoardOptions
  #state: DeviceState
  #boots: number
  #power: AbortController | undefined
  #running: FirmwareIdentity | undefined
  #outcome: BootOutcome | undefined
  #led: Led = 'off'
  #crash: unknown
  #isLevel1Open = false

  constructor(options: BoardOptions) {
    const { part, state = newDeviceState(part.coprocessor?.version) } = options
    this.#options = options
    this.#state = state
    this.part = part
    this.uid = options.uid
    this.flash = options.flash
    this.faults = options.faults
    this.options = new OptionBytes(part.optionBytes, state.options)
    this.access = new FlashAccess(part, this.options)
    this.coprocessor =
      part.coprocessor &&
      new Coprocessor({
        area: part.coprocessor,
        state: state.coprocessor,
        onChange: (coprocessor) => this.#keep({ coprocessor }),
      })
    this.customerKeys =
      part.coprocessor &&
      new CustomerKeyStorage({
        slots: part.coprocessor.keySlots,
        keys: state.customerKeys,
        onWritten: (customerKeys) => this.#keep({ customerKeys }),
      })
    this.deviceChip =
      part.deviceKey &&
      new DeviceChip({
        area: part.deviceKey,
        seed: `${options.seed}/chip`,
        faults: options.faults,
        rdp: () => this.options.rdp,
      })
    this.#boots = options.boots
  }

  /** The firmware that runs; `undefined` while the core stands still or boots. */
  get running(): FirmwareIdentity | undefined {
    return this.#running
  }

  /** How the last boot ended; `undefined` while the core stands still or boots. */
  get bootOutcome(): BootOutcome | undefined {
    return this.#outcome
  }

  get led(): Led {
    return this.#led
  }

  /** Where the firmware keeps the device key. */
  get keyPlace(): KeyPlace {
    return this.#state.keyPlace
  }

  /** What ended the firmware against its will: a defect of the model. */
  get crash(): unknown {
    return this.#crash
  }

  /** Stops the core: memory and serial session are lost, the flash stays. */
  halt(): void {
    this.#power?.abort(powerLost)
    this.#power = undefined
    this.#running = undefined
    this.#outcome = undefined
    this.#led = 'off'
    this.#options.line.clear()
  }

  /**
   * Loads the option bytes, which erases the flash when the read-out protection falls to level 0, and starts what
   * stands in the flash. Returns at once; the boot takes its time.
   */
  reset(): void {
    this.halt()
    if (this.options.load()) {
      this.flash.internal.eraseAll()
      this.#isLevel1Open = false
      this.#keep({ keyPlace: 'flash' })
    }
    this.keepOptions()
    const power = new AbortController()
    this.#power = power
    this.#run(power.signal).catch((error: unknown) => {
      if (!power.signal.aborted) this.#crash = error
    })
  }

  /**
   * Programs option bytes, which stay from now on. A password of level 1 keeps the protection from falling until it was
   * given. False when each of them has its value already.
   * @throws BoardError `BOARD_OPTION_BYTE`, `BOARD_PROTECTED`
   */
  programOptions(values: OptionValues): boolean {
    const falls = this.options.rdp === 1 && this.options.levelAfter(values) === 0
    if (falls && this.password(1) !== undefined && !this.#isLevel1Open) {
      throw new BoardError('BOARD_PROTECTED', 'RDP level 1 is locked: its password opens it', {
        details: { class: 'protection' },
      })
    }
    const isChanged = this.options.program(values)
    if (isChanged) this.keepOptions()
    return isChanged
  }

  /** The right password was given: the protection may fall, until it has fallen. */
  openLevel1(): void {
    this.#isLevel1Open = true
  }

  /** The right password was given: level 1 from the next reset on. */
  openLevel2(): void {
    this.options.openLevel2()
    this.keepOptions()
  }

  /** The option bytes stay from now on. */
  keepOptions(): void {
    const { state } = this.options
    const isEmpty = Object.keys(state.programmed).length + Object.keys(state.loaded).length === 0
    const wasEmpty = Object.keys(this.#state.options.programmed).length === 0
    if (!isEmpty || !wasEmpty) this.#keep({ options: state })
  }

  /** Password of a level of the read-out protection, hexadecimal. */
  password(level: 1 | 2): string | undefined {
    return this.#state.passwords[String(level)]
  }

  setPassword(level: 1 | 2, password: string): void {
    this.#keep({ passwords: { ...this.#state.passwords, [String(level)]: password } })
  }

  /** Ends the board and releases its flash. */
  close(): void {
    this.halt()
    this.flash.close()
  }

  /** Waits the time of an act. @throws BytesError `INTERRUPTED` when the signal fires */
  async take(ms: number, signal?: AbortSignal): Promise<void> {
    const { clock, timing } = this.#options
    await (timing === 'none' ? Promise.resolve() : clock.sleep(ms, signal))
    throwIfInterrupted(signal)
  }

  async #run(power: AbortSignal): Promise<void> {
    const { part, flash, line, clock, neighbourhood, onBoot, registeredFirmware } = this.#options
    this.#boots++
    onBoot(this.#boots)
    const random = seededRandom(`${this.#options.seed}/boot/${this.#boots}`)
    const take = (ms: number): Promise<void> => this.take(ms, power)
    await take(part.times.bootMs)
    const { options } = this
    const found = await boot({
      part,
      memory: flash,
      options,
      registered: registeredFirmware,
      faults: this.faults,
      take,
    })
    this.#outcome = found.outcome
    if (found.outcome === 'stopped') this.#led = 'error'
    const isOther =
      found.image.kind.startsWith('provisioning') && this.faults.strikes('wrong-firmware')
    const { image } = isOther ? fallback : found
    this.#running = image
    const storage = this.#storage(random)
    await firmwareTable[image.kind]({
      part,
      uid: this.uid,
      flash,
      storage,
      attester: this.#attester(found, storage),
      keyPlace: this.keyPlace,
      noteKeyPlace: (keyPlace) => this.#keep({ keyPlace }),
      show: (led) => {
        this.#led = led
      },
      image,
      clock,
      random,
      faults: this.faults,
      neighbourhood,
      power,
      take,
      transmit: (octets) => {
        if (!power.aborted) void line.transmit(octets)
      },
      listen: (onReceived) => line.listen(onReceived),
      restart: () => this.reset(),
    })
  }

  #storage(random: Random): SecureStorage {
    const { part, flash, seed } = this.#options
    if (part.trustedStorage === undefined) return { cks: this.customerKeys }
    const its = openTrustedStorage({
      memory: flash,
      area: part.trustedStorage,
      hardwareUniqueKey: seededRandom(`${seed}/hardware unique key`).bytes(32),
      random,
    })
    const ccb = this.deviceChip?.bridge(random)
    const drivers = ccb === undefined ? [] : [new KeyWrapEngine({ ccb, random })]
    const psa = new PsaCrypto({ storage: its, random, drivers })
    psa.init()
    return { its, psa, cks: this.customerKeys }
  }

  /** Only a chain that measures what it starts has somebody to attest. */
  #attester({ measure }: Boot, { psa }: SecureStorage): Attester | undefined {
    if (measure === undefined || psa === undefined) return undefined
    const { part, seed, flash } = this.#options
    const bootSeed = seededRandom(`${seed}/boot seed/${this.#boots}`).bytes(32)
    const platform = { part, rdp: this.options.rdp, bootSeed, measure }
    return this.deviceChip === undefined
      ? trustedFirmwareAttester(psa, platform)
      : deviceKeyAttester(psa, platform, { chip: this.deviceChip, flash })
  }

  #keep(change: Partial<DeviceState>): void {
    this.#state = { ...this.#state, ...change }
    this.#options.onState?.(this.#state)
  }
}
