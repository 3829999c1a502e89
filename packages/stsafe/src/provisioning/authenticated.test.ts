import { Secret } from '@keyline/bytes'
import { curveKeyPair, hkdfSha256, signMessage } from '@keyline/crypto'
import { chipOf, seededRandomness, SimulatedBus, spl05Profile } from '@keyline/stsafe-sim'
import { describe, expect, it } from 'vitest'
import { StsafeError } from '../errors.ts'
import { curves, type CurveName } from '../layout/algorithm.ts'
import type { KeyInformation } from '../layout/symmetric-key.ts'
import type { Stsafe } from '../stsafe.ts'
import { openSimulated } from '../testing/simulated.ts'
import type { Authenticator } from './agreement.ts'
import { deriveHostKeys, stNumberOf, type MasterKey } from './derived-host-keys.ts'

const permanent = { permanent: true } as const
const message = new Uint8Array(100).fill(0xa5)
const key = new Uint8Array(16).fill(0x5a)

async function openChip(): Promise<Stsafe> {
  const randomness = seededRandomness('authenticated')
  return openSimulated(new SimulatedBus({ state: chipOf(spl05Profile), randomness }))
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work
    return 'no error'
  } catch (error) {
    return error instanceof StsafeError ? error.code : String(error)
  }
}

/** Somebody whose key stands in slot 3 of the chip, with every right. */
async function entityOn(
  chip: Stsafe,
  curve: CurveName,
  hash: 'SHA-256' | 'SHA-512',
): Promise<Authenticator> {
  if (curve === 'X25519') throw new TypeError('X25519 signs nothing')
  const scalar = new Uint8Array(curves[curve].privateKey).fill(0x11)
  scalar[0] = 0
  const pair = curveKeyPair(curve, scalar)
  await chip.publicKeys.write(3, { curve, publicKey: pair.publicKey.octets }, permanent)
  const flags = {
    changeRight: false,
    establishSymmetricKeys: true,
    startKekSession: true,
    entityAuthentication: true,
    establishHostKey: true,
  }
  await chip.publicKeys.setFlags(3, flags, permanent)
  const announced = curve === 'Ed25519' ? undefined : hash
  return {
    slot: 3,
    hash: announced,
    sign: (text) => signMessage(pair, { message: text, hash: announced }),
  }
}

describe('authenticated provisioning', () => {
  it.each([
    ['P-384', 'SHA-512'],
    ['Ed25519', 'SHA-256'],
    ['brainpoolP512r1', 'SHA-512'],
  ] as const)('by a key on %s fills slots that demand it', async (curve, hash) => {
    const chip = await openChip()
    const authenticator = await entityOn(chip, curve, hash)
    const control = await chip.symmetricKeys.control(1)
    const demanded = { ...control, wrappedSignerSlot: 3, establishSignerSlot: 3 }
    await chip.symmetricKeys.putControl(1, demanded)
    const information: KeyInformation = {
      lock: 'unlocked',
      slot: 1,
      type: 'AES-128',
      mode: 'CMAC',
      usage: ['generateMac', 'verifyMac'],
      minMacLength: 4,
    }
    const wrapped = { curve: 'P-521', authenticator } as const
    await chip.symmetricKeys.writeWrapped(information, new Secret(key.slice()), wrapped)
    const anonymous = chip.symmetricKeys.writeWrapped(information, new Secret(key.slice()), {
      curve: 'P-256',
    })
    expect(await codeOf(anonymous)).toBe('CHIP_NOT_AUTHORIZED')
    const [established] = await chip.symmetricKeys.establish([information], wrapped)
    const mac = await chip.macs.compute({ slot: 1, message, length: 16 })
    expect(established?.length).toBe(16)
    expect(await chip.macs.verify({ slot: 1, message, mac })).toBe(true)
    await chip.symmetricKeys.erase(1, permanent)
    expect(await chip.symmetricKeys.slot(1)).toBeUndefined()
    expect(await codeOf(chip.symmetricKeys.slot(16))).toBe('STSAFE_ARGUMENT')
  })

  it('writes and establishes host keys, and asks the slot of the signer first', async () => {
    const chip = await openChip()
    const stranger = { slot: 3, hash: 'SHA-256', sign: () => new Uint8Array(64) } as const
    const unknown = { curve: 'P-256', authenticator: stranger } as const
    expect(await codeOf(chip.hostKeys.establish('AES-128', unknown))).toBe('STSAFE_KEY_NOT_FOUND')
    const authenticator = await entityOn(chip, 'P-256', 'SHA-256')
    const control = await chip.hostKeys.control()
    const allowed = { ...control.allowed, reprovision: true }
    await chip.hostKeys.putControl({ ...control, allowed, signerSlot: 3 })
    const options = { curve: 'brainpoolP384r1', authenticator } as const
    const established = await chip.hostKeys.establish('AES-256', options)
    expect(await chip.hostKeys.prove(established)).toBe(true)

    const master: MasterKey = {
      derive: (info, length) => {
        const input = { secret: key, salt: new Uint8Array(), info, length }
        return new Secret(hkdfSha256(input))
      },
    }
    const stNumber = stNumberOf(await chip.device.productData())
    const derived = await deriveHostKeys(master, stNumber, 'AES-256')
    await chip.hostKeys.provisionWrapped(derived, options)
    expect(await chip.hostKeys.prove(derived)).toBe(true)
    const short: MasterKey = { derive: () => new Secret(new Uint8Array(3)) }
    expect(await codeOf(deriveHostKeys(short, stNumber, 'AES-128'))).toBe('STSAFE_ARGUMENT')
    expect(() => stNumberOf([])).toThrow(expect.objectContaining({ code: 'STSAFE_ARGUMENT' }))
  })
})
