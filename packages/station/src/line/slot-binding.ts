import { StationError } from '../errors.ts'
import type { Probe } from '../port/programmer.ts'
import type { ReservedUnit } from '../port/unit-store.ts'

/** One slot: its probe, and what it still has to take up. */
export interface Slot {
  readonly number: number
  readonly probe: Probe
  readonly resumed: ReservedUnit[]
}

/** Which probe belongs to which slot of the fixture, and where on the USB tree it is plugged in. */
export interface BoundSlot {
  /** 1 … 64. */
  readonly slot: number
  /** Serial number of the probe. */
  readonly probe: string
  /** Place on the USB tree, such as `1-2.4`; absent where the system does not tell. */
  readonly location?: string | undefined
}

/** Places on the USB tree by the serial number of what is plugged in there. */
export type UsbLocations = ReadonlyMap<string, string>

export interface SlotInput {
  readonly probes: readonly Probe[]
  /** Slots of the run: the first ones of the binding, or of the list. */
  readonly wanted: number
  readonly binding?: readonly BoundSlot[] | undefined
  readonly locations?: UsbLocations | undefined
}

export interface PlacedSlots {
  readonly slots: readonly Slot[]
  /** Slots that stay out of the run. */
  readonly refused: readonly { readonly slot: number; readonly error: StationError }[]
}

/**
 * Gives each slot its probe. Two probes of one name cannot be told apart, so that neither is used; a bound probe that is
 * elsewhere, or not there, stops its slot alone. Source: provisioning-station section 11 and fault F-32.
 * @throws StationError `STATION_NO_BOARD`, `STATION_BUSY`, `STATION_SLOT_CHANGED` when no slot is left, or, without a
 * binding, fewer than are wanted
 */
export function placeSlots(input: SlotInput): PlacedSlots {
  const { probes, wanted, binding } = input
  return binding === undefined ? placeListed(probes, wanted) : placeBound(input, binding)
}

function placeListed(probes: readonly Probe[], wanted: number): PlacedSlots {
  const distinct = probes.filter(({ serialNumber }) => countOf(probes, serialNumber) === 1)
  const cloned = probes.find(({ serialNumber }) => countOf(probes, serialNumber) > 1)
  if (distinct.length < wanted) {
    if (cloned !== undefined) throw clonedProbe(cloned.serialNumber)
    throw new StationError(
      'STATION_NO_BOARD',
      `${wanted} slots are asked for, ${probes.length} probes answer`,
    )
  }
  return {
    slots: distinct.slice(0, wanted).map((probe, index) => slotOf(index + 1, probe)),
    refused: [],
  }
}

function placeBound(input: SlotInput, binding: readonly BoundSlot[]): PlacedSlots {
  const bound = binding.toSorted((a, b) => a.slot - b.slot).slice(0, input.wanted)
  if (bound.length < input.wanted) {
    throw new StationError(
      'STATION_NO_BOARD',
      `${input.wanted} slots are asked for, ${bound.length} are bound to a probe`,
    )
  }
  const slots: Slot[] = []
  const refused: { slot: number; error: StationError }[] = []
  for (const entry of bound) {
    const found = probeOf(entry, input)
    if (found instanceof StationError) refused.push({ slot: entry.slot, error: found })
    else slots.push(slotOf(entry.slot, found))
  }
  const [first] = refused
  if (slots.length === 0 && first !== undefined) throw first.error
  return { slots, refused }
}

/** The probe of a bound slot where it must be, or what is wrong with it. */
export function probeOf(
  { slot, probe, location }: BoundSlot,
  { probes, locations }: Pick<SlotInput, 'probes' | 'locations'>,
): Probe | StationError {
  if (countOf(probes, probe) > 1) return clonedProbe(probe)
  const found = probes.find(({ serialNumber }) => serialNumber === probe)
  const place = locations?.get(probe)
  if (found === undefined) {
    const other = [...(locations ?? [])].find(
      ([name, at]) => at === location && name !== probe,
    )?.[0]
    const instead = other === undefined ? '' : `; probe ${other} is in its place`
    const code = other === undefined ? 'STATION_NO_BOARD' : 'STATION_SLOT_CHANGED'
    return new StationError(code, `probe ${probe} of slot ${slot} is not connected${instead}`)
  }
  if (location === undefined || place === undefined || place === location) return found
  return new StationError(
    'STATION_SLOT_CHANGED',
    `probe ${probe} of slot ${slot} is at USB place ${place}, it was bound at ${location}`,
  )
}

/** The binding of the probes as they are now, in the order of their USB places, else of the list. */
export function bindingOf(
  probes: readonly Probe[],
  locations: UsbLocations = new Map(),
): readonly BoundSlot[] {
  const cloned = probes.find(({ serialNumber }) => countOf(probes, serialNumber) > 1)
  if (cloned !== undefined) throw clonedProbe(cloned.serialNumber)
  const placed = probes.map(({ serialNumber }) => ({
    probe: serialNumber,
    location: locations.get(serialNumber),
  }))
  const inPlace = placed.toSorted((a, b) =>
    (a.location ?? '').localeCompare(b.location ?? '', 'en', { numeric: true }),
  )
  return inPlace.map(({ probe, location }, index) => ({
    slot: index + 1,
    probe,
    ...(location === undefined ? {} : { location }),
  }))
}

function slotOf(number: number, probe: Probe): Slot {
  return { number, probe, resumed: [] }
}

function countOf(probes: readonly Probe[], serialNumber: string): number {
  return probes.filter((probe) => probe.serialNumber === serialNumber).length
}

function clonedProbe(serialNumber: string): StationError {
  return new StationError('STATION_BUSY', `two probes have the serial number ${serialNumber}`, {
    remedy: 'disconnect one of the two; a cloned probe cannot be addressed',
  })
}
