import { p256, p384 } from '@noble/curves/nist.js'
import { concat, fromHex, seededRandom, toHex, type Random } from '@keyline/bytes'
import { hkdfSha256, sha256, sharedSecretOf, verifyDigest } from '@keyline/crypto'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { scaled, testSeed } from '../../../../test/support/scale.ts'
import { numberOf, octetsOf } from '../primitive/modular.ts'
import { checkRsaPrivateKey } from '../primitive/rsa-key.ts'
import { rsaKeys } from '../testing/rsa-keys.ts'
import {
  Ccb,
  CcbError,
  CcbOperation,
  CcbState,
  ChipSecrets,
  curveAdditionalData,
  rsaAdditionalData,
  type CcbFault,
  type CcbResult,
  type SecurityState,
  type WrappedBlob,
} from './index.ts'

const rootSecret = sha256(Uint8Array.of(1))
const closed: SecurityState = { rdp: 1, isSecure: false, isPrivileged: true }
const curves = ['P-256', 'P-384'] as const
const orders = { 'P-256': p256.Point.Fn.ORDER, 'P-384': p384.Point.Fn.ORDER } as const
const lengths = { 'P-256': 32, 'P-384': 48 } as const

function newCcb(
  options: {
    readonly chip?: ChipSecrets
    readonly state?: () => SecurityState
    readonly random?: Random
    readonly fault?: () => CcbFault | undefined
  } = {},
): Ccb {
  return new Ccb({
    chip: options.chip ?? new ChipSecrets({ rootSecret }),
    state: options.state ?? (() => closed),
    random: options.random ?? seededRandom('ccb'),
    fault: options.fault,
  })
}

function must<T>(result: CcbResult<T> | undefined): T {
  if (result?.ok !== true) throw new TypeError(`failed: ${result?.reason ?? 'nothing'}`)
  return result.value
}

const reasonOf = <T>(result: CcbResult<T>): string => (result.ok ? 'none' : result.reason)

function flipped(blob: WrappedBlob, bit: number): WrappedBlob {
  const [part = new Uint8Array()] = blob.parts
  const all = concat(blob.iv, blob.tag, part)
  all[bit >> 3] = (all[bit >> 3] ?? 0) ^ (1 << (bit & 7))
  return { iv: all.subarray(0, 16), tag: all.subarray(16, 32), parts: [all.subarray(32)] }
}

describe.each(curves)('a wrapped key on %s', (curve) => {
  it('signs any hash so that another implementation verifies it, and tells its public key', () => {
    const ccb = newCcb()
    const noble = curve === 'P-256' ? p256 : p384
    fc.assert(
      fc.property(
        fc.bigInt({ min: 1n, max: orders[curve] - 1n }),
        fc.uint8Array({ maxLength: 70 }),
        (value, hash) => {
          const scalar = octetsOf(value, lengths[curve])
          const blob = must(ccb.wrapPrivateKey({ usage: 'ecdsa', curve }, scalar))
          const publicKey = must(ccb.publicKey({ curve, blob }))
          expect(toHex(publicKey)).toBe(toHex(noble.getPublicKey(scalar, false).subarray(1)))
          const signature = must(ccb.sign({ curve, blob }, hash))
          expect(verifyDigest({ curve, publicKey, digest: hash, signature })).toBe(true)
          const point = concat(Uint8Array.of(4), publicKey)
          const padded =
            hash.length < lengths[curve]
              ? concat(new Uint8Array(lengths[curve] - hash.length), hash)
              : hash
          const options = { prehash: false, lowS: false } as const
          expect(noble.verify(signature, padded, point, options)).toBe(true)
        },
      ),
      { numRuns: scaled(5, 200), seed: testSeed },
    )
  })

  it('agrees on the secret of the other side', () => {
    const ccb = newCcb()
    const scalars = [
      octetsOf(12_345n, lengths[curve]),
      octetsOf(orders[curve] - 1n, lengths[curve]),
    ]
    for (const scalar of scalars) {
      const blob = must(ccb.wrapPrivateKey({ usage: 'ecc', curve }, scalar))
      const peer = must(ccb.generatePrivateKey({ usage: 'ecc', curve }))
      const publicKey = must(ccb.publicKey({ curve, blob: peer }, 'ecc'))
      const own = must(ccb.publicKey({ curve, blob }, 'ecc'))
      const secret = must(ccb.multiply({ curve, blob }, publicKey))
      expect(secret).toEqual(must(ccb.multiply({ curve, blob: peer }, own)))
      expect(secret).toEqual(sharedSecretOf(curve, { privateKey: scalar, publicKey }))
    }
  })

  it('does nothing after any one bit of IV, tag or key has changed', () => {
    const ccb = newCcb()
    const blob = must(ccb.generatePrivateKey({ usage: 'ecdsa', curve }))
    const bits = 8 * (32 + lengths[curve])
    // The first word of the IV is no part of the nonce: the engine looks at it, before the CCB.
    for (let bit = 32; bit < bits; bit += scaled(3, 1)) {
      const changed = { curve, blob: flipped(blob, bit) }
      expect(reasonOf(ccb.sign(changed, new Uint8Array(32))), `bit ${bit}`).toBe('tag-mismatch')
      expect(reasonOf(ccb.publicKey(changed)), `bit ${bit}`).toBe('tag-mismatch')
    }
    expect([ccb.state, ccb.error]).toEqual([CcbState.error, CcbError.operation])
    expect(ccb.sign({ curve, blob }, new Uint8Array(32)).ok).toBe(true)
    expect([ccb.state, ccb.error]).toEqual([CcbState.ready, CcbError.none])
  })

  it('works for its own usage alone', () => {
    const ccb = newCcb()
    const scalar = octetsOf(99n, lengths[curve])
    const ecdsa = { curve, blob: must(ccb.wrapPrivateKey({ usage: 'ecdsa', curve }, scalar)) }
    const ecc = { curve, blob: must(ccb.wrapPrivateKey({ usage: 'ecc', curve }, scalar)) }
    const point = must(ccb.publicKey(ecdsa))
    expect(reasonOf(ccb.multiply(ecdsa, point))).toBe('tag-mismatch')
    expect(reasonOf(ccb.sign(ecc, new Uint8Array(32)))).toBe('tag-mismatch')
    expect(reasonOf(ccb.publicKey(ecc))).toBe('tag-mismatch')
    const other = curve === 'P-256' ? 'P-384' : 'P-256'
    expect(reasonOf(ccb.sign({ curve: other, blob: ecdsa.blob }, point))).toBe('tag-mismatch')
  })

  it('is refused outside of 1 to n − 1, and with another length', () => {
    const ccb = newCcb()
    const length = lengths[curve]
    const scalars = [
      new Uint8Array(length),
      octetsOf(orders[curve], length),
      new Uint8Array(length).fill(0xff),
      octetsOf(1n, length - 1),
      octetsOf(1n, length + 1),
    ]
    for (const scalar of scalars) {
      expect(reasonOf(ccb.wrapPrivateKey({ usage: 'ecdsa', curve }, scalar))).toBe(
        'invalid-parameter',
      )
    }
    expect(ccb.error).toBe(CcbError.invalidParameter)
    const blob = must(ccb.generatePrivateKey({ usage: 'ecc', curve }))
    expect(reasonOf(ccb.multiply({ curve, blob }, new Uint8Array(2 * length).fill(1)))).toBe(
      'invalid-parameter',
    )
  })
})

describe('the DHUK', () => {
  const curve = 'P-256'
  it('is another one in every state, on every chip, and the same for RDP 0.5 and 1', () => {
    let state: SecurityState = closed
    const ccb = newCcb({ state: () => state })
    const blob = must(ccb.generatePrivateKey({ usage: 'ecdsa', curve }))
    const opens = (other: SecurityState): boolean => {
      state = other
      return ccb.publicKey({ curve, blob }).ok
    }
    expect(opens({ ...closed, rdp: 0.5 })).toBe(true)
    expect(opens(closed)).toBe(true)
    for (const other of [
      { ...closed, rdp: 0 },
      { ...closed, rdp: 2 },
      { ...closed, isSecure: true },
      { ...closed, isPrivileged: false },
    ] as const) {
      expect(opens(other), JSON.stringify(other)).toBe(false)
    }
    const neighbour = newCcb({ chip: new ChipSecrets({ rootSecret: sha256(rootSecret) }) })
    expect(reasonOf(neighbour.publicKey({ curve, blob }))).toBe('tag-mismatch')
  })

  it('is common to all chips at RDP level 0', () => {
    const open = { ...closed, rdp: 0 } as const
    const one = newCcb({ state: () => open })
    const two = newCcb({
      chip: new ChipSecrets({ rootSecret: sha256(rootSecret) }),
      state: () => open,
    })
    const blob = must(one.generatePrivateKey({ usage: 'ecdsa', curve }))
    expect(two.publicKey({ curve, blob }).ok).toBe(true)
  })

  it('is derived as the decision says, so that a blob opens under the derived key', () => {
    const salt = new TextEncoder().encode('sim-dhuk/1')
    const dhuk = hkdfSha256({ secret: rootSecret, salt, info: Uint8Array.of(1, 0, 1), length: 32 })
    const blob = must(newCcb().generatePrivateKey({ usage: 'ecdsa', curve }))
    expect(newCcb({ chip: ChipSecrets.withDhuk(dhuk) }).publicKey({ curve, blob }).ok).toBe(true)
    const bootHardwareKey = new Uint8Array(32).fill(0x0f)
    const chip = new ChipSecrets({ rootSecret, bootHardwareKey })
    const target = { selection: 'DHUK_XOR_BHK', state: closed } as const
    const scalar = octetsOf(7n, 32)
    const joined = must(newCcb({ chip }).wrapPrivateKey({ usage: 'ecdsa', curve, target }, scalar))
    expect(newCcb({ chip }).publicKey({ curve, blob: joined }).ok).toBe(false)
    const known = ChipSecrets.withDhuk(dhuk.map((octet) => octet ^ 0x0f))
    expect(newCcb({ chip: known }).publicKey({ curve, blob: joined }).ok).toBe(true)
  })

  it('needs secrets of 32 octets', () => {
    expect(() => new ChipSecrets({ rootSecret: new Uint8Array(31) })).toThrow(/root secret has 31/)
    expect(() => ChipSecrets.withDhuk(new Uint8Array(33))).toThrow(/33 octets, not 32/)
  })
})

const bits = (data: Uint8Array): number => 8 * data.length

describe('additional data', () => {
  it('has the length that the hardware writes', () => {
    expect(bits(curveAdditionalData('ecdsa', 'P-256'))).toBe(4224)
    expect(bits(curveAdditionalData('ecc', 'P-256'))).toBe(2944)
    const w384 = 2 * (48 / 8 + 1)
    expect(bits(curveAdditionalData('ecdsa', 'P-384'))).toBe((w384 * 32 * 6 + 192) * 2)
    expect(bits(curveAdditionalData('ecc', 'P-384'))).toBe((w384 * 32 * 4 + 192) * 2)
    for (const length of [256, 257, 384, 512]) {
      const w = 2 * (Math.ceil(length / 8) + 1)
      expect(bits(rsaAdditionalData(new Uint8Array(length)))).toBe((128 + w * 32) * 2)
    }
  })

  it('holds a modulus word by word, the least significant first, zeros behind the last', () => {
    const modulus = fromHex('0102030405060708090a')
    expect(toHex(rsaAdditionalData(modulus).subarray(32))).toBe(
      '0000000000000838030405060708090a' +
        '00000000000008400000000000000102' +
        '00000000000008480000000000000000',
    )
  })
})

describe('a wrapped RSA key', () => {
  const numbers = checkRsaPrivateKey(rsaKeys[2048])
  if (numbers === undefined) throw new TypeError('the key of the test is none')
  const { modulus, publicExponent } = numbers

  it('raises to its exponent, and to nothing else after a change', () => {
    const ccb = newCcb()
    const blob = must(ccb.wrapRsaKey(numbers))
    const operand = octetsOf(0xc0ffeen, 256)
    const result = must(ccb.exponentiate({ modulus, blob }, operand))
    expect(publicExponent).toBe(2n ** 16n + 1n)
    const n = numberOf(modulus)
    let square = numberOf(result)
    for (let step = 0; step < 16; step++) square = (square * square) % n
    expect((square * numberOf(result)) % n).toBe(0xc0ffeen)
    const [exponent = new Uint8Array(), phi = new Uint8Array()] = blob.parts
    const swapped = { ...blob, parts: [phi, exponent] }
    expect(reasonOf(ccb.exponentiate({ modulus, blob: swapped }, operand))).toBe('tag-mismatch')
    const other = modulus.slice()
    other[100] = (other[100] ?? 0) ^ 1
    expect(reasonOf(ccb.exponentiate({ modulus: other, blob }, operand))).toBe('tag-mismatch')
    expect(reasonOf(ccb.exponentiate({ modulus, blob }, modulus))).toBe('invalid-parameter')
    expect(reasonOf(ccb.exponentiate({ modulus, blob }, operand.subarray(1)))).toBe(
      'invalid-parameter',
    )
    expect(reasonOf(ccb.wrapRsaKey({ ...numbers, phi: operand.subarray(1) }))).toBe(
      'invalid-parameter',
    )
  })
})

describe('a fault', () => {
  const curve = 'P-256'
  it.each<[CcbFault, number]>([
    ['rng-failure', CcbError.operation],
    ['tag-mismatch', CcbError.operation],
    ['busy-timeout', CcbError.operation],
    ['self-check-failure', CcbError.operation],
  ])('%s ends the operation, and the next one works', (fault, error) => {
    let next: CcbFault | undefined = fault
    const ccb = newCcb({
      fault: () => {
        const now = next
        next = undefined
        return now
      },
    })
    expect(reasonOf(ccb.generatePrivateKey({ usage: 'ecdsa', curve }))).toBe(fault)
    expect([ccb.state, ccb.error]).toEqual([CcbState.error, error])
    expect(ccb.selfCheckFailures).toBe(fault === 'self-check-failure' ? 1 : 0)
    expect(ccb.generatePrivateKey({ usage: 'ecdsa', curve }).ok).toBe(true)
  })

  it('of the source of randomness is told from a changed blob', () => {
    let isBroken = false
    const random: Random = {
      bytes(length) {
        if (isBroken) throw new Error('no entropy')
        return seededRandom('fragile').bytes(length)
      },
    }
    const ccb = newCcb({ random })
    const blob = must(ccb.generatePrivateKey({ usage: 'ecdsa', curve }))
    isBroken = true
    expect(reasonOf(ccb.sign({ curve, blob }, new Uint8Array(32)))).toBe('rng-failure')
    expect(reasonOf(ccb.generatePrivateKey({ usage: 'ecc', curve }))).toBe('rng-failure')
    expect(ccb.publicKey({ curve, blob }).ok).toBe(true)
  })

  it('of tampering locks everything until the reset', () => {
    let next: CcbFault | undefined
    const ccb = newCcb({ fault: () => next })
    const blob = must(ccb.generatePrivateKey({ usage: 'ecdsa', curve }))
    next = 'tamper-event'
    expect(reasonOf(ccb.sign({ curve, blob }, new Uint8Array(32)))).toBe('tamper-event')
    next = undefined
    expect(ccb.isTampered).toBe(true)
    expect(reasonOf(ccb.sign({ curve, blob }, new Uint8Array(32)))).toBe('tampered')
    expect(reasonOf(ccb.saes.wrapKey(new Uint8Array(16), 'cbc'))).toBe('tampered')
    expect([ccb.state, ccb.error]).toEqual([CcbState.error, CcbError.saesTamper])
    ccb.reset()
    expect([ccb.state, ccb.error]).toEqual([CcbState.ready, CcbError.none])
    expect(ccb.sign({ curve, blob }, new Uint8Array(32)).ok).toBe(true)
  })
})

describe('operations', () => {
  it('are told as they begin, and take the time that they are given', () => {
    const begun: unknown[] = []
    const ccb = new Ccb({
      chip: new ChipSecrets({ rootSecret }),
      state: () => closed,
      random: seededRandom('told'),
      onOperation: (operation) => begun.push(operation),
      delayMs: 2,
    })
    const start = performance.now()
    const blob = must(ccb.generatePrivateKey({ usage: 'ecdsa', curve: 'P-256' }))
    ccb.sign({ curve: 'P-256', blob }, new Uint8Array(32))
    expect(performance.now() - start).toBeGreaterThanOrEqual(4)
    expect(begun).toEqual([CcbOperation.ecdsaCreateFromRng, CcbOperation.ecdsaUse])
  })
})
