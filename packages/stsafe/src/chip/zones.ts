import { concat } from '@keyline/bytes'
import { StsafeError } from '../errors.ts'
import { Form } from '../layout/form/forms.ts'
import type { AccessChange, ZoneEntry } from '../layout/zone.ts'
import {
  confirmPermanent,
  requireRange,
  type CallOptions,
  type ChipContext,
  type PermanentOptions,
  type ProtectedCallOptions,
} from './context.ts'

export interface ZoneRange {
  readonly zone: number
  readonly offset: number
  readonly length: number
}

export interface ReadOptions extends ProtectedCallOptions {
  /** Octets of one command; one command for all unless given. */
  readonly chunkSize?: number | undefined
}

export interface ZoneData {
  readonly zone: number
  readonly offset: number
  /** At least one octet for an update. */
  readonly data: Uint8Array
}

export interface UpdateOptions extends ProtectedCallOptions {
  /** All of the data or nothing, even when the power fails. */
  readonly atomic?: boolean | undefined
}

export interface Decrement extends ZoneData {
  /** At least 1. */
  readonly amount: number
}

type ChangeOptions = PermanentOptions & ProtectedCallOptions

/** Data and counter zones (sections 3.6 and 7.5). */
export class ZoneService {
  readonly #context: ChipContext

  constructor(context: ChipContext) {
    this.#context = context
  }

  /** Replaces `stse_data_storage_get_total_partition_count` and `…_get_partitioning_table`. */
  async table(options?: CallOptions): Promise<readonly ZoneEntry[]> {
    return this.#context.queue.run(Form.queryPartitionTable, {}, options)
  }

  /** Replaces `stse_data_storage_read_data_zone`. */
  async read(range: ZoneRange, options: ReadOptions = {}): Promise<Uint8Array> {
    requireRange('the length of a read', range.length, 1, 0xffff)
    const parts: Uint8Array[] = []
    for (const piece of this.#pieces(range, options.chunkSize)) {
      const request = { option: {}, ...piece }
      const { data } = await this.#context.queue.run(Form.readData, request, options)
      parts.push(ofLength(data, piece.length))
    }
    return concat(...parts)
  }

  /** The counter, and data beside it (length 0 for none). Replaces `stse_data_storage_read_counter_zone`. */
  async readCounter(
    range: ZoneRange,
    options: ReadOptions = {},
  ): Promise<{ readonly counter: number; readonly data: Uint8Array }> {
    const parts: Uint8Array[] = []
    let last = 0
    for (const piece of this.#pieces(range, options.chunkSize)) {
      const request = { option: {}, ...piece }
      const { counter, data } = await this.#context.queue.run(Form.readCounter, request, options)
      parts.push(ofLength(data, piece.length))
      last = counter
    }
    return { counter: last, data: concat(...parts) }
  }

  /** Replaces `stse_data_storage_update_data_zone`. */
  async update({ zone, offset, data }: ZoneData, options: UpdateOptions = {}): Promise<void> {
    this.#requireData(data)
    const option = { atomic: options.atomic ?? false }
    await this.#context.queue.run(Form.update, { option, zone, offset, data }, options)
  }

  /** Takes an amount off a counter and writes its data in one. Replaces `stse_data_storage_decrement_counter_zone`. */
  async decrement(input: Decrement, options: ProtectedCallOptions = {}): Promise<number> {
    requireRange('the amount', input.amount, 1, 0xffff_ffff)
    const { counter } = await this.#context.queue.run(
      Form.decrement,
      { option: {}, ...input },
      options,
    )
    return counter
  }

  /** Conditions can only become stricter. Replaces `stse_data_storage_change_read_access_condition`. */
  async changeReadAccess(
    zone: number,
    change: AccessChange,
    options: ChangeOptions = {},
  ): Promise<void> {
    this.#confirmChange(zone, 'read', change, options)
    const request = { option: { change }, zone, offset: 0, length: 0 }
    await this.#context.queue.run(Form.readData, request, options)
  }

  /** Replaces `stse_data_storage_change_update_access_condition`; at least one octet is written. */
  async changeUpdateAccess(
    { zone, offset, data, change }: ZoneData & { readonly change: AccessChange },
    options: ChangeOptions & UpdateOptions = {},
  ): Promise<void> {
    this.#requireData(data)
    this.#confirmChange(zone, 'update', change, options)
    const option = { change, atomic: options.atomic ?? false }
    await this.#context.queue.run(Form.update, { option, zone, offset, data }, options)
  }

  /** Replaces `stse_data_storage_change_decrement_access_condition`. */
  async changeDecrementAccess(
    { change, ...input }: Decrement & { readonly change: AccessChange },
    options: ChangeOptions = {},
  ): Promise<number> {
    requireRange('the amount', input.amount, 1, 0xffff_ffff)
    this.#confirmChange(input.zone, 'decrement', change, options)
    const request = { option: { change }, ...input }
    return (await this.#context.queue.run(Form.decrement, request, options)).counter
  }

  #confirmChange(zone: number, act: string, change: AccessChange, options: ChangeOptions): void {
    const right = change.changeRight ? 'only be made stricter' : 'never be changed again'
    const what = `the ${act} condition of zone ${zone} becomes ${change.access} and can ${right}`
    confirmPermanent(this.#context, what, options)
  }

  #requireData(data: Uint8Array): void {
    if (data.length === 0)
      throw new StsafeError('STSAFE_ARGUMENT', 'an update needs at least 1 octet')
    this.#requireFits(data.length)
  }

  #requireFits(length: number): void {
    const { maxFrame, name } = this.#context.queue.deviceType
    if (length < maxFrame) return
    const message = `${length} octets do not fit one command; at most ${maxFrame - 1} on ${name}`
    throw new StsafeError('STSAFE_FRAME_SIZE', message, { details: { sent: false } })
  }

  #pieces({ zone, offset, length }: ZoneRange, chunkSize = 0): readonly ZoneRange[] {
    requireRange('the chunk size', chunkSize, 0, 0xffff)
    const size = chunkSize === 0 ? length : chunkSize
    this.#requireFits(Math.min(size, length))
    if (length <= size) return [{ zone, offset, length }]
    return Array.from({ length: Math.ceil(length / size) }, (_, index) => ({
      zone,
      offset: offset + index * size,
      length: Math.min(size, length - index * size),
    }))
  }
}

function ofLength(data: Uint8Array, length: number): Uint8Array {
  if (data.length === length) return data
  const message = `the chip gave ${data.length} octets of a zone instead of ${length}`
  throw new StsafeError('STSAFE_RESPONSE', message)
}
