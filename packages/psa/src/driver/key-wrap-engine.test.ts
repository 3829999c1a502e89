import { constants, createPrivateKey, createPublicKey, publicEncrypt, verify } from 'node:crypto'
import { concat, seededRandom, toHex } from '@keyline/bytes'
import { generateCurveKeyPair, sha256, sharedSecretOf } from '@keyline/crypto'
import { describe, expect, it } from 'vitest'
import {
  psaDevice,
  wrappedSigningKey,
  type PsaDevice,
  type PsaDeviceOptions,
} from '../../../../test/support/vectors/psa-device.ts'
import { Algorithm } from '../key/algorithm.ts'
import type { KeyAttributes } from '../key/attributes.ts'
import { decodeKeyFile, encodeKeyFile } from '../key/key-file.ts'
import { Lifetime } from '../key/lifetime.ts'
import { KeyType } from '../key/type.ts'
import { Usage } from '../key/usage.ts'
import { encodeContainer } from '../rsse/container.ts'
import { PsaStatus } from '../status/status.ts'
import { rsaKeys } from '../testing/rsa-keys.ts'

const { hardwareFailure, invalidArgument, notSupported, success } = PsaStatus
const hash = sha256(new TextEncoder().encode('token'))
const rsaPolicies = {
  pkcs1: 0x0600_0209,
  pss: 0x0600_0309,
  oaep: 0x0700_0309,
} as const

function wrapped(change: Partial<KeyAttributes>): KeyAttributes {
  return { ...wrappedSigningKey, bits: 0, ...change }
}

function rsa(algorithm: number): KeyAttributes {
  const usage = algorithm === rsaPolicies.oaep ? Usage.decrypt : Usage.signHash
  return wrapped({ type: KeyType.rsaPair, algorithm, usage })
}

/** Changes the stored key buffer of a key. */
function change(device: PsaDevice, id: number, act: (data: Uint8Array) => Uint8Array): void {
  const stored = device.storage.get(id)
  const file = stored.status === 0 ? decodeKeyFile(stored.value) : stored
  if (file.status !== 0) throw new TypeError(`no key file: ${file.status}`)
  const { attributes, data } = file.value
  device.storage.set(id, encodeKeyFile({ attributes, data: act(data) }))
  device.crypto.purgeKey(id)
}

function flip(at: number): (data: Uint8Array) => Uint8Array {
  return (data) => data.with(at < 0 ? data.length + at : at, (data.at(at) ?? 0) ^ 0x04)
}

function sign(device: PsaDevice, algorithm: number, digest = hash) {
  const { status, buffer, length } = device.crypto.signHash({ key: 1, algorithm, hash: digest })
  return { status, signature: buffer.subarray(0, length) }
}

function decrypt(device: PsaDevice, input: Uint8Array, label?: Uint8Array) {
  const request = { key: 1, algorithm: rsaPolicies.oaep, input, label }
  const { status, buffer, length } = device.crypto.asymmetricDecrypt(request)
  return { status, message: toHex(buffer.subarray(0, length)) }
}

describe.each([2048, 4096] as const)('a wrapped RSA key of %i bits', (bits) => {
  const der = rsaKeys[bits]
  const publicKey = createPublicKey(
    createPrivateKey({ key: Buffer.from(der), format: 'der', type: 'pkcs1' }),
  )

  const sealed = (oaepLabel?: Uint8Array): Uint8Array =>
    publicEncrypt(
      {
        key: publicKey,
        oaepHash: 'sha256',
        padding: constants.RSA_PKCS1_OAEP_PADDING,
        ...(oaepLabel === undefined ? {} : { oaepLabel: Buffer.from(oaepLabel) }),
      },
      Uint8Array.of(1, 2, 3),
    )

  it('signs with PKCS#1 v1.5 and PSS so that node verifies it, and is stored as the layout says', () => {
    for (const [policy, padding] of [
      [rsaPolicies.pkcs1, constants.RSA_PKCS1_PADDING],
      [rsaPolicies.pss, constants.RSA_PKCS1_PSS_PADDING],
    ] as const) {
      const device = psaDevice()
      expect(device.crypto.importKey({ attributes: rsa(policy), data: der }).status).toBe(success)
      expect(device.storage.info(1)).toMatchObject({ value: { size: 36 + 32 + (3 * bits) / 8 } })
      const { status, signature } = sign(device, policy)
      expect([status, signature.length]).toEqual([success, bits / 8])
      const message = new TextEncoder().encode('token')
      const key = { key: publicKey, padding, saltLength: 32 }
      expect(verify('sha256', message, key, signature)).toBe(true)
    }
  })

  it('decrypts OAEP with and without a label, and tells nothing of what was wrong', () => {
    const device = psaDevice()
    device.crypto.importKey({ attributes: rsa(rsaPolicies.oaep), data: der })
    const label = new TextEncoder().encode('label')
    expect(decrypt(device, sealed())).toEqual({ status: success, message: '010203' })
    if (bits === 4096) return
    expect(decrypt(device, sealed(label), label)).toEqual({ status: success, message: '010203' })
    const refused = { status: hardwareFailure, message: '' }
    expect(decrypt(device, sealed(label))).toEqual(refused)
    expect(decrypt(device, flip(9)(sealed()))).toEqual(refused)
    expect(decrypt(device, sealed().subarray(1))).toEqual(refused)
    expect(decrypt(device, new Uint8Array(bits / 8).fill(0xff))).toEqual(refused)
    for (const at of [20, 40, 32 + bits / 8, -1]) {
      const damaged = psaDevice()
      damaged.crypto.importKey({ attributes: rsa(rsaPolicies.oaep), data: der })
      change(damaged, 1, flip(at))
      expect(decrypt(damaged, sealed())).toEqual(refused)
    }
    const small = device.crypto.asymmetricDecrypt({
      key: 1,
      algorithm: rsaPolicies.oaep,
      input: sealed(),
      size: 2,
    })
    expect(small).toMatchObject({ status: PsaStatus.bufferTooSmall, length: 0 })
  })
})

const importInto = (attributes: KeyAttributes, data: Uint8Array): number =>
  psaDevice().crypto.importKey({ attributes, data }).status

describe('the import of an RSA key', () => {
  it('keeps to the sizes, the policies and keys whose numbers belong together', () => {
    const good = rsaKeys[2048]
    expect(importInto({ ...rsa(rsaPolicies.pss), bits: 2048 }, good)).toBe(success)
    expect(importInto({ ...rsa(rsaPolicies.pss), bits: 3072 }, good)).toBe(invalidArgument)
    expect(importInto(rsa(rsaPolicies.pss), rsaKeys[1024])).toBe(notSupported)
    expect(importInto(rsa(Algorithm.ecdsaSha256), good)).toBe(notSupported)
    expect(importInto(rsa(0x0600_0200), good)).toBe(notSupported)
    expect(importInto(rsa(0x0600_02ff), good)).toBe(success)
    expect(importInto(rsa(rsaPolicies.pkcs1), concat(good, Uint8Array.of(0)))).toBe(invalidArgument)
    expect(importInto(rsa(rsaPolicies.pkcs1), good.subarray(0, -1))).toBe(invalidArgument)
    expect(importInto(rsa(rsaPolicies.pkcs1), new Uint8Array(64))).toBe(invalidArgument)
    for (const at of [30, 300, 600, 700, 900, -20]) {
      expect(importInto(rsa(rsaPolicies.pkcs1), flip(at)(good)), `octet ${at}`).toBe(
        invalidArgument,
      )
    }
    expect(importInto({ ...rsa(rsaPolicies.pss), id: 0x3f00_0001 }, good)).toBe(notSupported)
    const generated = psaDevice().crypto.generateKey({ ...rsa(rsaPolicies.pss), bits: 2048 })
    expect(generated.status).toBe(notSupported)
  })

  it('leaves no public key behind, and permits what its policy says', () => {
    const device = psaDevice()
    device.crypto.importKey({ attributes: rsa(rsaPolicies.pss), data: rsaKeys[2048] })
    expect(device.crypto.exportPublicKey(1).status).toBe(notSupported)
    expect(sign(device, rsaPolicies.pkcs1).status).toBe(PsaStatus.notPermitted)
    expect(sign(device, rsaPolicies.pss, new Uint8Array(31)).status).toBe(invalidArgument)
    const small = { key: 1, algorithm: rsaPolicies.pss, hash, size: 255 }
    expect(device.crypto.signHash(small)).toMatchObject({ status: PsaStatus.bufferTooSmall })
  })
})

describe('the import of an elliptic key', () => {
  const scalar = new Uint8Array(32).fill(0x42)
  it.each<[string, Partial<KeyAttributes>, Uint8Array, number]>([
    ['a good scalar', {}, scalar, success],
    ['a good scalar of P-384', {}, new Uint8Array(48).fill(0x42), success],
    ['a scalar of 0', {}, new Uint8Array(32), invalidArgument],
    ['a scalar above n', {}, new Uint8Array(32).fill(0xff), invalidArgument],
    ['31 octets', {}, scalar.subarray(1), invalidArgument],
    ['31 octets for 256 bits', { bits: 256 }, scalar.subarray(1), invalidArgument],
    ['a policy of no elliptic algorithm', { algorithm: Algorithm.gcm }, scalar, notSupported],
    ['a combined agreement', { algorithm: 0x0902_0109 }, scalar, success],
    ['a size of no curve', { bits: 255 }, scalar, invalidArgument],
    ['P-192', { bits: 192 }, new Uint8Array(24).fill(1), notSupported],
    ['P-224', { bits: 224 }, new Uint8Array(28).fill(1), notSupported],
    ['P-521', { bits: 521 }, new Uint8Array(66).fill(1), notSupported],
    ['brainpoolP320r1', { type: 0x7130, bits: 320 }, new Uint8Array(40).fill(1), notSupported],
    ['brainpoolP256r1', { type: 0x7130 }, scalar, notSupported],
    ['secp256k1', { type: 0x7117 }, scalar, notSupported],
    ['X25519', { type: 0x7141, bits: 255 }, scalar, notSupported],
    ['a public key', { type: 0x4112 }, scalar, notSupported],
    ['raw data', { type: 0x1001 }, scalar, notSupported],
    ['an HMAC key', { type: 0x1100 }, scalar, notSupported],
  ])('of %s', (_, attributes, data, status) => {
    const { crypto } = psaDevice()
    const result = crypto.importKey({ attributes: wrapped(attributes), data })
    expect(result.status).toBe(status)
    expect(crypto.attributes(1).status).toBe(status === success ? success : PsaStatus.invalidHandle)
  })
})

describe('a wrapped key for ECDH', () => {
  const attributes = wrapped({ bits: 256, usage: Usage.derive, algorithm: Algorithm.ecdh })
  const peer = generateCurveKeyPair('P-256', seededRandom('peer'))
  const peerKey = concat(Uint8Array.of(4), peer.publicKey.octets)

  it('agrees with the other side', () => {
    const { crypto } = psaDevice()
    const privateKey = new Uint8Array(32).fill(0x17)
    crypto.importKey({ attributes, data: privateKey })
    const agreed = crypto.rawKeyAgreement({ key: 1, algorithm: Algorithm.ecdh, peerKey, size: 32 })
    const expected = sharedSecretOf('P-256', { privateKey, publicKey: peer.publicKey.octets })
    expect(agreed).toEqual({ status: success, buffer: expected, length: 32 })
  })

  it('refuses what is no point, and leaves random octets on failure', () => {
    const device = psaDevice()
    device.crypto.generateKey(attributes)
    const agree = (point: Uint8Array) =>
      device.crypto.rawKeyAgreement({ key: 1, algorithm: Algorithm.ecdh, peerKey: point, size: 40 })
    for (const point of [
      peerKey.subarray(1),
      peerKey.subarray(0, 64),
      peerKey.with(0, 2),
      peerKey.with(64, (peerKey[64] ?? 0) ^ 1),
      new Uint8Array(0),
    ]) {
      expect(agree(point).status).toBe(invalidArgument)
    }
    change(device, 1, flip(40))
    const [one, two] = [agree(peerKey), agree(peerKey)]
    expect(one).toMatchObject({ status: hardwareFailure, length: 40 })
    expect(one.buffer).not.toEqual(two.buffer)
  })

  it('neither signs nor shows a public key', () => {
    const { crypto } = psaDevice()
    crypto.generateKey(attributes)
    expect(crypto.exportPublicKey(1).status).toBe(hardwareFailure)
    expect(crypto.signHash({ key: 1, algorithm: Algorithm.ecdsaSha256, hash }).status).toBe(
      PsaStatus.notPermitted,
    )
  })
})

const local = (attributes: KeyAttributes): KeyAttributes => ({
  ...attributes,
  id: 2,
  lifetime: Lifetime.persistent,
})

describe.each(['cbc', 'ecb'] as const)('a wrapped AES key in %s mode', (symmetricWrapping) => {
  const options: PsaDeviceOptions = { engine: { symmetricWrapping } }

  it('does what the same key does in the clear', () => {
    const data = new Uint8Array(32).fill(0x3c)
    for (const algorithm of [Algorithm.ecb, Algorithm.cbc, Algorithm.gcm, Algorithm.ccm]) {
      const { crypto } = psaDevice(options)
      const usage = Usage.encrypt | Usage.decrypt
      const attributes = wrapped({ type: KeyType.aes, usage, algorithm })
      expect(crypto.importKey({ attributes, data }).status).toBe(success)
      expect(crypto.importKey({ attributes: local(attributes), data }).status).toBe(success)
      const input = new Uint8Array(48).fill(0x77)
      const isAead = algorithm === Algorithm.gcm || algorithm === Algorithm.ccm
      const context = { nonce: new Uint8Array(12).fill(1), associatedData: Uint8Array.of(9) }
      const run = (key: number, direction: 'encrypt' | 'decrypt', octets: Uint8Array) => {
        const request = { key, algorithm, input: octets, ...context }
        const output = isAead
          ? crypto[direction === 'encrypt' ? 'aeadEncrypt' : 'aeadDecrypt'](request)
          : crypto[direction === 'encrypt' ? 'cipherEncrypt' : 'cipherDecrypt'](request)
        expect(output.status).toBe(success)
        return output.buffer.subarray(0, output.length)
      }
      expect(run(2, 'decrypt', run(1, 'encrypt', input))).toEqual(input)
      expect(run(1, 'decrypt', run(2, 'encrypt', input))).toEqual(input)
    }
  })

  it('opens to another key after a change, and is damaged with another length', () => {
    const device = psaDevice(options)
    const usage = Usage.encrypt
    const attributes = wrapped({ type: KeyType.aes, usage, algorithm: Algorithm.ecb })
    device.crypto.importKey({ attributes, data: new Uint8Array(16).fill(5) })
    const run = () =>
      device.crypto.cipherEncrypt({ key: 1, algorithm: Algorithm.ecb, input: new Uint8Array(16) })
    const before = run()
    change(device, 1, flip(-1))
    const after = run()
    expect([before.status, after.status]).toEqual([success, success])
    expect(after.buffer).not.toEqual(before.buffer)
    change(device, 1, (data) => data.subarray(1))
    expect(run().status).toBe(PsaStatus.dataCorrupt)
  })

  const attempt = (length: number, algorithm: number): number =>
    psaDevice(options).crypto.importKey({
      attributes: wrapped({ type: KeyType.aes, usage: Usage.encrypt, algorithm }),
      data: new Uint8Array(length),
    }).status

  it('takes 16 and 32 octets, and the four algorithms', () => {
    expect([16, 24, 32, 33].map((length) => attempt(length, Algorithm.gcm))).toEqual([
      success,
      hardwareFailure,
      success,
      hardwareFailure,
    ])
    expect(attempt(16, Algorithm.none)).toBe(notSupported)
    expect(attempt(16, Algorithm.hmacSha256)).toBe(notSupported)
  })
})

describe('with the quirks of the ST driver', () => {
  it('signing and AEAD hand the status of the engine through, other calls do not', () => {
    const device = psaDevice({ engine: { stCompat: true } })
    device.crypto.generateKey(wrapped({ bits: 256 }))
    change(device, 1, flip(40))
    expect(sign(device, Algorithm.ecdsaSha256).status).toBe(1)
    expect(device.crypto.exportPublicKey(1).status).toBe(hardwareFailure)
    const aes = wrapped({
      id: 2,
      type: KeyType.aes,
      usage: Usage.decrypt,
      algorithm: Algorithm.gcm,
    })
    device.crypto.importKey({ attributes: aes, data: new Uint8Array(16) })
    const context = { nonce: new Uint8Array(12), associatedData: new Uint8Array() }
    const input = new Uint8Array(32)
    const opened = device.crypto.aeadDecrypt({
      key: 2,
      algorithm: Algorithm.gcm,
      input,
      ...context,
    })
    expect(opened.status).toBe(1)
    const rsaDevice = psaDevice({ engine: { stCompat: true } })
    rsaDevice.crypto.importKey({ attributes: rsa(rsaPolicies.pss), data: rsaKeys[2048] })
    change(rsaDevice, 1, flip(40))
    expect(sign(rsaDevice, rsaPolicies.pss).status).toBe(1)
  })
})

describe('the import of a container', () => {
  const wrappedKey = new Uint8Array(32).fill(7)
  const iv = concat(Uint8Array.of(2, 0, 0, 0), new Uint8Array(12))
  const container = encodeContainer({ keyKind: 'FU', iv, tag: new Uint8Array(16), wrappedKey })
  const attributes = { ...wrappedSigningKey, id: 0x3f00_0000 }

  it('with verification at once refuses what does not open, and keeps nothing', () => {
    const lax = psaDevice()
    expect(lax.crypto.importKey({ attributes, data: container }).status).toBe(success)
    const { crypto } = psaDevice({ engine: { verifyOnImport: true } })
    expect(crypto.importKey({ attributes, data: container }).status).toBe(hardwareFailure)
    expect(crypto.attributes(attributes.id).status).toBe(PsaStatus.invalidHandle)
    expect(crypto.generateKey(wrappedSigningKey).status).toBe(success)
    const ecdh = wrapped({ id: 5, bits: 256, usage: Usage.derive, algorithm: Algorithm.ecdh })
    expect(crypto.generateKey(ecdh).status).toBe(success)
  })

  it('looks at size field, check word and counter', () => {
    const { crypto } = psaDevice()
    for (const at of [0x04, 0x4c, 0x60]) {
      expect(crypto.importKey({ attributes, data: flip(at)(container) }).status).toBe(
        invalidArgument,
      )
    }
    const other = encodeContainer({
      keyKind: 'FU',
      iv: iv.with(0, 3),
      tag: new Uint8Array(16),
      wrappedKey,
    })
    expect(crypto.importKey({ attributes, data: other }).status).toBe(invalidArgument)
    expect(
      crypto.importKey({ attributes: { ...attributes, bits: 0 }, data: container }).status,
    ).toBe(invalidArgument)
  })
})
