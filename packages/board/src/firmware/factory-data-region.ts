import { decodeUtf8 } from '@keyline/bytes'
import {
  appendCredentials,
  readerBuffers,
  readWithStReader,
  Tag,
  type AppendRefusal,
  type Credentials,
  type ReaderStatus,
} from '@keyline/matter'
import type { BoardResult } from '@keyline/matter/pxp'
import { DeviceKey } from '../storage/device-key.ts'
import type { ProductIdentity } from './device-request.ts'
import type { Hardware } from './hardware.ts'

/** A record that the firmware needs cannot be read. */
export class ReadRefusal extends Error {
  readonly result: BoardResult

  constructor(tag: number, status: Exclude<ReaderStatus, 'OK'>) {
    super(`record ${tag}: ${status}`)
    this.result = readResults[status]
  }
}

/** The records of a factory-data region, read as ST's applications read them (matter-factory-data 1.4). */
export class FactoryDataReader {
  readonly #region: Uint8Array

  constructor(region: Uint8Array) {
    this.#region = region
  }

  /** The value of a record; `undefined` when it is absent. @throws ReadRefusal for a bad record */
  find(tag: number): Uint8Array | undefined {
    const result = readWithStReader(this.#region, tag, readerBuffers[tag] ?? 0)
    if (result.status === 'OK') return result.value
    if (result.status === 'DATA_NOT_FOUND') return undefined
    throw new ReadRefusal(tag, result.status)
  }

  /** @throws ReadRefusal when the record is absent or bad */
  require(tag: number): Uint8Array {
    const value = this.find(tag)
    if (value === undefined) throw new ReadRefusal(tag, 'DATA_NOT_FOUND')
    return value
  }

  /** A little-endian number. @throws ReadRefusal */
  requireNumber(tag: number): number {
    return this.require(tag).reduceRight((value, octet) => value * 256 + octet, 0)
  }

  /** @throws ReadRefusal when the record is absent or bad, or is no text */
  requireText(tag: number): string {
    const octets = this.require(tag)
    try {
      return decodeUtf8(octets)
    } catch {
      throw new ReadRefusal(tag, 'PARAM_ERROR')
    }
  }

  /** True when no image was ever programmed: ST's provisioning firmware looks for this first. */
  isErased(): boolean {
    return this.#region.subarray(0, 8).every((octet) => octet === 0xff)
  }

  isProvisioned(): boolean {
    const { length } = this.#region
    return [Tag.dacCertificate, Tag.paiCertificate, Tag.dacPublicKey].some(
      (tag) => readWithStReader(this.#region, tag, length).status === 'OK',
    )
  }

  /** @throws ReadRefusal */
  product(): ProductIdentity {
    return {
      vendorId: this.requireNumber(Tag.vendorId),
      productId: this.requireNumber(Tag.productId),
      serialNumber: this.requireText(Tag.serialNumber),
    }
  }

  /** @throws ReadRefusal */
  publicKey(): Uint8Array | undefined {
    return this.find(Tag.dacPublicKey)
  }

  /** The device key of the flash record; `undefined` when it is absent. @throws ReadRefusal, CryptoError */
  storedKey(): DeviceKey | undefined {
    const scalar = this.find(Tag.dacPrivateKey)
    return scalar === undefined ? undefined : new DeviceKey(scalar)
  }
}

/** The factory data in the flash of a board. */
export class FactoryDataRegion {
  readonly #hardware: Pick<Hardware, 'flash' | 'part' | 'take'>

  constructor(hardware: Pick<Hardware, 'flash' | 'part' | 'take'>) {
    this.#hardware = hardware
  }

  /** The records as they stand now. */
  read(): FactoryDataReader {
    return new FactoryDataReader(this.#octets())
  }

  /** Whether there is a place for the credentials. */
  accepts(credentials: Credentials): boolean {
    const { credentialWindow } = this.#hardware.part.factoryData
    return appendCredentials(this.#octets(), credentials, { window: credentialWindow }).ok
  }

  /** Writes the credentials by the rule of matter-factory-data 1.7 and reads them back. */
  async append(credentials: Credentials): Promise<BoardResult> {
    const { flash, part, take } = this.#hardware
    const { factoryDataAddress, credentialWindow, eraseUnit } = part.factoryData
    const before = this.#octets()
    const after = appendCredentials(before, credentials, { window: credentialWindow })
    if (!after.ok) return appendResults[after.reason]
    const { region } = after

    const pages = flash.erase(factoryDataAddress, region.length)
    await take(pages * part.times.erasePageMs)
    for (let offset = 0; offset < region.length; offset += eraseUnit) {
      const page = region.subarray(offset, offset + eraseUnit)
      if (flash.holds(factoryDataAddress + offset, page)) continue
      flash.program(factoryDataAddress + offset, page)
      await take(page.length * part.times.programOctetMs)
    }
    return flash.holds(factoryDataAddress, region) ? 'ok' : 'flashWrite'
  }

  /** Gives the first record another length. */
  damageLength(length: number): void {
    const { flash, part } = this.#hardware
    const { factoryDataAddress, eraseUnit } = part.factoryData
    const page = flash.read(factoryDataAddress, eraseUnit)
    new DataView(page.buffer).setUint32(4, length, true)
    flash.erase(factoryDataAddress, eraseUnit)
    flash.program(factoryDataAddress, page)
  }

  /** @param offset from the start of the region */
  flipBit(offset: number): void {
    const { flash, part } = this.#hardware
    flash.flipBit(part.factoryData.factoryDataAddress + offset)
  }

  #octets(): Uint8Array {
    const { flash, part } = this.#hardware
    return flash.read(part.factoryData.factoryDataAddress, part.factoryData.size)
  }
}

const readResults = {
  DATA_NOT_FOUND: 'dataNotFound',
  BUFFER_TOO_SMALL: 'bufferTooSmall',
  PARAM_ERROR: 'parameterError',
} as const satisfies Readonly<Record<Exclude<ReaderStatus, 'OK'>, BoardResult>>

const appendResults = {
  erased: 'dataNotFound',
  'already-provisioned': 'alreadyProvisioned',
  'no-marker': 'dataNotFound',
  'only-marker': 'dataNotFound',
  'no-room': 'bufferTooSmall',
} as const satisfies Readonly<Record<AppendRefusal, BoardResult>>
