import {
  curveKeyPair,
  curvePublicKey,
  decompressPoint,
  isPublicKey,
  isWeierstrass,
  publicKeyOf,
  sharedSecretOf,
  signDigest,
  signMessage,
  verifyDigest,
  verifyMessage,
} from '@keyline/crypto'
import {
  curves,
  ephemeralSlot,
  Form,
  Status,
  type CurveName,
  type CurvePublicKey,
  type PrivateKeyMode,
} from '@keyline/stsafe/layout'
import { replaced, unlimitedUsage, type PrivateKey } from '../nvm/state.ts'
import { change, type Context } from './context.ts'
import { demand, present, Refusal } from './refusal.ts'
import { service, type Service } from './service.ts'

const challengeLength = 16

/** Section 3.7. */
export const asymmetricServices: readonly Service[] = [
  service(Form.generateKeyPair, (context, { slot, usageLimit, curve }) => {
    const { mode } = privateKeySlot(context, slot)
    const isFree = mode.generate === 'free' || (mode.generate === 'host' && context.isAuthenticated)
    demand(isFree && mode.changeRight, Status.accessConditionNotSatisfied)
    const octets = context.randomness.privateKey(curve)
    putPrivateKey(context, slot, { curve, octets, usageLimit })
    return { publicKey: publicKeyOf(curve, octets) }
  }),
  service(Form.generateEcdheKeyPair, ({ volatile, randomness }, { curve }) => {
    demand(curve !== 'Ed25519', Status.valueOutOfRange)
    const privateKey = randomness.privateKey(curve)
    volatile.ecdhe = { curve, privateKey }
    return { curve, publicKey: publicKeyOf(curve, privateKey) }
  }),
  service(Form.generateSignature, (context, { slot, message }) => {
    const { mode, key } = privateKey(context, slot)
    demand(mode.signExternal, Status.wrongKeyUsage)
    demand(slot !== ephemeralSlot && key.curve !== 'X25519', Status.wrongModeOfOperation)
    demand(key.usageLimit > 0, Status.keyBlocked)
    if (key.usageLimit !== unlimitedUsage) {
      putPrivateKey(context, slot, { ...key, usageLimit: key.usageLimit - 1 })
    }
    return { signature: signed(context, key, message) }
  }),
  service(Form.verifySignature, (_, { curve, publicKey, signature, variant, message }) => {
    demand(curves[curve].signature > 0 && variant !== 'pre-hashed', Status.valueOutOfRange)
    demandOnCurve({ curve, publicKey })
    const isValid = isSignatureOf({ curve, publicKey }, message, signature)
    return { validity: isValid ? 1 : 0 }
  }),
  service(Form.establishKey, (context, { slot, publicKey }) => {
    const { mode, key } = privateKey(context, slot)
    demand(mode.establish, Status.wrongKeyUsage)
    const { curve } = key
    const secret = agreed(key.octets, { curve, publicKey })
    if (slot === ephemeralSlot) context.volatile.ephemeralKey = undefined
    return { secret }
  }),
  service(Form.writePublicKey, (context, { slot, key }) => {
    const { publicKeys } = context.state
    const before = present(publicKeys[slot], Status.valueOutOfRange)
    demand(before.key === undefined, Status.accessConditionNotSatisfied)
    demandOnCurve(key)
    const kept = { curve: key.curve, publicKey: Uint8Array.from(key.publicKey) }
    change(context, { publicKeys: replaced(publicKeys, slot, { ...before, key: kept }) })
    return {}
  }),
  service(Form.generateChallenge, ({ volatile, randomness }) => {
    const challenge = randomness.bytes(challengeLength)
    volatile.challenge = challenge
    return { challenge }
  }),
  service(Form.verifyEntitySignature, (context, { slot, signature }) => {
    const { volatile } = context
    const { flags, key } = publicKeySlot(context, slot)
    demand(flags.entityAuthentication, Status.wrongKeyUsage)
    const challenge = present(volatile.challenge, Status.challengeMissing)
    volatile.challenge = undefined
    const isValid = isSignatureOf(key, challenge, signature)
    if (isValid) volatile.isEntityAuthenticated = true
    return { validity: isValid ? 1 : 0 }
  }),
  service(Form.decompressPublicKey, (_, { curve, point, x }) => {
    if (!isWeierstrass(curve)) throw new Refusal(Status.valueOutOfRange)
    demand(x.length === curves[curve].coordinate, Status.inconsistentCommandData)
    return { y: present(decompressPoint(curve, x, point === 'odd'), Status.invalidPublicKey) }
  }),
]

/** @throws Refusal `03` for a slot that does not exist, `0A` for an empty one */
export function publicKeySlot({ state }: Context, slot: number) {
  const { flags, key } = present(state.publicKeys[slot], Status.valueOutOfRange)
  return { flags, key: present(key, Status.keyNotFound) }
}

/** ECDSA over the octets as they stand; Ed25519 over the message. A signature of another length is refused. */
export function isSignatureOf(
  { curve, publicKey }: CurvePublicKey,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  demand(signature.length === curves[curve].signature, Status.inconsistentCommandData)
  return isWeierstrass(curve)
    ? verifyDigest({ curve, publicKey, digest: message, signature })
    : verifyMessage(curvePublicKey(curve, publicKey), { message, signature })
}

/** X coordinate of the common point, or what X25519 gives. @throws Refusal `19` for a point off the curve */
export function agreed(privateKeyOctets: Uint8Array, peer: CurvePublicKey): Uint8Array {
  const { curve, publicKey } = peer
  if (curve === 'Ed25519') throw new Refusal(Status.wrongModeOfOperation)
  demand(publicKey.length === curves[curve].publicKey, Status.inconsistentCommandData)
  const secret = sharedSecretOf(curve, { privateKey: privateKeyOctets, publicKey })
  return present(secret, Status.invalidPublicKey)
}

/** @throws Refusal `02` for a key of another length, `19` for a point off the curve */
export function demandOnCurve({ curve, publicKey }: CurvePublicKey): void {
  demand(publicKey.length === curves[curve].publicKey, Status.inconsistentCommandData)
  demand(isPublicKey(curve, publicKey), Status.invalidPublicKey)
}

function privateKeySlot({ state, volatile }: Context, slot: number) {
  const found = state.privateKeys.find((one) => one.slot === slot)
  const { mode, key } = present(found, Status.valueOutOfRange)
  return { mode, key: slot === ephemeralSlot ? volatile.ephemeralKey : key }
}

function privateKey(
  context: Context,
  slot: number,
): { readonly mode: PrivateKeyMode; readonly key: PrivateKey } {
  const { mode, key } = privateKeySlot(context, slot)
  return { mode, key: present(key, Status.keyNotFound) }
}

function putPrivateKey(context: Context, slot: number, key: PrivateKey): void {
  if (slot === ephemeralSlot) {
    context.volatile.ephemeralKey = key
    return
  }
  const privateKeys = context.state.privateKeys.map((one) =>
    one.slot === slot ? { ...one, key } : one,
  )
  change(context, { privateKeys })
}

function signed({ randomness }: Context, { curve, octets }: PrivateKey, message: Uint8Array) {
  if (!isWeierstrass(curve)) return signMessage(curveKeyPair(curve, octets), { message })
  const nonces = randomness.nonces(message.length)
  return signDigest({ curve, privateKey: octets, digest: message, nonces })
}

/** Both public keys of an agreement, raw, in this order. */
export function ephemeralKeysOf(host: CurvePublicKey, devicePrivateKey: Uint8Array) {
  const curve: CurveName = host.curve
  return { host, device: { curve, publicKey: publicKeyOf(curve, devicePrivateKey) } }
}
