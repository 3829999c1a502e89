import { seededRandom, toHex } from '@keyline/bytes'
import { sha256 } from '@keyline/crypto'
import { describe, expect, it } from 'vitest'
import { psaDevice, wrappedSigningKey } from '../../../../test/support/vectors/psa-device.ts'
import { KeyWrapEngine } from '../driver/key-wrap-engine.ts'
import { Ccb, ChipSecrets, type CcbFault } from '../ccb/index.ts'
import { InternalTrustedStorage, memoryMedium } from '../its/index.ts'
import { Algorithm } from '../key/algorithm.ts'
import type { KeyAttributes } from '../key/attributes.ts'
import { Lifetime, Location } from '../key/lifetime.ts'
import { KeyType } from '../key/type.ts'
import { Usage } from '../key/usage.ts'
import { outputOf, requireSuccess, valueOf, type PsaOutput } from '../status/result.ts'
import { describeStatus, PsaStatus, type CallStatus } from '../status/status.ts'
import { PsaCrypto } from './psa-crypto.ts'

const {
  badState,
  bufferTooSmall,
  hardwareFailure,
  insufficientEntropy,
  invalidArgument,
  invalidHandle,
  invalidSignature,
  notPermitted,
  notSupported,
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

describe('before it is started', () => {
  it('every call that needs a key answers BAD_STATE', () => {
    const crypto = new PsaCrypto({ storage: storageOf(), random: seededRandom('early') })
    const use = { key: 1, algorithm: ecdsa }
    const statuses = [
      crypto.importKey({ attributes: local(), data }).status,
      crypto.generateKey(local()).status,
      crypto.attributes(1).status,
      crypto.purgeKey(1),
      crypto.destroyKey(1),
      crypto.signHash({ ...use, hash }).status,
      crypto.signMessage({ ...use, message: data }).status,
      crypto.verifyHash({ ...use, hash, signature: data }),
      crypto.verifyMessage({ ...use, message: data, signature: data }),
      crypto.exportPublicKey(1).status,
      crypto.exportKey(1).status,
      crypto.rawKeyAgreement({ key: 1, algorithm: Algorithm.ecdh, peerKey: data }).status,
      crypto.asymmetricDecrypt({ ...use, input: data }).status,
      crypto.cipherEncrypt({ key: 1, algorithm: Algorithm.cbc, input: data }).status,
      crypto.macCompute({ key: 1, algorithm: Algorithm.hmacSha256, input: data }).status,
      crypto.generateRandom(1).status,
    ]
    expect(new Set(statuses)).toEqual(new Set([badState]))
    expect(crypto.hashCompute({ algorithm: Algorithm.sha256, input: data }).status).toBe(success)
    expect(crypto.generateRandom(0).status).toBe(success)
    expect(crypto.destroyKey(0)).toBe(success)
    expect([crypto.init(), crypto.init()]).toEqual([success, success])
    expect(crypto.generateRandom(5)).toMatchObject({ value: { length: 5 } })
  })
})

describe('sign_hash', () => {
  const { crypto } = psaDevice()
  crypto.generateKey(wrappedSigningKey)
  crypto.generateKey({ ...wrappedSigningKey, id: 2, usage: Usage.verifyHash })
  crypto.importKey({ attributes: local({ id: 3, type: KeyType.hmac, bits: 0 }), data })

  it.each<[string, number, number, number, number]>([
    ['algorithm 0', 9, 0, 0, invalidArgument],
    ['an algorithm that signs nothing', 9, Algorithm.ecdh, 0, invalidArgument],
    ['a wildcard', 9, 0x0600_06ff, 0, invalidArgument],
    ['a hash that is not built in', 9, 0x0600_0605, 0, notSupported],
    ['no buffer', 9, ecdsa, 0, bufferTooSmall],
    ['an unknown key', 9, ecdsa, 64, invalidHandle],
    ['the null id', 0, ecdsa, 64, invalidHandle],
    ['a key without the usage', 2, ecdsa, 64, notPermitted],
    ['a key of another policy', 1, Algorithm.ecdsa, 64, notPermitted],
    ['a key that is no pair', 3, ecdsa, 64, invalidArgument],
    ['a short buffer', 1, ecdsa, 63, bufferTooSmall],
  ])('with %s', (_, key, algorithm, size, status) => {
    const output = crypto.signHash({ key, algorithm, hash, size })
    expect([output.status, output.length, output.buffer.length]).toEqual([status, 0, size])
    const isEarly = size === 0 || key === 9
    const filler = isEarly && status !== invalidHandle ? 0 : 0x21
    expect(output.buffer.every((octet) => octet === filler)).toBe(true)
  })

  it('fills what is left of the buffer', () => {
    const output = crypto.signHash({ key: 1, algorithm: ecdsa, hash, size: 70 })
    expect([output.status, output.length]).toEqual([success, 64])
    expect(toHex(output.buffer.subarray(64))).toBe('212121212121')
    const verified = { key: 1, algorithm: ecdsa, hash, signature: output.buffer.subarray(0, 64) }
    expect(crypto.verifyHash(verified)).toBe(notPermitted)
    expect(crypto.verifyHash({ ...verified, key: 2 })).toBe(invalidArgument)
    expect(crypto.verifyHash({ ...verified, algorithm: 0 })).toBe(invalidArgument)
    expect(crypto.verifyMessage({ ...verified, message: data, algorithm: 0 })).toBe(invalidArgument)
  })

  it('over a message hashes it first, with the hash of the algorithm', () => {
    const usage = Usage.signMessage | Usage.verifyMessage
    crypto.generateKey(local({ id: 4, usage }))
    const signed = crypto.signMessage({ key: 4, algorithm: ecdsa, message: data })
    const signature = outputOf(signed, 'sign')
    const request = { key: 4, algorithm: ecdsa, signature }
    expect(crypto.verifyMessage({ ...request, message: data })).toBe(success)
    expect(crypto.verifyMessage({ ...request, message: hash })).toBe(invalidSignature)
    expect(crypto.verifyHash({ ...request, hash })).toBe(notPermitted)
    expect(crypto.signHash({ key: 4, algorithm: ecdsa, hash }).status).toBe(notPermitted)
    const unnamed = { key: 4, algorithm: Algorithm.ecdsa, message: data }
    expect(crypto.signMessage(unnamed).status).toBe(invalidArgument)
    expect(crypto.verifyMessage({ ...unnamed, signature })).toBe(invalidArgument)
    expect(crypto.signMessage({ key: 4, algorithm: 0, message: data }).status).toBe(invalidArgument)
  })
})

describe('raw_key_agreement and asymmetric_decrypt', () => {
  const { crypto } = psaDevice()
  const combined = 0x0902_0109
  const ecdh = { usage: Usage.derive, algorithm: Algorithm.ecdh }
  crypto.generateKey({ ...wrappedSigningKey, ...ecdh })
  crypto.generateKey({ ...wrappedSigningKey, id: 2, usage: Usage.derive, algorithm: combined })
  crypto.generateKey({ ...wrappedSigningKey, id: 3, ...ecdh, usage: Usage.signHash })

  it.each<[string, number, number, number, number]>([
    ['no agreement', 9, ecdsa, 0, invalidArgument],
    ['an unknown key', 9, Algorithm.ecdh, 0, invalidHandle],
    ['a key without the usage', 3, Algorithm.ecdh, 0, notPermitted],
    ['a key of another policy', 2, Algorithm.ecdh, 0, notPermitted],
    ['a short buffer', 1, combined, 31, bufferTooSmall],
    ['a derivation', 1, combined, 32, notSupported],
    ['a derivation that the policy names', 2, combined, 32, notSupported],
    ['a peer that is none', 1, Algorithm.ecdh, 32, invalidArgument],
  ])('refuse %s', (_, key, algorithm, size, status) => {
    const output = crypto.rawKeyAgreement({ key, algorithm, peerKey: data, size })
    expect([output.status, output.length, output.buffer.length]).toEqual([status, size, size])
  })

  it('refuse a label without OAEP, unknown keys and foreign policies', () => {
    const label = Uint8Array.of(1)
    const open = (key: number, algorithm: number, given?: Uint8Array) =>
      crypto.asymmetricDecrypt({ key, algorithm, input: data, label: given }).status
    expect(open(9, 0x0700_0200, label)).toBe(invalidArgument)
    expect(open(9, 0x0700_0309, label)).toBe(invalidHandle)
    expect(open(1, 0x0700_0309, label)).toBe(notPermitted)
    const oaep = local({
      id: 5,
      type: KeyType.hmac,
      bits: 0,
      usage: Usage.decrypt,
      algorithm: 0x0700_0309,
    })
    crypto.importKey({ attributes: oaep, data })
    expect(open(5, 0x0700_0309)).toBe(invalidArgument)
  })
})

describe('export', () => {
  const { crypto } = psaDevice()
  crypto.generateKey(local({ id: 1, usage: Usage.export }))
  crypto.importKey({ attributes: local({ id: 2, type: KeyType.aes, bits: 0 }), data })

  it('checks the buffer before everything else', () => {
    expect(crypto.exportPublicKey(9, 0).status).toBe(bufferTooSmall)
    expect(crypto.exportKey(9, 0).status).toBe(bufferTooSmall)
    expect(crypto.exportPublicKey(9).status).toBe(invalidHandle)
    expect(crypto.exportKey(9).status).toBe(invalidHandle)
    expect(crypto.exportPublicKey(2).status).toBe(invalidArgument)
    expect(crypto.exportPublicKey(1, 64)).toMatchObject({ status: bufferTooSmall, length: 0 })
    expect(crypto.exportPublicKey(1, 65)).toMatchObject({ status: success, length: 65 })
  })

  it('gives a public key without EXPORT', () => {
    const publicKey = outputOf(crypto.exportPublicKey(1), 'export')
    const attributes = local({ id: 3, type: 0x4112, usage: Usage.verifyHash })
    crypto.importKey({ attributes, data: publicKey })
    expect(outputOf(crypto.exportKey(3), 'export')).toEqual(publicKey)
    expect(outputOf(crypto.exportKey(1), 'export').length).toBe(32)
  })
})

describe('ciphers', () => {
  const { crypto } = psaDevice()
  const usage = Usage.encrypt | Usage.decrypt
  const aes = { type: KeyType.aes, bits: 0, usage }
  crypto.importKey({ attributes: local({ id: 1, ...aes, algorithm: Algorithm.cbc }), data })
  crypto.importKey({ attributes: local({ id: 2, ...aes, algorithm: Algorithm.gcm }), data })
  crypto.importKey({
    attributes: local({ id: 3, ...aes, type: KeyType.hmac, algorithm: Algorithm.cbc }),
    data,
  })

  it('of blocks refuse other algorithms, keys and lengths', () => {
    const encrypt = (key: number, algorithm: number, input: Uint8Array, size?: number) =>
      crypto.cipherEncrypt({ key, algorithm, input, size }).status
    expect(encrypt(1, Algorithm.gcm, data)).toBe(invalidArgument)
    expect(encrypt(9, Algorithm.cbc, data)).toBe(invalidHandle)
    expect(encrypt(2, Algorithm.cbc, data)).toBe(notPermitted)
    expect(encrypt(3, Algorithm.cbc, data)).toBe(invalidArgument)
    expect(encrypt(1, Algorithm.cbc, data.subarray(1))).toBe(invalidArgument)
    expect(encrypt(1, Algorithm.cbc, data, 47)).toBe(bufferTooSmall)
    expect(encrypt(1, Algorithm.cbc, data, 48)).toBe(success)
    const request = { key: 1, algorithm: Algorithm.cbc, input: data.subarray(0, 15) }
    expect(crypto.cipherDecrypt(request).status).toBe(invalidArgument)
  })

  it('with a tag refuse changed octets, short ones and wrong nonces', () => {
    const context = { key: 2, algorithm: Algorithm.gcm, associatedData: data }
    const nonce = new Uint8Array(12)
    const sealed = outputOf(crypto.aeadEncrypt({ ...context, nonce, input: data }), 'seal')
    const open = (input: Uint8Array, given = nonce) =>
      crypto.aeadDecrypt({ ...context, nonce: given, input }).status
    expect(open(sealed)).toBe(success)
    expect(open(sealed.with(0, (sealed[0] ?? 0) ^ 1))).toBe(invalidSignature)
    expect(open(sealed.subarray(0, 15))).toBe(invalidSignature)
    expect(open(sealed, new Uint8Array())).toBe(invalidArgument)
    expect(
      crypto.aeadEncrypt({ ...context, algorithm: Algorithm.cbc, nonce, input: data }).status,
    ).toBe(invalidArgument)
    expect(crypto.aeadEncrypt({ ...context, key: 9, nonce, input: data }).status).toBe(
      invalidHandle,
    )
  })
})

describe('CCM', () => {
  it('with a nonce of 13 octets takes no message of 65536', () => {
    const { crypto } = psaDevice()
    const algorithm = Algorithm.ccm
    const aes = { type: KeyType.aes, bits: 0, usage: Usage.encrypt, algorithm }
    crypto.importKey({ attributes: local({ id: 1, ...aes }), data })
    const seal = (nonceLength: number, length: number): number =>
      crypto.aeadEncrypt({
        key: 1,
        algorithm,
        nonce: new Uint8Array(nonceLength),
        associatedData: data,
        input: new Uint8Array(length),
      }).status
    expect(seal(13, 65_535)).toBe(success)
    expect(seal(13, 65_536)).toBe(invalidArgument)
    expect(seal(12, 65_536)).toBe(success)
    expect(seal(6, 1)).toBe(invalidArgument)
  })
})

describe('hashes', () => {
  const { crypto } = psaDevice()
  const compute = (algorithm: number, size?: number): PsaOutput =>
    crypto.hashCompute({ algorithm, input: data, size })
  const compare = (algorithm: number, given: Uint8Array): CallStatus =>
    crypto.hashCompare({ algorithm, input: data, hash: given })

  it('are known, known by length, or none', () => {
    expect(outputOf(compute(Algorithm.sha256), 'hash')).toEqual(hash)
    expect(compute(0x0200_0008, 27).status).toBe(bufferTooSmall)
    expect(compute(0x0200_0008, 28).status).toBe(notSupported)
    expect(compute(Algorithm.anyHash).status).toBe(invalidArgument)
    expect(compute(0).status).toBe(invalidArgument)
  })

  it('are compared', () => {
    expect(compare(Algorithm.sha256, hash)).toBe(success)
    expect(compare(Algorithm.sha256, hash.subarray(1))).toBe(invalidSignature)
    expect(compare(Algorithm.ecdh, hash)).toBe(invalidArgument)
    expect(compare(0x0200_0008, hash)).toBe(notSupported)
  })
})

describe('faults of the CCB', () => {
  it.each<[CcbFault, number]>([
    ['rng-failure', insufficientEntropy],
    ['tag-mismatch', hardwareFailure],
    ['busy-timeout', hardwareFailure],
    ['tamper-event', hardwareFailure],
  ])('%s ends a signature', (fault, status) => {
    let next: CcbFault | undefined
    const random = seededRandom('faults')
    const ccb = new Ccb({
      chip: new ChipSecrets({ rootSecret: data }),
      state: () => ({ rdp: 1, isSecure: true, isPrivileged: true }),
      random,
      fault: () => next,
    })
    const drivers = [new KeyWrapEngine({ ccb, random })]
    const crypto = new PsaCrypto({ storage: storageOf(), random, drivers })
    crypto.init()
    crypto.generateKey(wrappedSigningKey)
    next = fault
    expect(crypto.signHash({ key: 1, algorithm: ecdsa, hash }).status).toBe(status)
    expect(crypto.generateKey({ ...wrappedSigningKey, id: 2 }).status).toBe(
      status === insufficientEntropy ? status : hardwareFailure,
    )
    next = undefined
    const isLocked = fault === 'tamper-event'
    const after = crypto.signHash({ key: 1, algorithm: ecdsa, hash }).status
    expect(after).toBe(isLocked ? hardwareFailure : success)
    ccb.reset()
    expect(crypto.signHash({ key: 1, algorithm: ecdsa, hash }).status).toBe(success)
    expect(crypto.attributes(2).status).toBe(invalidHandle)
  })
})

describe('a source of randomness that fails', () => {
  it('is INSUFFICIENT_ENTROPY', () => {
    const random = {
      bytes(): never {
        throw new Error('no entropy')
      },
    }
    const crypto = new PsaCrypto({ storage: storageOf(), random })
    crypto.init()
    expect(crypto.generateRandom(1).status).toBe(insufficientEntropy)
  })
})

describe('statuses', () => {
  it('have names, and an error that carries them', () => {
    expect(describeStatus(-147)).toBe('HARDWARE_FAILURE (-147)')
    expect(describeStatus(1)).toBe('status of the engine (1)')
    expect(describeStatus(-1)).toBe('unknown status (-1)')
    const { crypto } = psaDevice()
    expect(() => valueOf(crypto.attributes(9), 'the key')).toThrow(
      /the key answered INVALID_HANDLE/,
    )
    expect(() => outputOf(crypto.exportKey(9), 'the export')).toThrow(/INVALID_HANDLE \(-136\)/)
    expect(() => requireSuccess(crypto.destroyKey(9), 'destroy')).toThrow(
      /PSA_REFUSED|INVALID_HANDLE/,
    )
    expect(() => requireSuccess(crypto.destroyKey(0), 'destroy')).not.toThrow()
    expect(Location.keyWrapEngine).toBe(0x80_0001)
  })
})
