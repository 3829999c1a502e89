import { Secret, type Random } from '@keyline/bytes'
import { hkdfSha256 } from '@keyline/crypto'
import { failed, succeeded, type PsaResult } from '../status/result.ts'
import { PsaStatus } from '../status/status.ts'
import type { TrustedStorageMedium } from './medium.ts'
import { openRecord, readInfo, recordNonceLength, sealRecord, type ObjectInfo } from './record.ts'

export const itsFlag = { none: 0, writeOnce: 1 } as const

/** Names the key of the storage among those derived from the hardware unique key. */
const storageKeyId = Uint8Array.of(0x2f, 0xff, 0xaa, 0xaa)

export interface TrustedStorageOptions {
  readonly medium: TrustedStorageMedium
  /** 32 octets that never leave the microcontroller. */
  readonly hardwareUniqueKey: Uint8Array
  readonly random: Random
  /** How many objects there may be: 128 unless given. */
  readonly maximumObjects?: number | undefined
  /** Octets of the largest object: 4096 unless given. */
  readonly maximumSize?: number | undefined
}

/**
 * Internal trusted storage: objects under an id, each encrypted with AES-256-GCM under a key of this microcontroller.
 * Whoever reads the medium finds ciphertext alone; a record of another device, or under another id, does not open.
 */
export class InternalTrustedStorage {
  readonly #medium: TrustedStorageMedium
  readonly #key: Secret
  readonly #random: Random
  readonly #maximumObjects: number
  readonly #maximumSize: number

  constructor(options: TrustedStorageOptions) {
    this.#medium = options.medium
    this.#random = options.random
    this.#maximumObjects = options.maximumObjects ?? 128
    this.#maximumSize = options.maximumSize ?? 4096
    this.#key = new Secret(
      hkdfSha256({
        secret: options.hardwareUniqueKey,
        salt: new Uint8Array(0),
        info: storageKeyId,
        length: 32,
      }),
    )
  }

  /** `psa_its_set`: replaces what the id has, unless that is write-once. */
  set(id: number, data: Uint8Array, flags: number = itsFlag.none): PsaStatus {
    if (!isObjectId(id)) return PsaStatus.invalidArgument
    if (flags !== itsFlag.none && flags !== itsFlag.writeOnce) return PsaStatus.notSupported
    if (data.length > this.#maximumSize) return PsaStatus.insufficientStorage
    return this.#guarded(() => {
      const present = this.#medium.read(id)
      if (present !== undefined && readInfo(present)?.flags === itsFlag.writeOnce) {
        return PsaStatus.notPermitted
      }
      if (present === undefined && this.#medium.list().length >= this.#maximumObjects) {
        return PsaStatus.insufficientStorage
      }
      const nonce = this.#random.bytes(recordNonceLength)
      const record = sealRecord({ key: this.#key.reveal(), nonce, info: { id, flags }, data })
      return this.#medium.write(id, record) ? PsaStatus.success : PsaStatus.insufficientStorage
    })
  }

  /** `psa_its_get` of the whole object. A record that was changed answers DATA_CORRUPT. */
  get(id: number): PsaResult<Uint8Array<ArrayBuffer>> {
    const record = this.#recordOf(id)
    if (record.status !== PsaStatus.success) return record
    const data = openRecord({ key: this.#key.reveal(), id, record: record.value })
    return data === undefined ? failed(PsaStatus.dataCorrupt) : succeeded(data)
  }

  /** `psa_its_get_info`, of an authentic record. */
  info(id: number): PsaResult<ObjectInfo> {
    const record = this.#recordOf(id)
    if (record.status !== PsaStatus.success) return record
    const info = readInfo(record.value)
    const data = openRecord({ key: this.#key.reveal(), id, record: record.value })
    data?.fill(0)
    return info === undefined || data === undefined
      ? failed(PsaStatus.dataCorrupt)
      : succeeded(info)
  }

  /** `psa_its_remove`. */
  remove(id: number): PsaStatus {
    return this.#guarded(() => {
      const record = isObjectId(id) ? this.#medium.read(id) : undefined
      if (record === undefined) return PsaStatus.doesNotExist
      if (readInfo(record)?.flags === itsFlag.writeOnce) return PsaStatus.notPermitted
      this.#medium.remove(id)
      return PsaStatus.success
    })
  }

  #recordOf(id: number): PsaResult<Uint8Array> {
    try {
      const record = isObjectId(id) ? this.#medium.read(id) : undefined
      return record === undefined ? failed(PsaStatus.doesNotExist) : succeeded(record)
    } catch {
      return failed(PsaStatus.storageFailure)
    }
  }

  #guarded(act: () => PsaStatus): PsaStatus {
    try {
      return act()
    } catch {
      return PsaStatus.storageFailure
    }
  }
}

function isObjectId(id: number): boolean {
  return Number.isSafeInteger(id) && id > 0
}
