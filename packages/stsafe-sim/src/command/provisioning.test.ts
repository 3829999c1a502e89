import { fromHex } from '@keyline/bytes'
import {
  aesCmac,
  curveKeyPair,
  curvePublicKey,
  hkdfSha256,
  publicKeyOf,
  sharedSecret,
  signMessage,
  wrapKey,
} from '@keyline/crypto'
import {
  authenticationInput,
  baseKekInfo,
  confirmationInput,
  encodeHostKeyEnvelope,
  encodeKeyEnvelope,
  Form,
  kdfSalt,
  Status,
  symmetricKeyInfo,
  workingKekInfo,
  type AuthenticationBlock,
  type KeyInformation,
  type PublicKeyFlags,
} from '@keyline/stsafe/layout'
import type { SimulatedBus } from '../bus/simulated-bus.ts'
import type { ChipState } from '../nvm/state.ts'
import { describe, expect, it } from 'vitest'
import { chipWith, freshState, hostKeys, slotsWith } from '../testing/chips.ts'
import { ask, send } from '../testing/plain-host.ts'

const curve = 'P-256'
const hostPrivate = fromHex('11'.repeat(32))
const host = { curve, publicKey: publicKeyOf(curve, hostPrivate) } as const
const signerPair = curveKeyPair(curve, fromHex('22'.repeat(32)))
const signerKey = { curve, publicKey: signerPair.publicKey.octets } as const
const noFlags: PublicKeyFlags = {
  changeRight: false,
  establishSymmetricKeys: false,
  startKekSession: false,
  entityAuthentication: false,
  establishHostKey: false,
}
const allFlags: PublicKeyFlags = {
  changeRight: true,
  establishSymmetricKeys: true,
  startKekSession: true,
  entityAuthentication: true,
  establishHostKey: true,
}
const information: KeyInformation = {
  lock: 'unlocked',
  slot: 0,
  type: 'AES-128',
  mode: 'CMAC',
  usage: ['verifyMac', 'generateMac'],
  minMacLength: 2,
}
const key = fromHex('5a'.repeat(16))

/** Slot 0 with these control fields (section 5.1), three octets. */
function control(
  octets: Partial<ChipState['symmetricSlots'][number]['control']['allowed']>,
  signer = 0xff,
) {
  return freshState.symmetricSlots.map((slot) => ({
    ...slot,
    control: {
      allowed: { ...slot.control.allowed, ...octets },
      wrappedSignerSlot: signer,
      establishSignerSlot: signer,
    },
  }))
}

function withSigner(flags: PublicKeyFlags): ChipState['publicKeys'] {
  return freshState.publicKeys.map((slot, index) =>
    index === 1 ? { flags, key: signerKey } : slot,
  )
}

interface Agreed {
  readonly secret: Uint8Array
  readonly device: Uint8Array
  readonly authentication: AuthenticationBlock | undefined
}

/** The chip's half of an agreement, and the proof of slot 1 where it is wanted. */
function agree(bus: SimulatedBus, proof: 'none' | 'right' | 'wrong' = 'none'): Agreed {
  const device = ask(bus, Form.generateEcdheKeyPair, { curve })
  const shared = sharedSecret(
    curveKeyPair(curve, hostPrivate),
    curvePublicKey(curve, device.publicKey),
  )
  const keys = { host, device }
  const message = proof === 'wrong' ? new Uint8Array(1) : authenticationInput(keys)
  const signature = signMessage(signerPair, { message })
  const block = { slot: 1, hash: 'SHA-256' as const, signature }
  return {
    secret: shared.reveal(),
    device: device.publicKey,
    authentication: proof === 'none' ? undefined : block,
  }
}

/** Opens a KEK session and wraps with its first working key. */
function openKek(bus: SimulatedBus, proof: 'none' | 'right' | 'wrong' = 'none') {
  const { secret, device, authentication } = agree(bus, proof)
  const { status } = send(bus, Form.startVolatileKekSession, { host, authentication })
  const info = baseKekInfo({ host, device: { curve, publicKey: device } })
  const base = hkdfSha256({ secret, salt: kdfSalt, info, length: 32 })
  const wrap = (index: number, octets: Uint8Array): Uint8Array => {
    const working = hkdfSha256({
      secret: base,
      salt: kdfSalt,
      info: workingKekInfo(index),
      length: 32,
    })
    return wrapKey({ key: working, octets })
  }
  return { status, wrap }
}

describe('a wrapped key', () => {
  const inside = encodeKeyEnvelope({ information, key })

  it.each([
    ['none', { wrappedAnonymous: true }, 0xff, 0],
    ['none', { wrappedAnonymous: false }, 0xff, Status.commandNotAuthorized],
    ['none', { wrappedAnonymous: false }, 1, Status.commandNotAuthorized],
    ['right', { wrappedAnonymous: false }, 1, 0],
    ['right', { wrappedAnonymous: true }, 2, Status.accessConditionNotSatisfied],
    ['right', { wrappedAnonymous: true }, 0xff, Status.accessConditionNotSatisfied],
  ] as const)(
    'with proof %s, control %o, signer %i is answered %i (D-28, D-32, D-59)',
    (...row) => {
      const [proof, allowed, signer, status] = row
      const bus = chipWith({
        publicKeys: withSigner(allFlags),
        symmetricSlots: control(allowed, signer),
      })
      const kek = openKek(bus, proof)
      expect(kek.status).toBe(0)
      const written = send(bus, Form.writeSymmetricKeyWrapped, { envelope: kek.wrap(1, inside) })
      expect(written.status).toBe(status)
      expect(bus.chip.memory.state.symmetricSlots[0]?.key !== undefined).toBe(status === 0)
    },
  )

  it('is opened with the next working key, also behind an attempt that failed (D-23)', () => {
    const bus = chipWith({ symmetricSlots: control({ wrappedAnonymous: true }) })
    const { wrap } = openKek(bus)
    const write = (envelope: Uint8Array) =>
      send(bus, Form.writeSymmetricKeyWrapped, { envelope }).status
    expect(write(wrap(2, inside))).toBe(Status.commandDecryptionError)
    expect(write(wrap(1, inside))).toBe(Status.commandDecryptionError)
    expect(write(wrap(3, inside))).toBe(0)
  })

  it.each([
    ['without padding', inside.map((octet, index) => (index === 23 ? 0 : octet))],
    ['of a mode that there is not', inside.map((octet, index) => (index === 3 ? 9 : octet))],
  ])('whose content is %s is inconsistent (D-36)', (_, content) => {
    const bus = chipWith({ symmetricSlots: control({ wrappedAnonymous: true }) })
    const { wrap } = openKek(bus)
    const { status } = send(bus, Form.writeSymmetricKeyWrapped, { envelope: wrap(1, content) })
    expect(status).toBe(Status.inconsistentCommandData)
  })

  it('is not written over a locked one (D-30)', () => {
    const locked = slotsWith(['01000001000302', '00'.repeat(16)])[0]
    const symmetricSlots = control({ wrappedAnonymous: true }).map((slot, index) =>
      index === 0 ? { ...slot, key: locked?.key } : slot,
    )
    const bus = chipWith({ symmetricSlots })
    const { wrap } = openKek(bus)
    const envelope = wrap(1, inside)
    expect(send(bus, Form.writeSymmetricKeyWrapped, { envelope }).status).toBe(Status.keyBlocked)
  })
})

describe('a proof', () => {
  it.each([
    ['right', noFlags, Status.wrongKeyUsage],
    ['wrong', allFlags, Status.accessConditionNotSatisfied],
    ['right', allFlags, 0],
  ] as const)('that is %s, with flags %o, is answered %i (D-32)', (proof, flags, status) => {
    const bus = chipWith({ publicKeys: withSigner(flags) })
    expect(openKek(bus, proof).status).toBe(status)
  })

  it('of an empty slot is refused (D-32), and of a slot that there is not', () => {
    const bus = chipWith()
    expect(openKek(bus, 'right').status).toBe(Status.keyNotFound)
    const { authentication } = agree(bus, 'right')
    const elsewhere = authentication && { ...authentication, slot: 4 }
    const request = { host, authentication: elsewhere }
    expect(send(bus, Form.startVolatileKekSession, request).status).toBe(Status.valueOutOfRange)
  })
})

describe('host keys', () => {
  const { allowed } = freshState.hostControl
  const envelopeOf = encodeHostKeyEnvelope(hostKeys)

  it.each([
    ['plaintext', { plaintext: false }, undefined, Status.commandNotAuthorized],
    ['plaintext', { plaintext: true }, undefined, 0],
    ['plaintext', { plaintext: true }, hostKeys, Status.commandNotAuthorized],
    ['plaintext', { plaintext: true, reprovision: true }, hostKeys, 0],
    ['wrapped', { wrappedAnonymous: false }, undefined, Status.commandNotAuthorized],
    ['wrapped', { wrappedAnonymous: true }, undefined, 0],
    ['wrapped', { wrappedAnonymous: true }, hostKeys, Status.commandNotAuthorized],
  ] as const)(
    'by %s with %o over %o are answered %i (D-28, D-29)',
    (way, control, before, status) => {
      const hostControl = { ...freshState.hostControl, allowed: { ...allowed, ...control } }
      const bus = chipWith({ hostControl, hostKeys: before, hostCounter: 9 })
      const answer =
        way === 'plaintext'
          ? send(bus, Form.writeHostKeyPlaintext, hostKeys)
          : send(bus, Form.writeHostKeyWrapped, { envelope: openKek(bus).wrap(1, envelopeOf) })
      expect(answer.status).toBe(status)
      expect(bus.chip.memory.state.hostCounter).toBe(status === 0 ? 0 : 9)
    },
  )

  it('by agreement need the anonymous bit, or the named signer (D-59)', () => {
    const named = { allowed, signerSlot: 1 }
    const bus = chipWith({ hostControl: named, publicKeys: withSigner(allFlags) })
    const request = { host, type: 'AES-256' as const, authentication: agree(bus).authentication }
    expect(send(bus, Form.establishHostKey, request).status).toBe(Status.commandNotAuthorized)
    const { authentication } = agree(bus, 'right')
    expect(send(bus, Form.establishHostKey, { ...request, authentication }).status).toBe(0)
    expect(bus.chip.memory.state.hostKeys?.type).toBe('AES-256')
  })
})

describe('established keys', () => {
  it('are confirmed once, and not at all with a wrong MAC (D-34, D-35)', () => {
    const bus = chipWith({ symmetricSlots: control({ establishAnonymous: true }) })
    const keys = [information]
    const establish = () => {
      const { secret, authentication } = agree(bus)
      expect(send(bus, Form.establishSymmetricKeys, { host, authentication }).status).toBe(0)
      return confirmation(secret, keys)
    }
    const confirm = (mac: Uint8Array) => send(bus, Form.confirmSymmetricKeys, { mac, keys }).status
    const mac = establish()
    expect(confirm(new Uint8Array(8))).toBe(Status.invalidCommandMac)
    expect(confirm(mac)).toBe(Status.sessionError)
    const again = establish()
    expect([confirm(again), confirm(again)]).toEqual([0, Status.sessionError])
  })

  it('are stored all or none', () => {
    const symmetricSlots = control({ establishAnonymous: true }).map((slot, index) =>
      index === 1 ? { ...slot, key: slotsWith(['01000001000302', '00'.repeat(16)])[0]?.key } : slot,
    )
    const bus = chipWith({ symmetricSlots })
    const keys = [information, { ...information, slot: 1 }]
    const { secret, authentication } = agree(bus)
    expect(send(bus, Form.establishSymmetricKeys, { host, authentication }).status).toBe(0)
    const mac = confirmation(secret, keys)
    expect(send(bus, Form.confirmSymmetricKeys, { mac, keys }).status).toBe(Status.keyBlocked)
    expect(bus.chip.memory.state.symmetricSlots[0]?.key).toBeUndefined()
  })
})

describe('a generic public key', () => {
  it('is written once, on its curve, and its flags are updated once (3.7.7, D-31)', () => {
    const bus = chipWith()
    const write = (slot: number, publicKey: Uint8Array) =>
      send(bus, Form.writePublicKey, { slot, key: { curve, publicKey } }).status
    expect(write(0, new Uint8Array(64).fill(1))).toBe(Status.invalidPublicKey)
    expect([write(0, host.publicKey), write(0, host.publicKey)]).toEqual([
      0,
      Status.accessConditionNotSatisfied,
    ])
    expect(write(4, host.publicKey)).toBe(Status.valueOutOfRange)
    const put = () => send(bus, Form.putPublicKeyFlags, { slot: 0, flags: allFlags }).status
    expect([put(), put()]).toEqual([0, Status.accessConditionNotSatisfied])
    const { flags } = ask(bus, Form.queryPublicKeySlot, { slot: 0 })
    expect(flags).toEqual({ ...allFlags, changeRight: false })
  })
})

describe('programming of the command table', () => {
  it('works once each for conditions and flags, and knows its commands', () => {
    const bus = chipWith()
    const access = (code: number) =>
      send(bus, Form.putCommandAccess, [{ code, access: 'host' as const }]).status
    expect(access(0x03)).toBe(Status.valueOutOfRange)
    expect([access(0x0e), access(0x0e)]).toEqual([0, Status.accessConditionNotSatisfied])
    const flags = [{ code: 0x1f09, encryption: { command: true, response: false } }]
    const encrypt = () => send(bus, Form.putCommandEncryption, flags).status
    expect([encrypt(), encrypt()]).toEqual([0, Status.accessConditionNotSatisfied])
    const { changeRights, records } = ask(bus, Form.queryCommandAuthorization, {})
    expect(changeRights).toEqual({ access: false, encryption: false })
    expect(records.find(({ code }) => code === 0x0e)?.access).toBe('host')
    expect(records.find(({ code }) => code === 0x1f09)?.encryption.command).toBe(true)
  })
})

function confirmation(secret: Uint8Array, keys: readonly KeyInformation[]): Uint8Array {
  const input = { secret, salt: kdfSalt, info: symmetricKeyInfo, length: 32 }
  return aesCmac(hkdfSha256(input), confirmationInput(keys)).subarray(0, 8)
}
