import type { FaultPlan } from '../fault/fault-plan.ts'
import type { Memory } from '../flash/memory.ts'
import {
  inertFirmware,
  verifyFirmwareImage,
  type FirmwareIdentity,
} from '../image/firmware-image.ts'
import { measureImage, usedLength, type MeasuredComponent } from '../image/measurement.ts'
import { recogniseFirmware, type RegisteredFirmware } from '../image/recognise.ts'
import type { OptionBytes } from '../option/option-bytes.ts'
import type { Part } from '../part/part.ts'
import { magicTrailer, slotLayouts, type SlotLayout } from '../part/slot-layout.ts'

/** Behind the header of an image, so that its identity stays and its signature does not hold. */
const corruptedOffset = 1024

/** What a boot loader found. */
export type BootOutcome = 'direct' | 'kept' | 'installed' | 'rejected' | 'stopped'

export type Measurement = () => readonly MeasuredComponent[]

export interface Boot {
  readonly image: FirmwareIdentity
  readonly outcome: BootOutcome
  /** Measures what was started, as it stands until the next reset; absent where nobody measures. */
  readonly measure?: Measurement | undefined
}

export interface BootOptions {
  readonly part: Part
  readonly memory: Memory
  readonly options: OptionBytes
  readonly registered: readonly RegisteredFirmware[]
  readonly faults: FaultPlan
  /** Time that the boot loader takes for an act. */
  readonly take: (ms: number) => Promise<void>
}

/**
 * From reset to the start of a firmware. Without TrustZone the image at the boot address is started. With it the boot
 * loader there installs a valid image from the secondary slot whose magic trailer is set (provisioning-station 12.2).
 */
export async function boot(input: BootOptions): Promise<Boot> {
  const { part, memory, options, registered } = input
  if (isSystemMemory(options)) return { image: inertFirmware, outcome: 'stopped' }
  const start = bootAddressOf(part, options)
  const first = recogniseFirmware(memory, start, registered)
  if (first.kind !== 'bootloader') {
    return { image: first, outcome: 'direct', measure: measurementOf(input, first, start) }
  }
  if (first.layout === undefined) return { image: inertFirmware, outcome: 'stopped' }
  return bootSlots(input, slotLayouts[first.layout], start)
}

/** Firmware of a part with a device key measures itself; in front of it there is the boot ROM alone. */
function measurementOf(
  { part, memory, faults }: BootOptions,
  { kind }: FirmwareIdentity,
  start: number,
): Measurement | undefined {
  const { deviceKey, trustedStorage } = part
  if (deviceKey === undefined || trustedStorage === undefined || kind === 'inert') return undefined
  if (faults.strikes('firmware-altered')) memory.flipBit(start + corruptedOffset)
  const size = trustedStorage.address - start
  return () => [measureImage(memory.read(start, size), 'App')]
}

async function bootSlots(
  input: BootOptions,
  layout: SlotLayout,
  bootLoader: number,
): Promise<Boot> {
  const { memory, registered, faults } = input
  const { primary, secondary, size } = layout
  const trailer = secondary + size - magicTrailer.length
  let outcome: BootOutcome = 'kept'
  if (memory.holds(trailer, magicTrailer)) {
    if (faults.strikes('update-corrupted')) memory.flipBit(secondary + corruptedOffset)
    const update = memory.read(secondary, size - magicTrailer.length)
    const isValid = validated(update, registered) !== undefined
    if (isValid) await install(input, layout, update)
    await eraseSlot(
      input,
      isValid ? { from: trailer, length: 16 } : { from: secondary, length: size },
    )
    outcome = isValid ? 'installed' : 'rejected'
  }
  const slot = memory.read(primary, size - magicTrailer.length)
  const image = validated(slot, registered)
  if (image === undefined) return { image: inertFirmware, outcome: 'stopped' }
  const { trustedFirmware } = layout
  if (trustedFirmware === undefined) return { image, outcome }
  const { address, size: secureSize } = trustedFirmware
  if (faults.strikes('firmware-altered')) memory.flipBit(address + corruptedOffset)
  const measure: Measurement = () => [
    measureImage(memory.read(bootLoader, address - bootLoader), 'BL'),
    measureImage(memory.read(address, secureSize), 'PRoT'),
    measureImage(memory.read(primary, size - magicTrailer.length), 'App'),
  ]
  return { image, outcome, measure }
}

async function install(
  { part, memory, take }: BootOptions,
  { primary, size }: SlotLayout,
  update: Uint8Array,
): Promise<void> {
  const pages = memory.erase(primary, size)
  await take(pages * part.times.erasePageMs)
  const used = usedLength(update)
  memory.program(primary, update.subarray(0, used))
  await take(used * part.times.programOctetMs)
}

async function eraseSlot(
  { part, memory, take }: BootOptions,
  { from, length }: { readonly from: number; readonly length: number },
): Promise<void> {
  const pages = memory.erase(from, length)
  await take(pages * part.times.erasePageMs)
}

function validated(
  slot: Uint8Array,
  registered: readonly RegisteredFirmware[],
): FirmwareIdentity | undefined {
  const signed = verifyFirmwareImage(slot)
  if (signed !== undefined) return signed
  const known = recogniseFirmware(
    { read: (at, length) => slot.slice(at, at + length) },
    0,
    registered,
  )
  return known.kind === 'inert' || isOurs(slot) ? undefined : known
}

/** An image with a header of ours must be signed to be valid. */
function isOurs(slot: Uint8Array): boolean {
  return Buffer.from(slot.subarray(0, 6)).toString('latin1') === 'SIMFW1'
}

function isSystemMemory(options: OptionBytes): boolean {
  return options.value('nSWBOOT0') === 0 && options.value('nBOOT0') === 0
}

/** Boot address options count 128 octets. */
function bootAddressOf(part: Part, options: OptionBytes): number {
  if (!options.has('TZEN')) return part.bootAddress
  const name = options.value('TZEN') === 1 ? 'SECBOOTADD0' : 'NSBOOTADD0'
  return options.value(name) * 128
}
