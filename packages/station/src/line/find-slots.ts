import { toHex, withDeadline } from '@keyline/bytes'
import type { Unit } from '@keyline/ledger/records'
import { StationError } from '../errors.ts'
import type { StationParts } from '../flow/station-parts.ts'
import type { AnyPreparedOrder } from '../order/prepared-order.ts'
import type { ReservedUnit } from '../port/unit-store.ts'
import { takeLock, type Lock } from './lock.ts'
import { placeSlots, type BoundSlot, type Slot, type UsbLocations } from './slot-binding.ts'

export interface FindSlotsOptions {
  readonly parts: StationParts
  readonly prepared: AnyPreparedOrder
  readonly slots: number
  readonly binding?: readonly BoundSlot[] | undefined
  readonly locate?: (() => Promise<UsbLocations>) | undefined
  /** Where other processes look for the locks of probes; none are taken unless given. */
  readonly lockFolder?: string | undefined
  readonly resume: boolean
  readonly knownUnits: ReadonlySet<string>
}

/** Who hears of what is found on the way. */
export interface FindSlotsEvents {
  notice(text: string): void
  stopped(slot: Pick<Slot, 'number'>, error: unknown): void
}

export interface FoundSlots {
  readonly slots: readonly Slot[]
  /** Units that were never near a board. */
  readonly unused: readonly ReservedUnit[]
  /** Lets other processes have the probes. */
  readonly release: () => Promise<void>
}

/** Where the boards are, as far as they answer. */
interface FoundBoards {
  readonly readable: readonly Slot[]
  slotOf(unit: Pick<Unit, 'boardUid'>): Slot | undefined
}

/**
 * Finds the probes, takes their locks, and finds the boards of the units that an earlier run left open or that are in
 * rework. A slot whose probe another process has stays out of the run.
 * @throws StationError `STATION_NO_BOARD`, `STATION_BUSY`, `STATION_SLOT_CHANGED`, `STATION_UNFINISHED`
 */
export async function findSlots(
  options: FindSlotsOptions,
  events: FindSlotsEvents,
): Promise<FoundSlots> {
  const { parts, slots: wanted, binding, lockFolder } = options
  const probes = await parts.programmer.list()
  const locations = await options.locate?.()
  const { slots: placed, refused } = placeSlots({ probes, wanted, binding, locations })
  for (const { slot, error } of refused) events.stopped({ number: slot }, error)
  const { slots, locks } = await lockSlots(placed, lockFolder, events)
  const release = async (): Promise<void> => {
    for (const lock of locks) await lock.release()
  }
  try {
    return { ...(await assignUnits(slots, options, events)), release }
  } catch (error) {
    await release()
    throw error
  }
}

/** Those of the slots whose probes are ours now. @throws StationError `STATION_BUSY` when none is */
async function lockSlots(
  placed: readonly Slot[],
  lockFolder: string | undefined,
  events: FindSlotsEvents,
): Promise<{ readonly slots: readonly Slot[]; readonly locks: readonly Lock[] }> {
  if (lockFolder === undefined) return { slots: placed, locks: [] }
  const slots: Slot[] = []
  const locks: Lock[] = []
  const errors: unknown[] = []
  for (const slot of placed) {
    try {
      locks.push(await takeLock(lockFolder, `probe-${slot.probe.serialNumber}`))
      slots.push(slot)
    } catch (error) {
      errors.push(error)
      events.stopped(slot, error)
    }
  }
  if (slots.length === 0) throw errors[0]
  return { slots, locks }
}

async function assignUnits(
  slots: readonly Slot[],
  options: FindSlotsOptions,
  events: FindSlotsEvents,
): Promise<Omit<FoundSlots, 'release'>> {
  const { prepared, resume, knownUnits } = options
  const undecided = await undecidedOf(options)
  const started = undecided.filter(({ unit }) => unit.boardUid !== undefined)
  const unused = undecided.filter(({ unit }) => unit.boardUid === undefined)
  if (started.length === 0) return { slots, unused }
  const found = await findBoards(slots, options, events)
  // A unit in rework that was not begun again may wait for its board.
  const own = started.filter(
    ({ unit }) =>
      unit.state !== 'reserved' && (knownUnits.has(unit.id) || found.slotOf(unit) !== undefined),
  )
  if (own.length > 0 && !resume) {
    const names = own.map(({ unit }) => unit.serialNumber).join(', ')
    throw new StationError(
      'STATION_UNFINISHED',
      `order ${prepared.order.id} has ${own.length} unit(s) without verdict: ${names}`,
    )
  }
  for (const reserved of started) {
    const slot = found.slotOf(reserved.unit)
    const { serialNumber, boardUid = '' } = reserved.unit
    if (slot !== undefined) slot.resumed.push(reserved)
    else if (resume) {
      events.notice(
        `unit ${serialNumber} waits: its board ${boardUid} is in no slot of this station`,
      )
    }
  }
  return { slots: found.readable, unused }
}

/** Units of the order without a final verdict. */
export function undecidedOf({
  parts,
  prepared,
}: Pick<FindSlotsOptions, 'parts' | 'prepared'>): Promise<readonly ReservedUnit[]> {
  return parts.clock.during(() => parts.units.undecided(prepared.order.id))
}

/**
 * Asks which board stands in which slot. A slot that does not answer may hold the board of an open unit:
 * it is left alone.
 */
async function findBoards(
  slots: readonly Slot[],
  { parts: { clock, programmer } }: FindSlotsOptions,
  events: FindSlotsEvents,
): Promise<FoundBoards> {
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
        events.stopped(slot, error)
      }
    }),
  )
  const readable = slots.filter((slot) => [...byUid.values()].includes(slot))
  return { readable, slotOf: ({ boardUid = '' }) => byUid.get(boardUid) }
}
