import { Secret, toHex } from '@keyline/bytes'
import { sha256 } from '@keyline/crypto'
import { array, assert, constantFrom, nat, property, record } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { scaled } from '../../../../test/support/scale.ts'
import '../../../../test/support/properties.ts'
import { verifiedDevice } from '../../../../test/support/verified-device.ts'
import { BoundedCache } from './bounded-cache.ts'
import { CompactAnchors } from './compact-anchors.ts'
import { KeyCache } from './key-cache.ts'
import { MemoryTrustStore } from './memory-store.ts'

const source = { id: 'batch', validity: { notBefore: 1, notAfter: 2 } }

function anchorOf(number: number, curve: 'P-256' | 'P-384' | 'P-521' = 'P-256') {
  const name = sha256(Uint8Array.of(number >> 16, number >> 8, number))
  const instanceId = new Uint8Array(33)
  instanceId[0] = 1
  instanceId.set(name, 1)
  const length = { 'P-256': 64, 'P-384': 96, 'P-521': 132 }[curve]
  const key = { type: 'ec', curve, point: new Uint8Array(length).fill(number) } as const
  const implementationId = new Uint8Array(32).fill(number % 3)
  return { implementationId, instanceId, key, state: 'active' } as const
}

describe('compact anchors', () => {
  it('give back what was added, of every curve, over many pages and growths of the index', () => {
    const anchors = new CompactAnchors()
    const count = scaled(12_000, 40_000)
    const curves = ['P-256', 'P-384', 'P-521'] as const
    for (let number = 0; number < count; number++) {
      anchors.add(anchorOf(number, curves[number % 3]), source)
    }
    expect(anchors.size).toBe(count)
    for (let number = 0; number < count; number += 97) {
      const { implementationId, instanceId, key, state } = anchorOf(number, curves[number % 3])
      expect(anchors.find(implementationId, instanceId)).toEqual({
        implementationId,
        instanceId,
        key,
        state,
        validity: source.validity,
        source: 'batch',
      })
    }
    expect(anchors.find(new Uint8Array(32), anchorOf(count + 1).instanceId)).toBeUndefined()
    expect(anchors.find(new Uint8Array(32), new Uint8Array(4))).toBeUndefined()
  })

  it('behave as a map from implementation and instance to key and state', () => {
    const step = record({
      act: constantFrom('add', 'replace', 'revoke', 'activate', 'remove'),
      instance: nat(5),
      implementation: nat(2),
      key: nat(255),
    })
    assert(
      property(array(step, { maxLength: 40 }), (steps) => {
        const anchors = new CompactAnchors()
        const model = new Map<string, { key: number; state: string }>()
        for (const { act, instance, implementation, key } of steps) {
          const { instanceId } = anchorOf(instance)
          const implementationId = new Uint8Array(32).fill(implementation)
          const point = new Uint8Array(64).fill(key)
          const anchor = {
            implementationId,
            instanceId,
            key: { type: 'ec', curve: 'P-256', point },
            state: 'active',
          } as const
          const name = `${instance} ${implementation}`
          if (act === 'add' && !model.has(name)) anchors.add(anchor, source)
          if (act === 'replace') anchors.replace(anchor, source)
          if (act === 'add' ? !model.has(name) : act === 'replace' && model.has(name)) {
            model.set(name, { key, state: 'active' })
          }
          if (act === 'remove') {
            const known = [...model.keys()].filter((one) => one.startsWith(`${instance} `))
            expect(anchors.remove(instanceId)).toBe(known.length > 0)
            for (const one of known) model.delete(one)
          }
          if (act === 'revoke' || act === 'activate') {
            const state = act === 'revoke' ? 'revoked' : 'active'
            const known = [...model.keys()].filter((one) => one.startsWith(`${instance} `))
            expect(anchors.setState(instanceId, state)).toBe(known.length > 0)
            for (const one of known) model.set(one, { key: model.get(one)?.key ?? 0, state })
          }
        }
        for (let instance = 0; instance <= 5; instance++) {
          for (let implementation = 0; implementation <= 2; implementation++) {
            const found = anchors.find(
              new Uint8Array(32).fill(implementation),
              anchorOf(instance).instanceId,
            )
            const wanted = model.get(`${instance} ${implementation}`)
            expect(found?.state).toBe(wanted?.state)
            if (found?.key.type === 'ec') expect(found.key.point[0]).toBe(wanted?.key)
          }
        }
      }),
    )
  })
})

describe('compact anchors that are taken out', () => {
  it('leave all others to be found, and their places to be used again', () => {
    const anchors = new CompactAnchors()
    const count = scaled(500, 20_000)
    for (let number = 0; number < count; number++) anchors.add(anchorOf(number), source)
    for (let number = 0; number < count; number += 3) {
      expect(anchors.remove(anchorOf(number).instanceId)).toBe(true)
      expect(anchors.remove(anchorOf(number).instanceId)).toBe(false)
    }
    const isFound = (number: number): boolean => {
      const { implementationId, instanceId } = anchorOf(number)
      return anchors.find(implementationId, instanceId) !== undefined
    }
    for (let number = 0; number < count; number++) expect(isFound(number)).toBe(number % 3 !== 0)
    for (let number = 0; number < count; number += 3) anchors.add(anchorOf(number), source)
    for (let number = 0; number < count; number++) expect(isFound(number)).toBe(true)
    expect(anchors.size).toBe(count)
    expect(anchors.remove(new Uint8Array(4))).toBe(false)
  })
})

describe('a bounded cache', () => {
  it('keeps what was used last', () => {
    const cache = new BoundedCache<string, number>(2)
    cache.set('a', 1)
    cache.set('b', 2)
    expect(cache.get('a')).toBe(1)
    cache.set('c', 3)
    expect([cache.get('a'), cache.get('b'), cache.get('c'), cache.size]).toEqual([
      1,
      undefined,
      3,
      2,
    ])
  })

  it('of no capacity keeps nothing', () => {
    const cache = new BoundedCache<string, number>(0)
    cache.set('a', 1)
    expect([cache.get('a'), cache.size]).toEqual([undefined, 0])
  })
})

function keyOf(device: number) {
  const { publicKey } = verifiedDevice(device)
  return { type: 'ec', curve: 'P-256', point: publicKey.octets } as const
}

describe('a key cache', () => {
  it('parses the key of a device that comes back once more, and then keeps it', () => {
    const cache = new KeyCache(4)
    const parsed = [1, 2, 3].map(() => cache.keyOf(keyOf(1)))
    const keys = parsed.map((one) => (one.type === 'ec' ? one.publicKey : undefined))
    expect(keys[0]?.octets).toEqual(keyOf(1).point)
    expect(keys[1]).not.toBe(keys[0])
    expect(keys[2]).toBe(keys[1])
    expect(cache.size).toBe(1)
  })

  it('keeps no key of a fleet that passes by', () => {
    const cache = new KeyCache(4)
    for (const device of [1, 2, 3, 4, 5, 6]) cache.keyOf(keyOf(device))
    expect(cache.size).toBe(0)
  })

  it('keeps no more keys than it may', () => {
    const cache = new KeyCache(2)
    for (const device of [1, 1, 2, 2, 3, 3, 4, 4]) cache.keyOf(keyOf(device))
    expect(cache.size).toBe(2)
  })

  it('keeps nothing where it may keep nothing', () => {
    const cache = new KeyCache(0)
    for (const device of [1, 1, 1]) cache.keyOf(keyOf(device))
    expect(cache.size).toBe(0)
  })

  it('leaves the secret of a MAC as it is', () => {
    const key = { type: 'symmetric', secret: new Secret(new Uint8Array(32)) } as const
    expect(new KeyCache().keyOf(key)).toBe(key)
  })
})

describe('a trust store in memory', () => {
  const implementationId = new Uint8Array(32)
  const { instanceId, key } = anchorOf(7)
  const reference = {
    implementationId,
    digests: [{ algorithm: undefined, value: new Uint8Array(32) }],
    signerId: new Uint8Array(32),
  }
  const certification = { implementationId, number: '0604565272829-10010', conditions: [] }

  it('stores nothing of a transaction before its end, or after it was rolled back', () => {
    const store = new MemoryTrustStore()
    const transaction = store.begin(source)
    expect(transaction.addAnchor({ implementationId, instanceId, key }, { replace: false })).toBe(
      'added',
    )
    expect(store.findAnchor(implementationId, instanceId)).toBeUndefined()
    void transaction.rollback()
    void transaction.commit()
    expect(store.size).toBe(0)
  })

  it('knows a statement that it has, in the transaction or before', () => {
    const store = new MemoryTrustStore()
    const first = store.begin(source)
    const placements = () => [
      first.addAnchor({ implementationId, instanceId, key }, { replace: false }),
      first.addReference(reference),
      first.addCertification(certification),
    ]
    expect(placements()).toEqual(['added', 'added', 'added'])
    expect(placements()).toEqual(['present', 'present', 'present'])
    void first.commit()
    const second = store.begin(source)
    expect(second.addAnchor({ implementationId, instanceId, key }, { replace: false })).toBe(
      'present',
    )
    expect(second.addReference(reference)).toBe('present')
    expect(second.addReference({ ...reference, name: 'BL' })).toBe('added')
    expect(second.addCertification(certification)).toBe('present')
    void second.commit()
    expect(store.referencesOf(implementationId).values).toHaveLength(2)
    expect(store.certificationsOf(implementationId)).toEqual([certification])
    expect(store.certificateTrust().anchors).toEqual([])
  })

  it('does not give one instance two keys, nor two in one transaction that replaces', () => {
    const store = new MemoryTrustStore()
    const other = { ...key, point: new Uint8Array(64).fill(9) }
    const elsewhere = new Uint8Array(32).fill(1)
    const first = store.begin(source)
    void first.addAnchor({ implementationId, instanceId, key }, { replace: false })
    const add = (of: Uint8Array, with_: typeof other, replace: boolean) =>
      first.addAnchor({ implementationId: of, instanceId, key: with_ }, { replace })
    expect(add(implementationId, other, true)).toBe('conflict')
    expect(add(elsewhere, other, true)).toBe('conflict')
    void first.commit()
    const second = store.begin(source)
    const again = { implementationId, instanceId, key: other }
    expect(second.addAnchor(again, { replace: false })).toBe('conflict')
    expect(second.addAnchor(again, { replace: true })).toBe('replaced')
    void second.commit()
    const found = store.findAnchor(implementationId, instanceId)
    expect(found?.key.type === 'ec' && toHex(found.key.point)).toBe(toHex(other.point))
  })

  it('renews the validity of a key that another CoRIM names too, and leaves a revoked one revoked', () => {
    const store = new MemoryTrustStore()
    const later = { id: 'renewed', validity: { notAfter: 99 } }
    for (const from of [source, later]) {
      const transaction = store.begin(from)
      void transaction.addAnchor({ implementationId, instanceId, key }, { replace: false })
      void transaction.commit()
      expect(store.setState(instanceId, 'revoked')).toBe(true)
    }
    expect(store.findAnchor(implementationId, instanceId)).toMatchObject({
      state: 'revoked',
      source: 'renewed',
      validity: { notAfter: 99 },
    })
    expect(store.size).toBe(1)
  })

  it('refuses the secret of a MAC in a transaction', () => {
    const secret = { type: 'symmetric', secret: new Secret(new Uint8Array(32)) } as const
    const transaction = new MemoryTrustStore().begin(source)
    expect(() =>
      transaction.addAnchor({ implementationId, instanceId, key: secret }, { replace: false }),
    ).toThrow(TypeError)
  })
})
