import { DeviceKey, type RandomSource } from './device-key.ts'
import {
  decodeKeyFile,
  encodeKeyFile,
  psaAlgorithm,
  psaLifetime,
  psaType,
  psaUsage,
  type PsaKeyAttributes,
  type PsaKeyFile,
} from './psa-key-file.ts'
import { PsaStatus, psaValue, type PsaResult } from './psa-status.ts'
import { itsFlag, type TrustedStorage } from './trusted-storage.ts'

const userIds = { first: 0x0000_0001, last: 0x3fff_ffff } as const

/**
 * The key service of trusted firmware, as far as a Matter device uses it: persistent P-256 keys in local storage that
 * are used by id. One file per key in internal trusted storage; a private key leaves it only with the usage EXPORT.
 */
export class PsaKeyStore {
  readonly #storage: TrustedStorage

  constructor(storage: TrustedStorage) {
    this.#storage = storage
  }

  /** `psa_generate_key`. */
  generate(attributes: PsaKeyAttributes, random: RandomSource): PsaResult<number> {
    if (attributes.bits === 0) return { status: PsaStatus.invalidArgument }
    return this.import(attributes, DeviceKey.draw(random).secret().reveal())
  }

  /** `psa_import_key`. */
  import(attributes: PsaKeyAttributes, data: Uint8Array): PsaResult<number> {
    const { id, lifetime, type, bits } = attributes
    const isUserId = id >= userIds.first && id <= userIds.last
    if (data.length === 0 || !isUserId || lifetime !== psaLifetime.persistent) {
      return { status: PsaStatus.invalidArgument }
    }
    if (type !== psaType.eccPairSecpR1) return { status: PsaStatus.notSupported }
    if (this.#storage.get(id).status !== PsaStatus.doesNotExist) {
      return { status: PsaStatus.alreadyExists }
    }
    const key = keyOf(data)
    if (key === undefined || (bits !== 0 && bits !== 256)) {
      return { status: PsaStatus.invalidArgument }
    }
    const file = encodeKeyFile({ attributes: { ...attributes, bits: 256 }, data })
    const status = this.#storage.set(id, file, itsFlag.none)
    return status === PsaStatus.success ? psaValue(id) : { status }
  }

  /** `psa_sign_message`: r ‖ s, 64 octets. */
  signMessage(id: number, algorithm: number, message: Uint8Array): PsaResult<Uint8Array> {
    if (algorithm !== psaAlgorithm.ecdsaSha256) return { status: PsaStatus.invalidArgument }
    const opened = this.#open(id)
    if (opened.status !== PsaStatus.success) return opened
    const { attributes, data } = opened.value
    const isPermitted = (attributes.usage & psaUsage.signMessage) !== 0
    if (!isPermitted || attributes.algorithm !== algorithm) {
      return { status: PsaStatus.notPermitted }
    }
    return psaValue(new DeviceKey(data).sign(message))
  }

  /** `psa_export_public_key`: `04 ‖ X ‖ Y`; needs no usage. */
  exportPublicKey(id: number): PsaResult<Uint8Array> {
    const opened = this.#open(id)
    if (opened.status !== PsaStatus.success) return opened
    return psaValue(new DeviceKey(opened.value.data).publicKey)
  }

  /** `psa_export_key`. */
  exportKey(id: number): PsaResult<Uint8Array> {
    const opened = this.#open(id)
    if (opened.status !== PsaStatus.success) return opened
    const { attributes, data } = opened.value
    if ((attributes.usage & psaUsage.export) === 0) return { status: PsaStatus.notPermitted }
    return psaValue(data)
  }

  /** `psa_get_key_attributes`. */
  attributes(id: number): PsaResult<PsaKeyAttributes> {
    const opened = this.#open(id)
    if (opened.status !== PsaStatus.success) return opened
    return psaValue({ ...opened.value.attributes, id })
  }

  /** `psa_destroy_key`. */
  destroy(id: number): PsaStatus {
    if (id === 0) return PsaStatus.success
    const status = this.#storage.remove(id)
    return status === PsaStatus.doesNotExist ? PsaStatus.invalidHandle : status
  }

  #open(id: number): PsaResult<PsaKeyFile> {
    const file = this.#storage.get(id)
    if (file.status === PsaStatus.doesNotExist) return { status: PsaStatus.invalidHandle }
    return file.status === PsaStatus.success ? decodeKeyFile(file.value) : file
  }
}

function keyOf(scalar: Uint8Array): DeviceKey | undefined {
  try {
    return scalar.length === 32 ? new DeviceKey(scalar) : undefined
  } catch {
    return undefined
  }
}
