import { BytesError, equalSecret } from '@keyline/bytes'
import {
  aesCmac,
  curvePublicKey,
  hashOf,
  hkdfSha256,
  isWeierstrass,
  unwrapKey,
  verifyDigest,
  verifyMessage,
} from '@keyline/crypto'
import {
  authenticationInput,
  baseKekInfo,
  confirmationInput,
  confirmationKeyLength,
  confirmationMacLength,
  curves,
  decodeHostKeyEnvelope,
  decodeKeyEnvelope,
  establishedLength,
  Form,
  hostKeyInfo,
  hostKeyLength,
  kdfSalt,
  kekLength,
  keyLengthOf,
  Status,
  symmetricKeyInfo,
  workingKekInfo,
  type AuthenticationBlock,
  type CurvePublicKey,
  type EphemeralKeys,
  type KeyInformation,
  type KeyWithInformation,
  type PublicKeyFlags,
} from '@keyline/stsafe/layout'
import type { Signer } from '../nvm/volatile.ts'
import { agreed, demandOnCurve, ephemeralKeysOf, publicKeySlot } from './asymmetric.ts'
import type { Context } from './context.ts'
import { serviced } from './hash.ts'
import {
  demandAgreedHostKeys,
  demandPlaintextHostKeys,
  replaceHostKeys,
} from './host-key-control.ts'
import { demand, present, Refusal } from './refusal.ts'
import { service, type Service } from './service.ts'
import { demandSound, putSymmetricKey } from './symmetric-slot.ts'

/** Section 5. */
export const provisioningServices: readonly Service[] = [
  service(Form.startVolatileKekSession, (context, { host, authentication }) => {
    const { secret, keys, signer } = agreement(context, host, authentication, 'startKekSession')
    const base = derived(secret, baseKekInfo(keys), kekLength)
    context.volatile.kek = { base, index: 0, signer }
    return {}
  }),
  service(Form.stopVolatileKekSession, ({ volatile }) => {
    present(volatile.kek, Status.sessionError)
    volatile.kek = undefined
    return {}
  }),
  service(Form.writeHostKeyPlaintext, (context, keys) => {
    demandPlaintextHostKeys(context)
    replaceHostKeys(context, keys)
    return {}
  }),
  service(Form.writeHostKeyWrapped, (context, { envelope }) => {
    const { signer } = present(context.volatile.kek, Status.sessionError)
    demandAgreedHostKeys(context, signer)
    const inside = unwrapped(context, envelope)
    const keys = envelopeContent(() => decodeHostKeyEnvelope(inside))
    replaceHostKeys(context, keys)
    return {}
  }),
  service(Form.writeSymmetricKeyPlaintext, (context, key) => {
    demandSlot(context, key.information)
    demand(controlOf(context, key.information).allowed.plaintext, Status.commandNotAuthorized)
    writeKey(context, key)
    return {}
  }),
  service(Form.writeSymmetricKeyWrapped, (context, { envelope }) => {
    const { signer } = present(context.volatile.kek, Status.sessionError)
    const inside = unwrapped(context, envelope)
    const key = envelopeContent(() => decodeKeyEnvelope(inside))
    demandSlot(context, key.information)
    const { allowed, wrappedSignerSlot } = controlOf(context, key.information)
    demandSigner(signer, allowed.wrappedAnonymous, wrappedSignerSlot)
    writeKey(context, key)
    return {}
  }),
  service(Form.establishSymmetricKeys, (context, { host, authentication }) => {
    const { secret, signer } = agreement(context, host, authentication, 'establishSymmetricKeys')
    context.volatile.established = { secret, signer }
    return {}
  }),
  service(Form.confirmSymmetricKeys, (context, { mac, keys }) => {
    const { secret, signer } = present(context.volatile.established, Status.sessionError)
    context.volatile.established = undefined
    demand(keys.length > 0, Status.inconsistentCommandData)
    for (const key of keys) demandSlot(context, key)
    for (const key of keys) {
      const { allowed, establishSignerSlot } = controlOf(context, key)
      demandSigner(signer, allowed.establishAnonymous, establishSignerSlot)
    }
    const stream = derived(secret, symmetricKeyInfo, establishedLength(keys))
    const expected = aesCmac(stream.subarray(0, confirmationKeyLength), confirmationInput(keys))
    const isConfirmed = equalSecret(mac, expected.subarray(0, confirmationMacLength))
    demand(isConfirmed, Status.invalidCommandMac)
    let offset = confirmationKeyLength
    for (const information of keys) {
      const end = offset + keyLengthOf(information)
      writeKey(context, { information, key: stream.slice(offset, end) })
      offset = end
    }
    return {}
  }),
  service(Form.establishHostKey, (context, { host, type, authentication }) => {
    demandAgreedHostKeys(context, authentication?.slot)
    const { secret, keys } = agreement(context, host, authentication, 'establishHostKey')
    const length = hostKeyLength[type]
    const stream = derived(secret, hostKeyInfo(keys), 2 * length)
    const [macKey, cipherKey] = [stream.subarray(0, length), stream.subarray(length)]
    replaceHostKeys(context, { type, macKey, cipherKey })
    return {}
  }),
]

interface Agreement {
  readonly secret: Uint8Array
  readonly keys: EphemeralKeys
  readonly signer: Signer
}

/** Uses up the ephemeral key of the chip. @throws Refusal */
function agreement(
  context: Context,
  host: CurvePublicKey,
  authentication: AuthenticationBlock | undefined,
  flag: keyof PublicKeyFlags,
): Agreement {
  const { volatile } = context
  const ecdhe = present(volatile.ecdhe, Status.keyNotFound)
  demand(ecdhe.curve === host.curve, Status.keyNotFound)
  const signerKey = authentication && publicKeySlot(context, authentication.slot)
  demand(signerKey === undefined || signerKey.flags[flag], Status.wrongKeyUsage)
  volatile.ecdhe = undefined
  demandOnCurve(host)
  const keys = ephemeralKeysOf(host, ecdhe.privateKey)
  if (authentication !== undefined && signerKey !== undefined) {
    const isValid = isAuthentic(signerKey.key, authentication, authenticationInput(keys))
    demand(isValid, Status.accessConditionNotSatisfied)
  }
  return { secret: agreed(ecdhe.privateKey, host), keys, signer: authentication?.slot }
}

function isAuthentic(
  { curve, publicKey }: CurvePublicKey,
  { hash, signature }: AuthenticationBlock,
  message: Uint8Array,
): boolean {
  if (signature.length !== curves[curve].signature) return false
  if (!isWeierstrass(curve))
    return verifyMessage(curvePublicKey(curve, publicKey), { message, signature })
  if (hash === undefined) return false
  return verifyDigest({ curve, publicKey, digest: hashOf(serviced(hash), message), signature })
}

function derived(secret: Uint8Array, info: Uint8Array, length: number): Uint8Array {
  return hkdfSha256({ secret, salt: kdfSalt, info, length })
}

/** Counts the working KEK up before each attempt. @throws Refusal `18` */
function unwrapped({ volatile }: Context, envelope: Uint8Array): Uint8Array {
  const kek = present(volatile.kek, Status.sessionError)
  const index = (kek.index + 1) & 0xff
  volatile.kek = { ...kek, index }
  const key = derived(kek.base, workingKekInfo(index), kekLength)
  return present(unwrapKey({ key, octets: envelope }), Status.commandDecryptionError)
}

/** @throws Refusal `02` for whatever is wrong inside an envelope */
function envelopeContent<T>(read: () => T | undefined): T {
  try {
    return present(read(), Status.inconsistentCommandData)
  } catch (error) {
    if (error instanceof BytesError) throw new Refusal(Status.inconsistentCommandData)
    throw error
  }
}

/** @throws Refusal for a slot that does not exist, or attributes that do not fit each other */
function demandSlot({ state }: Context, information: KeyInformation): void {
  present(state.symmetricSlots[information.slot], Status.valueOutOfRange)
  demandSound(information)
}

function controlOf({ state }: Context, { slot }: KeyInformation) {
  return present(state.symmetricSlots[slot], Status.valueOutOfRange).control
}

/** @throws Refusal `1E` for an anonymous agreement that is not permitted, `11` for another signer than the named one */
function demandSigner(signer: Signer, isAnonymousAllowed: boolean, signerSlot: number): void {
  if (signer === undefined) demand(isAnonymousAllowed, Status.commandNotAuthorized)
  else demand(signer === signerSlot, Status.accessConditionNotSatisfied)
}

/** @throws Refusal `0B` where the slot holds a key that may not be overwritten */
function writeKey(context: Context, { information, key }: KeyWithInformation): void {
  const before = context.state.symmetricSlots[information.slot]?.key
  const isOpen = before === undefined || before.information.lock === 'unlocked'
  demand(isOpen, Status.keyBlocked)
  const octets = Uint8Array.from(key)
  putSymmetricKey(context, information.slot, { information, key: octets, counter: 0 })
}
