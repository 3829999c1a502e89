import { VirtualClock } from '@keyline/bytes'
import { openBench, type Bench, type BenchOptions } from '../bench/bench.ts'
import type { SlotFault } from '../fault/fault-plan.ts'
import { buildFirmwareImage } from '../image/firmware-image.ts'
import { exchange, provisioningImage, ScriptedHost, type Exchange } from './scripted-host.ts'

export const bootAddress = 0x0800_0000
export const factoryDataAddress = 0x081e_c000
export const factoryDataSize = 61_440
/** Small enough that a test costs little, larger than a page. */
const size = 20_000

export const provisioningFirmware = buildFirmwareImage({
  kind: 'provisioning-X1',
  name: 'provisioning',
  version: '1.0.0',
  size,
})

export const applicationFirmware = buildFirmwareImage({
  kind: 'application',
  name: 'application',
  version: '1.2.3',
  size,
})

export interface BenchFixtureOptions extends Partial<BenchOptions> {
  readonly fault?: Omit<SlotFault, 'slot'> | undefined
}

/** A bench on a virtual clock, with the steps that a station takes. */
export class BenchFixture {
  readonly clock: VirtualClock
  readonly bench: Bench
  readonly #slots: number

  constructor(options: BenchFixtureOptions = {}) {
    const { fault, ...benchOptions } = options
    this.clock = new VirtualClock()
    this.#slots = options.slots ?? 1
    this.bench = openBench({
      slots: 1,
      clock: this.clock,
      seed: 'fixture',
      ...(fault === undefined ? {} : { faults: [{ ...fault, slot: 1 }] }),
      ...benchOptions,
    })
  }

  probe(slot = 1): string {
    return `SIM${String(slot).padStart(9, '0')}`
  }

  /** Factory data and provisioning firmware are programmed and started. */
  async prepare(slot = 1, image: Uint8Array = provisioningImage()): Promise<void> {
    await this.bench.download(this.probe(slot), factoryDataAddress, image)
    await this.start(provisioningFirmware, slot)
  }

  /** Programs a firmware and starts it. */
  async start(firmware: Uint8Array, slot = 1): Promise<void> {
    await this.bench.download(this.probe(slot), bootAddress, firmware)
    await this.bench.reset(this.probe(slot))
  }

  async host(slot = 1): Promise<ScriptedHost> {
    return new ScriptedHost(await this.bench.open(`sim:${slot}`), this.clock)
  }

  /** Prepares the board and runs the exchange. */
  async provision(slot = 1): Promise<Exchange & { readonly transcript: string }> {
    await this.prepare(slot)
    const host = await this.host(slot)
    const result = await exchange(host)
    await host.close()
    return { ...result, transcript: host.transcript }
  }

  /** Starts the application and waits until it listens. */
  async startApplication(slot = 1): Promise<ScriptedHost> {
    await this.start(applicationFirmware, slot)
    await this.clock.sleep(2000)
    return this.host(slot)
  }

  region(slot = 1): Uint8Array {
    return this.bench.board(slot).flash.read(factoryDataAddress, factoryDataSize)
  }

  /** @throws what a firmware has thrown: a defect of the model */
  [Symbol.dispose](): void {
    this.bench.close()
    for (let slot = 1; slot <= this.#slots; slot++) {
      const { crash } = this.bench.board(slot)
      if (crash !== undefined) throw crash
    }
  }
}
