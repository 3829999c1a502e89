import { concat, Secret, seededRandom, toHex } from '@keyline/bytes'
import {
  curvePublicKey,
  generateCurveKeyPair,
  hashOf,
  hkdfSha256,
  isWeierstrass,
  sharedSecret,
  signMessage,
  verifyDigest,
  verifyMessage,
} from '@keyline/crypto'
import {
  chipOf,
  makeTestRoot,
  personalise,
  seededRandomness,
  SimulatedBus,
  spl05Profile,
} from '@keyline/stsafe-sim'
import { describe, expect, it } from 'vitest'
import { StsafeError } from '../errors.ts'
import { curves, type CurveName } from '../layout/algorithm.ts'
import type { KeyInformation, KeyUsage } from '../layout/symmetric-key.ts'
import { stNumberOf } from '../provisioning/derived-host-keys.ts'
import type { Stsafe } from '../stsafe.ts'
import { openSimulated } from '../testing/simulated.ts'

const random = seededRandom('services')
const permanent = { permanent: true } as const
const message = random.bytes(100)
const key = new Uint8Array(16).fill(0x5a)

function simulatedBus(): SimulatedBus {
  return new SimulatedBus({
    state: chipOf(spl05Profile),
    randomness: seededRandomness('services'),
  })
}

async function openChip(): Promise<Stsafe> {
  return openSimulated(simulatedBus())
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work
    return 'no error'
  } catch (error) {
    return error instanceof StsafeError ? error.code : String(error)
  }
}

/** A chip that holds this key in slot 0. */
async function chipWithKey(mode: Mode, usage: readonly KeyUsage[]): Promise<Stsafe> {
  const chip = await openChip()
  const control = await chip.symmetricKeys.control(0)
  const allowed = { ...control.allowed, plaintext: true }
  await chip.symmetricKeys.putControl(0, { ...control, allowed })
  const information: KeyInformation = { lock: 'unlocked', slot: 0, usage, ...mode }
  const length = mode.type === 'generic' ? 32 : 16
  await chip.symmetricKeys.write(information, new Secret(new Uint8Array(length).fill(0x5a)))
  return chip
}
type Mode = Pick<KeyInformation, 'type'> & ModeOnly
type ModeOnly =
  | { readonly mode: 'GCM'; readonly tagLength: number }
  | { readonly mode: 'CCM*'; readonly tagLength: number; readonly counterOffset?: number }
  | { readonly mode: 'ECB' }
  | { readonly mode: 'HKDF'; readonly returnable: boolean; readonly keyLength: number }

const signing = (Object.keys(curves) as CurveName[]).filter((name) => curves[name].signature > 0)
const agreeing = (Object.keys(curves) as CurveName[]).filter(
  (name) => curves[name].sharedSecret > 0,
)

describe('key pairs', () => {
  it.each(signing)('on %s sign, and the chip verifies what it and others signed', async (curve) => {
    const chip = await openChip()
    const publicKey = await chip.ecc.generateKeyPair({ slot: 1, curve, usageLimit: 255 })
    const digest = hashOf('SHA-256', message)
    const signature = await chip.ecc.sign({ slot: 1, curve, message: digest })
    const isValid = isWeierstrass(curve)
      ? verifyDigest({ curve, publicKey, digest, signature })
      : verifyMessage(curvePublicKey(curve, publicKey), { message: digest, signature })
    expect(isValid).toBe(true)
    const verification = { curve, publicKey, message: digest, signature }
    expect(await chip.ecc.verify(verification)).toBe(true)
    const changed = Uint8Array.from(signature)
    changed[0] = (changed[0] ?? 0) ^ 1
    expect(await chip.ecc.verify({ ...verification, signature: changed })).toBe(false)
  })

  it.each(agreeing)('on %s agree on a secret with the host', async (curve) => {
    const chip = await openChip()
    const publicKey = await chip.ecc.generateKeyPair({ slot: 0xff, curve, usageLimit: 1 })
    const pair = generateCurveKeyPair(curve, random)
    const input = { slot: 0xff, curve, publicKey: pair.publicKey.octets }
    const secret = await chip.ecc.sharedSecret(input)
    const expected = sharedSecret(pair, curvePublicKey(curve, publicKey)).reveal()
    expect(toHex(secret)).toBe(toHex(expected))
  })

  it('are listed, found by slot, and expanded from X', async () => {
    const chip = await openChip()
    const publicKey = await chip.ecc.generateKeyPair({ slot: 1, curve: 'P-384', usageLimit: 1 })
    expect(await chip.ecc.slot(1)).toMatchObject({ slot: 1, curve: 'P-384' })
    expect(await codeOf(chip.ecc.slot(9))).toBe('STSAFE_KEY_NOT_FOUND')
    const point = (publicKey.at(-1) ?? 0) % 2 === 0 ? 'even' : 'odd'
    const y = await chip.ecc.decompress({ curve: 'P-384', point, x: publicKey.slice(0, 48) })
    expect(y).toEqual(publicKey.slice(48))
  })

  it('of an entity are written once and authenticate by a challenge', async () => {
    const chip = await openChip()
    const pair = generateCurveKeyPair('Ed25519', random)
    await chip.publicKeys.write(
      2,
      { curve: 'Ed25519', publicKey: pair.publicKey.octets },
      permanent,
    )
    const { flags } = await chip.publicKeys.slot(2)
    await chip.publicKeys.setFlags(2, { ...flags, entityAuthentication: true }, permanent)
    expect(await chip.publicKeys.count()).toBe(4)
    const challenge = await chip.ecc.generateChallenge()
    const signature = signMessage(pair, { message: challenge })
    expect(await chip.ecc.verifyEntitySignature({ slot: 2, signature })).toBe(true)
    expect(await codeOf(chip.ecc.verifyEntitySignature({ slot: 2, signature }))).toBe(
      'CHIP_CHALLENGE_MISSING',
    )
    const sign = (message: Uint8Array) => signMessage(pair, { message })
    expect(await chip.authentication.authenticateEntity({ slot: 2, sign })).toBe(true)
    const other = generateCurveKeyPair('Ed25519', random)
    const forge = (message: Uint8Array) => signMessage(other, { message })
    expect(await chip.authentication.authenticateEntity({ slot: 2, sign: forge })).toBe(false)
  })
})

describe('ciphers', () => {
  it('encrypt and decrypt in pieces, and hold the plaintext back until the tag is verified', async () => {
    const usage = ['encrypt', 'decrypt', 'encryptChunks', 'decryptChunks'] as const
    const chip = await chipWithKey({ type: 'AES-128', mode: 'GCM', tagLength: 16 }, usage)
    const aad = message.slice(0, 20)
    const sealing = await chip.cipherStreams.encryptGcm({
      slot: 0,
      aad,
      data: message.slice(0, 30),
      tagLength: 16,
    })
    const middle = await sealing.process({ data: message.slice(30, 60) })
    const { ciphertext, tag } = await sealing.finish({ data: message.slice(60) })
    const whole = concat(sealing.first, middle, ciphertext)
    const iv = sealing.nonce
    const sealed = { slot: 0, iv, aad, ciphertext: whole, tag }
    expect(await chip.ciphers.decryptGcm(sealed)).toEqual(message)

    const open = async (lastTag: Uint8Array): Promise<Uint8Array | undefined> => {
      const opening = await chip.cipherStreams.decryptGcm({
        slot: 0,
        iv,
        aad,
        data: whole.slice(0, 16),
      })
      await opening.process({ data: whole.slice(16, 90) })
      const end = opening.finish({ data: whole.slice(90), tag: lastTag })
      const result = await end
      expect(await codeOf(opening.process({}))).toBe('STSAFE_ARGUMENT')
      return result
    }
    expect(await open(tag)).toEqual(message)
    expect(await open(tag.map((octet) => octet ^ 0x80))).toBeUndefined()
  })

  it('tell the counter of a CCM* key with counter, which makes the nonce', async () => {
    const usage = ['encrypt', 'decrypt', 'encryptChunks', 'decryptChunks'] as const
    const mode = { type: 'AES-128', mode: 'CCM*', tagLength: 8, counterOffset: 9 } as const
    const chip = await chipWithKey(mode, usage)
    const input = { slot: 0, plaintext: message, tagLength: 8 }
    const first = await chip.ciphers.encryptCcm(input)
    const second = await chip.ciphers.encryptCcm(input)
    expect([first.counter, second.counter]).toEqual([1, 2])
    const nonce = Uint8Array.from(second.nonce)
    nonce.set([0, 0, 0, 2], 9)
    expect(await chip.ciphers.decryptCcm({ slot: 0, ...second, nonce })).toEqual(message)

    const totals = { slot: 0, totalAad: 0, totalData: 100 }
    const sealing = await chip.cipherStreams.encryptCcm({ ...totals, data: message, tagLength: 8 })
    expect(sealing.counter).toBe(3)
    const { tag } = await sealing.finish({})
    const used = Uint8Array.from(sealing.nonce)
    used.set([0, 0, 0, 3], 9)
    const opening = await chip.cipherStreams.decryptCcm({
      ...totals,
      nonce: used,
      data: sealing.first,
    })
    expect(await opening.finish({ tag })).toEqual(message)
  })

  it('of whole blocks come back', async () => {
    const chip = await chipWithKey({ type: 'AES-128', mode: 'ECB' }, ['encrypt', 'decrypt'])
    const blocks = message.slice(0, 48)
    expect(await chip.ciphers.decryptEcb(0, await chip.ciphers.encryptEcb(0, blocks))).toEqual(
      blocks,
    )
  })

  it('authenticate without a message', async () => {
    const usage = ['encrypt', 'decrypt'] as const
    const chip = await chipWithKey({ type: 'AES-128', mode: 'GCM', tagLength: 12 }, usage)
    const { iv, tag } = await chip.ciphers.computeGmac({ slot: 0, aad: message, tagLength: 12 })
    expect(iv).toHaveLength(12)
    expect(await chip.ciphers.verifyGmac({ slot: 0, iv, aad: message, tag })).toBe(true)
    expect(await chip.ciphers.verifyGmac({ slot: 0, iv, tag })).toBe(false)
  })

  it('wrap under a key that never leaves the chip', async () => {
    const chip = await openChip()
    await chip.envelopes.generateKey(1, 'AES-256')
    expect(await chip.envelopes.table()).toEqual([
      { slot: 0, presence: 'absent', type: 'AES-128' },
      { slot: 1, presence: 'present', type: 'AES-256' },
    ])
    const wrapped = await chip.envelopes.wrap(1, key)
    expect(await chip.envelopes.unwrap(1, wrapped)).toEqual(key)
  })
})

describe('derivations', () => {
  const master = new Uint8Array(32).fill(0x5a)
  const mode = { type: 'generic', mode: 'HKDF', returnable: true, keyLength: 32 } as const

  it('give the host what HKDF gives', async () => {
    const chip = await chipWithKey(mode, ['derive'])
    const [salt, info] = [message.slice(0, 16), message.slice(16, 40)]
    const expected = hkdfSha256({ secret: master, salt, info, length: 60 })
    expect(await chip.derivation.derive({ input: { slot: 0 }, salt, info }, 60)).toEqual(expected)
    const carried = { input: { key: master }, salt, info }
    expect(await chip.derivation.derive(carried, 60)).toEqual(expected)
    const [first, second] = await chip.derivation.expandMultiple(0, { info, lengths: [16, 32] })
    const stream = await chip.derivation.expand(0, { info, length: 48 })
    expect(concat(first ?? key, second ?? key)).toEqual(stream)
  })

  it('fill slots that are open to derived keys', async () => {
    const chip = await chipWithKey(mode, ['derive'])
    expect(await codeOf(chip.derivation.extract({ slot: 0 }, message))).toBe('CHIP_BOUNDARY')
    const control = await chip.symmetricKeys.control(4)
    const allowed = { ...control.allowed, derived: true }
    await chip.symmetricKeys.putControl(4, { ...control, allowed })
    const information = {
      lock: 'erasable',
      type: 'AES-128',
      mode: 'CMAC',
      usage: ['generateMac'],
      minMacLength: 4,
    } as const
    const derivation = { input: { slot: 0 }, salt: message, info: key }
    expect(await chip.derivation.deriveToSlot(derivation, information)).toBe(4)
    expect(await chip.symmetricKeys.slot(4)).toMatchObject({ mode: 'CMAC', minMacLength: 4 })
    const outputs = Array.from({ length: 33 }, () => ({ to: 'response', length: 1 }) as const)
    const many = { input: { slot: 0 }, expand: { info: key, outputs } }
    expect(await codeOf(chip.derivation.run(many))).toBe('STSAFE_ARGUMENT')
  })
})

describe('digests in pieces', () => {
  it.each(['SHA-256', 'SHA3-512'] as const)('%s is that of the whole', async (algorithm) => {
    const chip = await openChip()
    await chip.hashes.start(algorithm, message.slice(0, 40))
    await chip.hashes.process(message.slice(40, 80))
    expect(await chip.hashes.finish(algorithm, message.slice(80))).toEqual(
      hashOf(algorithm, message),
    )
    const long = random.bytes(3000)
    expect(await chip.hashes.compute(algorithm, long)).toEqual(hashOf(algorithm, long))
    expect(await codeOf(chip.hashes.start('SHA-224', message))).toBe('CHIP_VALUE_RANGE')
  })
})

describe('zones', () => {
  it('keep what was written, in pieces and at once', async () => {
    const chip = await openChip()
    await chip.zones.update({ zone: 9, offset: 100, data: message }, { atomic: true })
    const range = { zone: 9, offset: 100, length: 100 }
    expect(await chip.zones.read(range)).toEqual(message)
    expect(await chip.zones.read(range, { chunkSize: 7 })).toEqual(message)
    const counted = { zone: 5, offset: 0, length: 64 }
    await chip.zones.decrement({ zone: 5, offset: 0, data: message.slice(0, 64), amount: 7 })
    const { counter, data } = await chip.zones.readCounter(counted, { chunkSize: 10 })
    expect(counter).toBe(0xffff_fff8)
    expect(data).toEqual(message.slice(0, 64))
    expect(await chip.zones.table()).toHaveLength(12)
  })

  it('refuse locally what no frame holds', async () => {
    const chip = await openChip()
    const range = { zone: 9, offset: 0, length: 752 }
    expect(await codeOf(chip.zones.read(range))).toBe('STSAFE_FRAME_SIZE')
    const data = new Uint8Array(752)
    expect(await codeOf(chip.zones.update({ zone: 9, offset: 0, data }))).toBe('STSAFE_FRAME_SIZE')
    const full = { zone: 9, offset: 0, data: data.slice(4) }
    expect(await codeOf(chip.zones.update(full))).toBe('STSAFE_FRAME_SIZE')
  })

  it('become stricter by a change that carries data', async () => {
    const chip = await openChip()
    const change = { access: 'never', changeRight: false } as const
    await chip.zones.changeUpdateAccess({ zone: 2, offset: 0, data: key, change }, permanent)
    expect(await codeOf(chip.zones.update({ zone: 2, offset: 0, data: key }))).toBe(
      'CHIP_ACCESS_DENIED',
    )
    const input = { zone: 6, offset: 0, data: key, amount: 1, change }
    expect(await chip.zones.changeDecrementAccess(input, permanent)).toBe(0xffff_fffe)
    expect(await codeOf(chip.zones.decrement(input))).toBe('CHIP_ACCESS_DENIED')
  })
})

describe('the part', () => {
  it('locks and unlocks with its password, and counts wrong ones', async () => {
    const chip = await openChip()
    await chip.device.putPassword(key, { maxTries: 3 })
    expect(await codeOf(chip.device.lock(new Uint8Array(16)))).toBe('STSAFE_ARGUMENT')
    await chip.device.lock(key)
    expect(await chip.device.lifeCycleState()).toBe('operational-locked')
    expect(await codeOf(chip.device.random(4))).toBe('CHIP_LIFE_CYCLE')
    await chip.device.unlock(key)
    expect(await chip.device.lifeCycleState()).toBe('operational')
    await chip.device.deletePassword()
    expect(await codeOf(chip.device.verifyPassword(key))).toBe('CHIP_KEY_NOT_FOUND')
  })

  it('moves to another address, and does not hibernate unless told to', async () => {
    const chip = await openChip()
    const parameters = {
      address: { address: 0x33 },
      power: { locked: false, lowPower: 'none', idle: 0 },
    } as const
    await chip.device.putI2cParameters(parameters)
    expect(await chip.device.i2cParameters()).toEqual(parameters)
    expect(await codeOf(chip.device.hibernate('reset'))).toBe('STSAFE_INCOMPATIBLE')
    await chip.device.hibernate('reset', { onAnyPart: true })
    await chip.restart('power-cycle')
    await chip.close()
  })

  it('proves that it is the one of its certificate', async () => {
    const root = await makeTestRoot(seededRandom('root'))
    const state = await personalise(chipOf(spl05Profile), { root, random })
    const bus = new SimulatedBus({ state, randomness: seededRandomness('services') })
    const chip = await openSimulated(bus)
    const trust = { root: root.certificate }
    const { serialNumber } = await chip.authentication.authenticate(trust)
    expect(serialNumber).toEqual(await chip.authentication.deviceId())
    expect(stNumberOf(await chip.device.productData())).toEqual(serialNumber.slice(0, 9))
    expect(await codeOf(chip.authentication.authenticate())).toBe('STSAFE_CERTIFICATE_ISSUER')
    const other = await makeTestRoot(seededRandom('other root'))
    expect(await codeOf(chip.authentication.authenticate({ root: other.certificate }))).toBe(
      'STSAFE_CERTIFICATE_SIGNATURE',
    )
    const size = await chip.authentication.certificateSize()
    const leaf = await chip.authentication.certificate(0, size)
    expect(await codeOf(chip.authentication.authenticate({ root: leaf }))).toBe(
      'STSAFE_CERTIFICATE',
    )
    expect(await codeOf(chip.authentication.authenticate({ ...trust, zone: 1 }))).toBe(
      'STSAFE_CERTIFICATE',
    )
    await chip.ecc.generateKeyPair({ slot: 1, curve: 'P-256', usageLimit: 255 })
    expect(await codeOf(chip.authentication.authenticate({ ...trust, slot: 1 }))).toBe(
      'STSAFE_CHALLENGE_SIGNATURE',
    )
  })
})
