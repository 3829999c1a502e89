import { concat, type Random } from '@keyline/bytes'
import { decryptGcm, encryptGcm, hkdfSha256 } from '@keyline/crypto'
import type { Memory } from '../flash/memory.ts'
import type { TrustedStorageArea } from '../part/part.ts'
import { PsaStatus, psaValue, type PsaResult } from './psa-status.ts'

export const itsFlag = { none: 0, writeOnce: 1 } as const

/** Names the key of the area among those derived from the hardware unique key. */
const areaKeyId = Uint8Array.of(0x2f, 0xff, 0xaa, 0xaa)
const infoLength = 16
const nonceLength = 12
const headLength = infoLength + nonceLength + 16

interface StoredObject {
  readonly slot: number
  readonly id: number
  readonly flags: number
  readonly record: Uint8Array
}

export interface TrustedStorageOptions {
  readonly memory: Memory
  readonly area: TrustedStorageArea
  /** 32 octets that never leave the microcontroller. */
  readonly hardwareUniqueKey: Uint8Array
  readonly random: Random
}

/**
 * Internal trusted storage (provisioning-station section 9.1): objects in slots of a flash area, each encrypted with
 * AES-GCM under a key of this microcontroller. Reading the flash gives ciphertext alone.
 *
 * Slot: id (8, LE) ‖ size (4, LE) ‖ flags (4, LE) ‖ nonce (12) ‖ tag (16) ‖ ciphertext; the first three are the
 * associated data.
 */
export class TrustedStorage {
  readonly #memory: Memory
  readonly #area: TrustedStorageArea
  readonly #key: Uint8Array
  readonly #random: Random

  constructor(options: TrustedStorageOptions) {
    this.#memory = options.memory
    this.#area = options.area
    this.#random = options.random
    this.#key = hkdfSha256({
      secret: options.hardwareUniqueKey,
      salt: new Uint8Array(0),
      info: areaKeyId,
      length: 32,
    })
  }

  /** `psa_its_set`: replaces what the id has, unless that is write-once. */
  set(id: number, data: Uint8Array, flags: number = itsFlag.none): PsaStatus {
    const { slotSize, slots } = this.#area
    if (id === 0) return PsaStatus.invalidArgument
    if (data.length > slotSize - headLength) return PsaStatus.insufficientStorage
    const objects = this.#objects()
    const present = objects.find((object) => object.id === id)
    if (present !== undefined && present.flags === itsFlag.writeOnce) return PsaStatus.notPermitted
    const taken = new Set(objects.map(({ slot }) => slot))
    const free = Array.from({ length: slots }, (_, slot) => slot).find((slot) => !taken.has(slot))
    const slot = present?.slot ?? free
    if (slot === undefined) return PsaStatus.insufficientStorage
    const record = this.#seal(id, data, flags)
    if (present === undefined) this.#memory.program(this.#addressOf(slot), record)
    else this.#rewrite([...objects.filter((object) => object.id !== id), { slot, record }])
    return PsaStatus.success
  }

  /** `psa_its_get` of the whole object. A record that was changed answers DATA_CORRUPT. */
  get(id: number): PsaResult<Uint8Array> {
    const object = this.#objects().find((candidate) => candidate.id === id)
    if (object === undefined) return { status: PsaStatus.doesNotExist }
    const data = this.#unseal(object.record)
    return data === undefined ? { status: PsaStatus.dataCorrupt } : psaValue(data)
  }

  /** `psa_its_remove`. */
  remove(id: number): PsaStatus {
    const objects = this.#objects()
    const present = objects.find((object) => object.id === id)
    if (present === undefined) return PsaStatus.doesNotExist
    if (present.flags === itsFlag.writeOnce) return PsaStatus.notPermitted
    this.#rewrite(objects.filter((object) => object.id !== id))
    return PsaStatus.success
  }

  #rewrite(objects: readonly Pick<StoredObject, 'slot' | 'record'>[]): void {
    const { address, slots, slotSize } = this.#area
    this.#memory.erase(address, slots * slotSize)
    for (const { slot, record } of objects) this.#memory.program(this.#addressOf(slot), record)
  }

  #objects(): readonly StoredObject[] {
    const { slots, slotSize } = this.#area
    const objects: StoredObject[] = []
    for (let slot = 0; slot < slots; slot++) {
      const octets = this.#memory.read(this.#addressOf(slot), slotSize)
      const view = new DataView(octets.buffer)
      const size = view.getUint32(8, true)
      if (size > slotSize - headLength) continue
      const record = octets.slice(0, headLength + size)
      objects.push({ slot, id: view.getUint32(0, true), flags: view.getUint32(12, true), record })
    }
    return objects
  }

  #seal(id: number, data: Uint8Array, flags: number): Uint8Array {
    const info = new Uint8Array(infoLength)
    const view = new DataView(info.buffer)
    view.setUint32(0, id, true)
    view.setUint32(8, data.length, true)
    view.setUint32(12, flags, true)
    const nonce = this.#random.bytes(nonceLength)
    const context = { key: this.#key, nonce, associatedData: info }
    return concat(info, nonce, encryptGcm({ ...context, plaintext: data }))
  }

  #unseal(record: Uint8Array): Uint8Array | undefined {
    return decryptGcm({
      key: this.#key,
      nonce: record.subarray(infoLength, infoLength + nonceLength),
      associatedData: record.subarray(0, infoLength),
      encrypted: record.subarray(infoLength + nonceLength),
    })
  }

  #addressOf(slot: number): number {
    return this.#area.address + slot * this.#area.slotSize
  }
}
