import { seededRandom } from '@keyline/bytes'
import { p256PublicKey, verifyP256 } from '@keyline/crypto'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Flash } from '../flash/flash.ts'
import { Memory } from '../flash/memory.ts'
import { stm32wba65 } from '../part/part-table.ts'
import { CustomerKeyStorage } from './customer-key-storage.ts'
import { DeviceKey } from './device-key.ts'
import {
  decodeKeyFile,
  encodeKeyFile,
  psaAlgorithm,
  psaLifetime,
  psaType,
  psaUsage,
  type PsaKeyAttributes,
} from './psa-key-file.ts'
import { PsaKeyStore } from './psa-key-store.ts'
import { PsaStatus } from './psa-status.ts'
import { TrustedStorage } from './trusted-storage.ts'

const attributes: PsaKeyAttributes = {
  lifetime: psaLifetime.persistent,
  id: 5,
  type: psaType.eccPairSecpR1,
  bits: 256,
  usage: psaUsage.signMessage,
  algorithm: psaAlgorithm.ecdsaSha256,
}
const message = Uint8Array.of(1, 2, 3)
const scalar = new Uint8Array(32).fill(0x42)

function newStore(): PsaKeyStore {
  return new PsaKeyStore(
    new TrustedStorage({
      memory: new Memory(new Flash(stm32wba65.flash)),
      area: { address: 0x081e_a000, slots: 16, slotSize: 0x200 },
      hardwareUniqueKey: new Uint8Array(32),
      random: seededRandom('key store'),
    }),
  )
}

describe('the key service', () => {
  it('makes a key that signs and is never exported', () => {
    const store = newStore()
    expect(store.generate(attributes, seededRandom('key')).status).toBe(0)
    const exported = store.exportPublicKey(5)
    const signature = store.signMessage(5, attributes.algorithm, message)
    if (exported.status !== 0 || signature.status !== 0) throw new TypeError('no key')
    const publicKey = p256PublicKey(exported.value)
    expect(verifyP256({ publicKey, message, signature: signature.value })).toBe(true)
    expect(store.exportKey(5).status).toBe(PsaStatus.notPermitted)
    expect(store.attributes(5)).toEqual({ status: 0, value: attributes })
  })

  it.each([
    ['no data', { ...attributes }, new Uint8Array(0), PsaStatus.invalidArgument],
    ['a volatile lifetime', { ...attributes, lifetime: 0 }, scalar, PsaStatus.invalidArgument],
    ['an id of the vendor', { ...attributes, id: 0x4000_0000 }, scalar, PsaStatus.invalidArgument],
    ['another type', { ...attributes, type: 0x7117 }, scalar, PsaStatus.notSupported],
    ['another size', { ...attributes, bits: 384 }, scalar, PsaStatus.invalidArgument],
    ['a scalar of 0', attributes, new Uint8Array(32), PsaStatus.invalidArgument],
  ])('refuses %s', (_, given, data, status) => {
    expect(newStore().import(given, data).status).toBe(status)
  })

  it('keeps the policy of a key', () => {
    const store = newStore()
    store.import({ ...attributes, usage: psaUsage.export }, scalar)
    expect(store.signMessage(5, attributes.algorithm, message).status).toBe(PsaStatus.notPermitted)
    expect(store.exportKey(5)).toEqual({ status: 0, value: scalar })
    expect(store.import(attributes, scalar).status).toBe(PsaStatus.alreadyExists)
    expect(store.signMessage(5, 0x0600_060a, message).status).toBe(PsaStatus.invalidArgument)
    expect(store.destroy(5)).toBe(0)
    expect(store.destroy(5)).toBe(PsaStatus.invalidHandle)
    expect(store.signMessage(5, attributes.algorithm, message).status).toBe(PsaStatus.invalidHandle)
    expect(store.destroy(0)).toBe(0)
  })
})

describe('the file of a persistent key', () => {
  const { id: _, ...kept } = attributes

  it('has the layout of the key storage', () => {
    const file = encodeKeyFile({ attributes: kept, data: scalar })
    expect(Buffer.from(file.subarray(0, 36)).toString('hex')).toBe(
      '50534100 4b455900 00000000 01000000 1271 0001 00040000 09060006 00000000 20000000'.replaceAll(
        ' ',
        '',
      ),
    )
  })

  it('comes back as it was; a prefix never does', () => {
    const word = fc.nat({ max: 0xffff_ffff })
    const half = fc.nat({ max: 0xffff })
    const file = fc.record({
      attributes: fc.record({
        lifetime: fc.constant(1),
        type: half,
        bits: half,
        usage: fc.constantFrom(0x400, 0x1400, 0x1),
        algorithm: word,
      }),
      data: fc.uint8Array({ minLength: 1, maxLength: 64 }),
    })
    fc.assert(
      fc.property(file, fc.nat(), (given, cut) => {
        const octets = encodeKeyFile(given)
        expect(decodeKeyFile(octets)).toEqual({ status: 0, value: given })
        expect(decodeKeyFile(octets.subarray(0, cut % octets.length)).status).not.toBe(0)
      }),
    )
  })

  it('a usage that implies another is stored with it', () => {
    const usage = psaUsage.signHash
    const file = decodeKeyFile(encodeKeyFile({ attributes: { ...kept, usage }, data: scalar }))
    expect(file).toMatchObject({ value: { attributes: { usage: 0x1400 } } })
  })
})

describe('customer key storage', () => {
  it('is written once, signs for its own public key alone, and outlives the process', () => {
    const kept: Readonly<Record<string, string>>[] = []
    const open = (): CustomerKeyStorage =>
      new CustomerKeyStorage({ slots: 3, keys: kept.at(-1), onWritten: (keys) => kept.push(keys) })
    const key = new DeviceKey(scalar)
    const first = open()
    expect(first.write(1, key)).toBe(true)
    expect(first.write(1, new DeviceKey(new Uint8Array(32).fill(1)))).toBe(false)
    expect(first.write(4, key)).toBe(false)
    const second = open()
    expect(second.sign(1, key.publicKey, message)).toEqual(key.sign(message))
    expect(second.sign(1, new Uint8Array(65), message)).toBeUndefined()
    expect(second.sign(2, key.publicKey, message)).toBeUndefined()
  })
})
