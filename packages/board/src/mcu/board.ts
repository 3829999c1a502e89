import { BytesError, seededRandom, throwIfInterrupted, type Clock } from '@keyline/bytes'
import type { FaultPlan } from '../fault/fault-plan.ts'
import { firmwareTable } from '../firmware/firmware-table.ts'
import type { Neighbourhood } from '../firmware/neighbourhood.ts'
import type { Flash } from '../flash/flash.ts'
import type { FirmwareIdentity } from '../image/firmware-image.ts'
import { recogniseFirmware, type RegisteredFirmware } from '../image/recognise.ts'
import type { Part } from '../part/part.ts'
import type { SerialLine } from '../uart/serial-line.ts'

/** `real`: every act takes its time on the clock; `none`: only the waits of the protocols do. */
export type Timing = 'real' | 'none'

export interface BoardOptions {
  readonly part: Part
  /** 96-bit unique id, 12 octets. */
  readonly uid: Uint8Array
  /** Every random choice of the board comes from it. */
  readonly seed: string
  readonly flash: Flash
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
}

const powerLost = new BytesError('INTERRUPTED', 'the board has lost power')

/** One simulated board: flash that stays, and a firmware that runs from reset to reset. */
export class Board {
  readonly part: Part
  readonly uid: Uint8Array
  readonly flash: Flash
  readonly faults: FaultPlan
  readonly #options: BoardOptions
  #boots: number
  #power: AbortController | undefined
  #running: FirmwareIdentity | undefined
  #crash: unknown

  constructor(options: BoardOptions) {
    this.#options = options
    this.part = options.part
    this.uid = options.uid
    this.flash = options.flash
    this.faults = options.faults
    this.#boots = options.boots
  }

  /** The firmware that runs; `undefined` while the core stands still or boots. */
  get running(): FirmwareIdentity | undefined {
    return this.#running
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
    this.#options.line.clear()
  }

  /** Starts what stands in the flash. Returns at once; the boot takes its time. */
  reset(): void {
    this.halt()
    const power = new AbortController()
    this.#power = power
    this.#run(power.signal).catch((error: unknown) => {
      if (!power.signal.aborted) this.#crash = error
    })
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
    await this.take(part.times.bootMs, power)
    const image = recogniseFirmware(flash, part.bootAddress, registeredFirmware)
    this.#running = image
    await firmwareTable[image.kind]({
      part,
      uid: this.uid,
      flash,
      image,
      clock,
      random,
      faults: this.faults,
      neighbourhood,
      power,
      take: (ms) => this.take(ms, power),
      transmit: (octets) => {
        if (!power.aborted) void line.transmit(octets)
      },
      listen: (onReceived) => line.listen(onReceived),
      restart: () => this.reset(),
    })
  }
}
