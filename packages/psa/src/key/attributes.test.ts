import { describe, expect, it } from 'vitest'
import { PsaStatus } from '../status/status.ts'
import { checkAttributes, keptAttributes, type KeyAttributes } from './attributes.ts'
import { Lifetime, lifetimeOf, lifetimeParts, Location, Persistence } from './lifetime.ts'
import {
  curveOf,
  curveOfLength,
  isAsymmetric,
  isKeyPair,
  isPublicKeyType,
  KeyType,
} from './type.ts'
import { Usage, withImpliedUsage } from './usage.ts'

const good: KeyAttributes = {
  lifetime: Lifetime.persistent,
  id: 1,
  type: KeyType.eccPairSecpR1,
  bits: 256,
  usage: Usage.signHash,
  algorithm: 0,
}
const { invalidArgument, notSupported, success } = PsaStatus

describe('attributes', () => {
  it.each<[string, Partial<KeyAttributes>, number]>([
    ['a good key', {}, success],
    ['the last user id', { id: 0x3fff_ffff }, success],
    ['a volatile key without id', { lifetime: Lifetime.volatile, id: 0 }, success],
    ['a volatile key with an id', { lifetime: Lifetime.volatile }, invalidArgument],
    ['a read-only lifetime', { lifetime: 0xff }, invalidArgument],
    ['a persistence of no name', { lifetime: 0x02 }, invalidArgument],
    ['a persistent key without id', { id: 0 }, invalidArgument],
    ['an id of the vendor', { id: 0x4000_0000 }, invalidArgument],
    ['a usage of no name', { usage: 0x4 }, invalidArgument],
    ['a usage in the sign bit', { usage: 0x8000_0000 }, invalidArgument],
    ['the largest size', { bits: 0xfff8 }, success],
    ['a size above it', { bits: 0xfff9 }, notSupported],
    ['two defects, of which the usage comes first', { usage: 4, bits: 0xffff }, invalidArgument],
  ])('of %s', (_, change, status) => {
    expect(checkAttributes({ ...good, ...change })).toBe(status)
  })

  it('are kept with the usage that theirs implies', () => {
    expect(keptAttributes(good, { id: 9, bits: 384 })).toEqual({
      ...good,
      id: 9,
      bits: 384,
      usage: 0x1400,
    })
    expect(withImpliedUsage(Usage.verifyHash | Usage.export)).toBe(0x2801)
    expect(withImpliedUsage(Usage.derive)).toBe(Usage.derive)
  })
})

describe('lifetimes', () => {
  it('join a location of 24 bits and a persistence of 8', () => {
    const parts = { persistence: Persistence.readOnly, location: Location.keyWrapEngine }
    expect(lifetimeOf(parts)).toBe(0x8000_01ff)
    expect(lifetimeParts(0x8000_01ff)).toEqual(parts)
  })
})

describe('types', () => {
  it('tell pairs, public keys and symmetric keys apart', () => {
    const types = [
      KeyType.eccPairSecpR1,
      KeyType.eccPublicSecpR1,
      KeyType.rsaPair,
      KeyType.rsaPublic,
    ]
    expect(types.map(isKeyPair)).toEqual([true, false, true, false])
    expect(types.map(isPublicKeyType)).toEqual([false, true, false, true])
    expect([...types, KeyType.aes, KeyType.rawData].map(isAsymmetric)).toEqual([
      true,
      true,
      true,
      true,
      false,
      false,
    ])
  })

  it('find a curve by its size, and by the length of a key', () => {
    expect(curveOf(KeyType.eccPairSecpR1, 521)).toMatchObject({ curve: 'P-521' })
    expect(curveOf(KeyType.eccPairSecpR1, 257)).toBe('unknown')
    expect(curveOfLength(KeyType.eccPairSecpR1, 48)).toMatchObject({ bits: 384 })
    expect(curveOfLength(KeyType.eccPublicSecpR1, 133)).toMatchObject({ bits: 521 })
    expect(curveOfLength(0x4141, 32)).toMatchObject({ curve: 'X25519' })
    expect(curveOfLength(KeyType.eccPairBrainpool, 33)).toBe('unknown')
  })
})
