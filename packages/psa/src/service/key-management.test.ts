import { seededRandom } from '@keyline/bytes'
import { sha256 } from '@keyline/crypto'
import { describe, expect, it } from 'vitest'
import { psaDevice, wrappedSigningKey } from '../../../../test/support/vectors/psa-device.ts'
import { InternalTrustedStorage, memoryMedium } from '../its/index.ts'
import { Algorithm } from '../key/algorithm.ts'
import type { KeyAttributes } from '../key/attributes.ts'
import { decodeKeyFile, encodeKeyFile } from '../key/key-file.ts'
import { Lifetime } from '../key/lifetime.ts'
import { KeyType } from '../key/type.ts'
import { Usage } from '../key/usage.ts'
import { valueOf } from '../status/result.ts'
import { PsaStatus } from '../status/status.ts'
import { PsaCrypto } from './psa-crypto.ts'

const {
  alreadyExists,
  badState,
  dataInvalid,
  insufficientMemory,
  insufficientStorage,
  invalidArgument,
  invalidHandle,
  notPermitted,
  notSupported,
  storageFailure,
  success,
} = PsaStatus
const data = new Uint8Array(32).fill(0x42)
const hash = sha256(data)
const ecdsa = Algorithm.ecdsaSha256

function local(change: Partial<KeyAttributes> = {}): KeyAttributes {
  return { ...wrappedSigningKey, lifetime: Lifetime.persistent, ...change }
}

function storageOf(maximumObjects?: number): InternalTrustedStorage {
  return new InternalTrustedStorage({
    medium: memoryMedium(),
    hardwareUniqueKey: data,
    random: seededRandom('storage'),
    maximumObjects,
  })
}

describe('import_key', () => {
  it.each<[string, Partial<KeyAttributes>, number, number]>([
    ['no data before a wrong lifetime', { lifetime: 0xff }, 0, invalidArgument],
    [
      'a wrong id before an unknown location',
      { lifetime: 0x1234_0001, id: 0 },
      32,
      invalidArgument,
    ],
    [
      'too many bits before an unknown location',
      { lifetime: 0x1234_0001, bits: 0xffff },
      32,
      notSupported,
    ],
    [
      'an existing id before an unknown location',
      { lifetime: 0x1234_0001, id: 7 },
      32,
      alreadyExists,
    ],
    ['an unknown location', { lifetime: 0x1234_0001 }, 32, invalidArgument],
    [
      'an existing id before what the driver has nothing for',
      { id: 7, type: 0x0042 },
      32,
      alreadyExists,
    ],
    ['the driver before the size', { bits: 384, type: KeyType.eccPairSecpK1 }, 32, invalidArgument],
    ['another size than the key has', { bits: 255, type: KeyType.hmac }, 32, invalidArgument],
  ])('of %s', (_, change, length, status) => {
    const { crypto, storage } = psaDevice()
    crypto.importKey({ attributes: local({ id: 7 }), data })
    const result = crypto.importKey({ attributes: local(change), data: data.subarray(0, length) })
    expect(result.status).toBe(status)
    expect(storage.info(1).status).toBe(PsaStatus.doesNotExist)
  })

  it('takes no more octets than the buffer has', () => {
    const { crypto } = psaDevice()
    const result = crypto.importKey({ attributes: local(), data, dataLength: 33 })
    expect(result.status).toBe(invalidArgument)
  })

  it('of a persistent key into a full storage leaves nothing behind', () => {
    const crypto = new PsaCrypto({ storage: storageOf(1), random: seededRandom('full') })
    crypto.init()
    expect(crypto.generateKey(local()).status).toBe(success)
    expect(crypto.generateKey(local({ id: 2 })).status).toBe(insufficientStorage)
    expect(crypto.attributes(2).status).toBe(invalidHandle)
  })

  it('needs a slot: a persistent key makes room, a volatile one does not', () => {
    const random = seededRandom('slots')
    const crypto = new PsaCrypto({ storage: storageOf(), random, keySlots: 2 })
    crypto.init()
    for (const id of [1, 2, 3]) expect(crypto.generateKey(local({ id })).status).toBe(success)
    const volatile = local({ id: 0, lifetime: Lifetime.volatile })
    expect(crypto.generateKey(volatile).status).toBe(success)
    expect(crypto.signHash({ key: 1, algorithm: ecdsa, hash }).status).toBe(success)
    expect(crypto.generateKey(volatile).status).toBe(success)
    expect(crypto.generateKey(volatile).status).toBe(insufficientMemory)
    expect(crypto.generateKey(local({ id: 4 })).status).toBe(insufficientMemory)
    expect(crypto.attributes(1).status).toBe(insufficientMemory)
  })
})

describe('generate_key', () => {
  it('wants a size and a pair', () => {
    const { crypto } = psaDevice()
    expect(crypto.generateKey(local({ bits: 0 })).status).toBe(invalidArgument)
    expect(crypto.generateKey(local({ type: 0x4112 })).status).toBe(invalidArgument)
    expect(crypto.generateKey(local({ bits: 257 })).status).toBe(invalidArgument)
    expect(crypto.generateKey(local({ type: KeyType.eccPairSecpK1 })).status).toBe(notSupported)
  })

  it('hands out ids for volatile keys that are not those of others', () => {
    const { crypto } = psaDevice()
    const attributes = local({ id: 0, lifetime: Lifetime.keyWrapEngineVolatile })
    const ids = [1, 2, 3].map(() => valueOf(crypto.generateKey(attributes), 'generate'))
    expect(new Set(ids).size).toBe(3)
    expect(crypto.attributes(ids[0] ?? 0)).toMatchObject({ value: { id: ids[0], usage: 0x1400 } })
    expect(crypto.purgeKey(ids[0] ?? 0)).toBe(success)
    expect(crypto.signHash({ key: ids[0] ?? 0, algorithm: ecdsa, hash }).status).toBe(success)
    expect(crypto.destroyKey(ids[0] ?? 0)).toBe(success)
    expect(crypto.attributes(ids[0] ?? 0).status).toBe(invalidHandle)
  })
})

describe('stored keys', () => {
  it('outlive the process, and answer for what is wrong with their file', () => {
    const { crypto, storage } = psaDevice()
    crypto.generateKey(local())
    const file = valueOf(storage.get(1), 'file')
    const purged = (changed: Uint8Array): number => {
      storage.set(1, changed)
      expect(crypto.purgeKey(1)).not.toBe(badState)
      return crypto.signHash({ key: 1, algorithm: ecdsa, hash }).status
    }
    crypto.purgeKey(1)
    expect(crypto.signHash({ key: 1, algorithm: ecdsa, hash }).status).toBe(success)
    expect(purged(file.with(0, 0))).toBe(dataInvalid)
    expect(purged(file.subarray(0, 20))).toBe(dataInvalid)
    expect(purged(file.with(32, 0))).toBe(storageFailure)
    expect(crypto.generateKey(local()).status).toBe(alreadyExists)
    const { attributes, data: kept } = valueOf(decodeKeyFile(file), 'key')
    const elsewhere = { attributes: { ...attributes, lifetime: 0x1234_0001 }, data: kept }
    expect(purged(encodeKeyFile(elsewhere))).toBe(invalidArgument)
    expect(crypto.destroyKey(1)).toBe(success)
    expect(crypto.destroyKey(1)).toBe(invalidHandle)
    expect(crypto.purgeKey(1)).toBe(invalidHandle)
  })

  it('that do not open are a failure of the storage', () => {
    const medium = memoryMedium()
    const random = seededRandom('broken')
    const storage = new InternalTrustedStorage({ medium, hardwareUniqueKey: data, random })
    const crypto = new PsaCrypto({ storage, random })
    crypto.init()
    crypto.generateKey(local())
    crypto.purgeKey(1)
    const record = medium.read(1) ?? new Uint8Array()
    medium.write(1, record.with(20, (record[20] ?? 0) ^ 1))
    expect(crypto.attributes(1).status).toBe(storageFailure)
    expect(crypto.generateKey(local()).status).toBe(alreadyExists)
    storage.set(2, data, 1)
    expect(crypto.destroyKey(2)).toBe(storageFailure)
  })
})

describe('a key of the platform', () => {
  it('is used and never destroyed', () => {
    const lifetime = 0xff
    const attributes = local({ id: 0x4000_0001, lifetime, usage: Usage.signHash })
    const { crypto } = psaDevice({ builtInKeys: [{ attributes, data }] })
    const use = { key: attributes.id, algorithm: ecdsa, hash }
    expect(crypto.signHash(use).status).toBe(success)
    expect(crypto.purgeKey(attributes.id)).toBe(success)
    expect(crypto.destroyKey(attributes.id)).toBe(notPermitted)
    expect(crypto.signHash(use).status).toBe(success)
  })
})
