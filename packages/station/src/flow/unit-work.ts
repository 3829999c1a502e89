import { toHex } from '@keyline/bytes'
import type { Evidence, JournalRecord } from '@keyline/ledger/records'
import { encodeImage } from '@keyline/matter'
import { StationError } from '../errors.ts'
import type { JournalEntry } from '../journal/journal-file.ts'
import {
  isForDevices,
  type AnyPreparedOrder,
  type OrderImages,
  type PreparedDeviceOrder,
  type PreparedOrder,
} from '../order/prepared-order.ts'
import type { WrappedKey } from '../port/device-key-programmer.ts'
import type { Probe, Target } from '../port/programmer.ts'
import type { ElementIdentity } from '../port/secure-element.ts'
import type { ReservedUnit } from '../port/unit-store.ts'
import { factoryDataOf } from '../unit/factory-data-of.ts'
import type { StationParts } from './station-parts.ts'

export interface UnitWorkInput {
  readonly parts: StationParts
  readonly prepared: AnyPreparedOrder
  readonly run: string
  readonly slot: number
  readonly probe: Probe
  readonly reserved: ReservedUnit
  readonly onLog: (text: string) => void
}

/** What is known of the credentials of a unit during its flow. */
export interface Credentials {
  readonly dac: Uint8Array
  readonly pai: Uint8Array
  /** 65 octets: the key that the board showed in its request, or that its certificate names. */
  readonly publicKey: Uint8Array
}

/** One unit on one board: what the steps share. It lives as long as the flow. */
export class UnitWork {
  readonly parts: StationParts
  readonly prepared: AnyPreparedOrder
  readonly slot: number
  readonly probe: Probe
  readonly reserved: ReservedUnit
  readonly onLog: (text: string) => void
  /** The factory data without credentials, as they are programmed; empty for a board without Matter. */
  readonly image: Uint8Array
  readonly evidence: Evidence[] = []
  target: Target | undefined
  credentials: Credentials | undefined
  /** True: nothing is issued, the board gets what its firmware brings. */
  isDemo = false
  /** The secure element of the board, as it was at the start of the unit. */
  element: ElementIdentity | undefined
  /** The device key of the chip, wrapped for it. */
  wrappedKey: WrappedKey | undefined
  /** Factory data as read back from the board. */
  readBack: Uint8Array | undefined
  identityMayBeOnBoard = false
  credentialsMayBeOnBoard = false
  /** Names the run in the journal. */
  readonly run: string

  constructor(input: UnitWorkInput) {
    this.parts = input.parts
    this.prepared = input.prepared
    this.slot = input.slot
    this.probe = input.probe
    this.reserved = input.reserved
    this.onLog = input.onLog
    this.run = input.run
    this.image = isForDevices(input.prepared)
      ? new Uint8Array()
      : imageOf(input.prepared, input.reserved)
  }

  /** The order of a Matter device. @throws StationError `STATION_NO_FLOW` for a board without Matter */
  get matter(): PreparedOrder {
    if (!isForDevices(this.prepared)) return this.prepared
    throw new StationError('STATION_NO_FLOW', 'the order is for boards without Matter')
  }

  /** The order of a board without Matter. @throws StationError `STATION_NO_FLOW` for a Matter device */
  get device(): PreparedDeviceOrder {
    if (isForDevices(this.prepared)) return this.prepared
    throw new StationError('STATION_NO_FLOW', 'the order is for Matter devices')
  }

  get unitId(): string {
    return this.reserved.unit.id
  }

  /** Writes to the journal what a power cut must not take; returns when it is on the disk. */
  record(
    type: JournalRecord['type'],
    step: string,
    data: JournalRecord['data'] = {},
  ): Promise<void> {
    return this.parts.journal.append(this.#entry(type, step, data))
  }

  /** Writes to the journal what the board or the ledger could be asked again. */
  note(type: JournalRecord['type'], step: string, data: JournalRecord['data'] = {}): Promise<void> {
    return this.parts.journal.note(this.#entry(type, step, data))
  }

  #entry(type: JournalRecord['type'], step: string, data: JournalRecord['data']): JournalEntry {
    return {
      type,
      step,
      data,
      run: this.run,
      order: this.prepared.order.id,
      unit: this.unitId,
      slot: this.slot,
    }
  }

  /** UID of the board that the unit is for, as far as one is known here. */
  get boardUid(): string | undefined {
    return this.target === undefined ? this.reserved.unit.boardUid : toHex(this.target.uid)
  }

  /** @throws StationError `STATION_BOARD_CHANGED` when another board than the bound one is meant */
  requireSameBoard(uid: Uint8Array): void {
    const bound = this.boardUid
    const found = toHex(uid)
    const isKept = uid.every((octet) => octet === 0)
    if (bound === undefined || bound === found || isKept) return
    throw new StationError(
      'STATION_BOARD_CHANGED',
      `slot ${this.slot} began with board ${bound}, but board ${found} answers`,
    )
  }

  /**
   * Firmware that stores published credentials is for policy `test` alone.
   * @throws StationError `STATION_PROFILE`
   */
  requireDemoAllowed(profile: string): void {
    if (this.prepared.order.policy === 'test') return
    throw new StationError(
      'STATION_PROFILE',
      `the provisioning firmware has profile ${profile}: policy "production" demands the proof of its key`,
    )
  }

  /** @throws StationError `STATION_PROTOCOL` when no exchange has brought credentials */
  requireCredentials(): Credentials {
    if (this.credentials !== undefined) return this.credentials
    throw new StationError('STATION_PROTOCOL', 'the board has no credentials at this step')
  }

  /** @throws StationError `STATION_NO_FLOW` when the order has no such image */
  requireImage<K extends keyof OrderImages>(kind: K): NonNullable<OrderImages[K]> {
    const image = this.prepared.images[kind]
    if (image !== undefined) return image
    throw new StationError('STATION_NO_FLOW', `the order has no image for ${kind}`)
  }

  /** Overwrites what the station knows of the unit's secrets. */
  wipe(): void {
    const { salt, verifier } = this.reserved.secrets
    for (const octets of [salt, verifier, this.image, this.readBack]) octets?.fill(0)
  }
}

function imageOf(
  { order, declaration, given }: PreparedOrder,
  { unit, secrets }: ReservedUnit,
): Uint8Array {
  const { serialNumber } = unit
  const drawn = { order, declaration, serialNumber, secrets }
  return encodeImage(given?.get(serialNumber) ?? factoryDataOf(drawn))
}
