import type { Random } from '@keyline/bytes'
import type { Driver, DriverKey, NewKeyData } from '../driver/driver.ts'
import { SoftwareDriver } from '../driver/software.ts'
import type { InternalTrustedStorage } from '../its/index.ts'
import { permits } from '../key/algorithm.ts'
import { checkAttributes, isPersistent, type KeyAttributes } from '../key/attributes.ts'
import { lifetimeParts } from '../key/lifetime.ts'
import { isPublicKeyType } from '../key/type.ts'
import { failed, succeeded, type PsaResult } from '../status/result.ts'
import { PsaStatus, type CallStatus } from '../status/status.ts'
import { KeySlots } from './key-slots.ts'
import type { ImportRequest } from './requests.ts'

export interface PsaCryptoOptions {
  /** Where persistent keys are kept. */
  readonly storage: InternalTrustedStorage
  readonly random: Random
  /** Drivers of further locations; the local one is built in. */
  readonly drivers?: readonly Driver[] | undefined
  /** Keys of the platform: read-only, ids of the vendor range. */
  readonly builtInKeys?: readonly DriverKey[] | undefined
  /** Keys that are in memory at a time, 32 unless given. */
  readonly keySlots?: number | undefined
}

/** What a call asks of a key before it may use it. */
export interface KeyDemand {
  readonly usage: number
  readonly algorithm: number
}

/** A key and the driver of its location. */
export interface DrivenKey {
  readonly key: DriverKey
  readonly driver: Driver
}

/** The life of keys: import and generate, attributes, purge and destroy. The checks stand in the order of section 2.6. */
export class KeyManagement {
  readonly #slots: KeySlots
  readonly #drivers: ReadonlyMap<number, Driver>
  #isReady = false

  constructor(options: PsaCryptoOptions) {
    const { storage, builtInKeys = [], keySlots = 32 } = options
    this.#slots = new KeySlots({ storage, builtInKeys, capacity: keySlots })
    const drivers = [new SoftwareDriver(options.random), ...(options.drivers ?? [])]
    this.#drivers = new Map(drivers.map((driver) => [driver.location, driver]))
  }

  /** `psa_crypto_init`; may be called again. Until it is, a call that needs a key answers BAD_STATE. */
  init(): CallStatus {
    this.#isReady = true
    return PsaStatus.success
  }

  get isReady(): boolean {
    return this.#isReady
  }

  /** `psa_import_key`: the id of the key. */
  importKey({ attributes, data: buffer, dataLength }: ImportRequest): PsaResult<number> {
    const length = dataLength ?? buffer.length
    if (!this.#isReady) return failed(PsaStatus.badState)
    if (length === 0 || length > buffer.length) return failed(PsaStatus.invalidArgument)
    const data = buffer.subarray(0, length)
    return this.#create(attributes, length, (driver) =>
      driver.importKey({ attributes, data, buffer }),
    )
  }

  /** `psa_generate_key`: the id of the key. */
  generateKey(attributes: KeyAttributes): PsaResult<number> {
    if (!this.#isReady) return failed(PsaStatus.badState)
    if (attributes.bits === 0 || isPublicKeyType(attributes.type)) {
      return failed(PsaStatus.invalidArgument)
    }
    return this.#create(attributes, 0, (driver) => driver.generateKey(attributes))
  }

  /** `psa_get_key_attributes`. */
  attributes(id: number): PsaResult<KeyAttributes> {
    if (!this.#isReady) return failed(PsaStatus.badState)
    const found = this.#slots.find(id)
    return found.status === PsaStatus.success ? succeeded(found.value.attributes) : found
  }

  /** `psa_purge_key`: takes the copy of a persistent key out of memory. */
  purgeKey(id: number): CallStatus {
    return this.#isReady ? this.#slots.purge(id) : PsaStatus.badState
  }

  /** `psa_destroy_key`. The null id succeeds. */
  destroyKey(id: number): CallStatus {
    if (id === 0) return PsaStatus.success
    return this.#isReady ? this.#slots.destroy(id) : PsaStatus.badState
  }

  /** A key that may be used as demanded: INVALID_HANDLE, then NOT_PERMITTED. */
  protected permitted(id: number, { usage, algorithm }: KeyDemand): PsaResult<DrivenKey> {
    const found = this.driven(id)
    if (found.status !== PsaStatus.success) return found
    const { attributes } = found.value.key
    const isPermitted =
      (attributes.usage & usage) === usage && permits(attributes.algorithm, algorithm)
    return isPermitted ? found : failed(PsaStatus.notPermitted)
  }

  /** A key and its driver, whatever its policy says. */
  protected driven(id: number): PsaResult<DrivenKey> {
    if (!this.#isReady) return failed(PsaStatus.badState)
    const found = this.#slots.find(id)
    if (found.status !== PsaStatus.success) return found
    const driver = this.#driverOf(found.value.attributes)
    if (driver === undefined) return failed(PsaStatus.invalidArgument)
    return succeeded({ key: found.value, driver })
  }

  #create(
    attributes: KeyAttributes,
    dataLength: number,
    make: (driver: Driver) => PsaResult<NewKeyData>,
  ): PsaResult<number> {
    const refused = checkAttributes(attributes)
    if (refused !== PsaStatus.success) return failed(refused)
    if (isPersistent(attributes)) {
      const taken = this.#slots.checkFree(attributes.id)
      if (taken !== PsaStatus.success) return failed(taken)
    }
    const driver = this.#driverOf(attributes)
    if (driver === undefined) return failed(PsaStatus.invalidArgument)
    if (driver.keyBufferSize(attributes, dataLength) === 0) return failed(PsaStatus.notSupported)
    const made = make(driver)
    if (made.status !== PsaStatus.success) return made
    const { data, bits } = made.value
    if (attributes.bits !== 0 && attributes.bits !== bits) {
      data.fill(0)
      return failed(PsaStatus.invalidArgument)
    }
    const added = this.#slots.add({ ...attributes, bits }, data)
    if (added.status !== PsaStatus.success) data.fill(0)
    return added
  }

  #driverOf({ lifetime }: KeyAttributes): Driver | undefined {
    return this.#drivers.get(lifetimeParts(lifetime).location)
  }
}
