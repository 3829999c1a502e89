import { Secret } from '@keyline/bytes'
import {
  CryptoError,
  curvePublicKey,
  hkdfSha256,
  sharedSecret,
  wrapKey,
  type CurveKeyPair,
} from '@keyline/crypto'
import type { ChipContext } from '../chip/context.ts'
import type { CommandChannel } from '../command/channel.ts'
import { StsafeError } from '../errors.ts'
import { curves, type CurveName, type HashName } from '../layout/algorithm.ts'
import {
  authenticationInput,
  baseKekInfo,
  kdfSalt,
  kekLength,
  workingKekInfo,
  type EphemeralKeys,
} from '../layout/envelope.ts'
import type { AuthenticationBlock } from '../layout/form/provisioning.ts'
import { Form } from '../layout/form/forms.ts'

/** Who authenticates a provisioning: the owner of the private key behind a generic public key slot. */
export interface Authenticator {
  readonly slot: number
  /** Announced hash; nothing for Ed25519, which signs the message itself. */
  readonly hash?: Exclude<HashName, 'SHA-224'> | undefined
  /** Raw R ‖ S over the message. The key never enters this library. */
  sign(message: Uint8Array): Promise<Uint8Array> | Uint8Array
}

/** Both ends' ephemeral keys and what they share. */
export interface Agreement {
  readonly keys: EphemeralKeys
  readonly secret: Secret
}

/** @throws StsafeError `STSAFE_ARGUMENT` for Ed25519, which agrees on nothing */
export function requireAgreementCurve(curve: CurveName): void {
  if (curves[curve].sharedSecret > 0) return
  const allowed = Object.entries(curves).flatMap(([name, entry]) =>
    entry.sharedSecret > 0 ? [name] : [],
  )
  const message = `${curve} makes no shared secret; use one of ${allowed.join(', ')}`
  throw new StsafeError('STSAFE_ARGUMENT', message)
}

/** Lets the chip and the host make an ephemeral pair each, and computes the secret of the host (section 5.3). */
export async function agree(
  context: ChipContext,
  channel: CommandChannel,
  curve: CurveName,
  signal: AbortSignal | undefined,
): Promise<Agreement> {
  requireAgreementCurve(curve)
  const pair = context.ephemeralKeyPair(curve)
  const device = await channel.run(Form.generateEcdheKeyPair, { curve }, { signal })
  if (device.curve !== curve) {
    throw new StsafeError('STSAFE_RESPONSE', `the chip gave a key on ${device.curve}, not ${curve}`)
  }
  const keys = { host: { curve, publicKey: pair.publicKey.octets }, device }
  return { keys, secret: secretOf(pair, device.publicKey) }
}

function secretOf(pair: CurveKeyPair, devicePublicKey: Uint8Array): Secret {
  try {
    return sharedSecret(pair, curvePublicKey(pair.curve, devicePublicKey))
  } catch (cause) {
    if (!(cause instanceof CryptoError)) throw cause
    throw new StsafeError('STSAFE_RESPONSE', `the ephemeral key of the chip: ${cause.message}`, {
      cause,
    })
  }
}

/** Signs both ephemeral keys (section 5.3); nothing without an authenticator. */
export async function authenticate(
  authenticator: Authenticator | undefined,
  keys: EphemeralKeys,
): Promise<AuthenticationBlock | undefined> {
  if (authenticator === undefined) return undefined
  const signature = await authenticator.sign(authenticationInput(keys))
  return { slot: authenticator.slot, hash: authenticator.hash, signature }
}

/** HKDF of section 5 over the shared secret. */
export function derive(secret: Secret, info: Uint8Array, length: number): Secret {
  return new Secret(hkdfSha256({ secret: secret.reveal(), salt: kdfSalt, info, length }))
}

/** A volatile KEK session: keys travel wrapped while it is open. */
export interface KekSession {
  /** Wraps the inside of an envelope under the next working KEK. */
  wrap(inside: Secret): Uint8Array
}

export interface KekOptions {
  readonly curve: CurveName
  readonly authenticator?: Authenticator | undefined
  readonly signal?: AbortSignal | undefined
}

/** Opens a KEK session, runs the work, and closes it however the work ends (section 5.3). */
export async function withKekSession<T>(
  context: ChipContext,
  channel: CommandChannel,
  { curve, authenticator, signal }: KekOptions,
  work: (session: KekSession) => Promise<T>,
): Promise<T> {
  const { keys, secret } = await agree(context, channel, curve, signal)
  const authentication = await authenticate(authenticator, keys)
  const request = { host: keys.host, authentication }
  await channel.run(Form.startVolatileKekSession, request, { signal })
  using base = derive(secret, baseKekInfo(keys), kekLength)
  secret.wipe()
  let index = 0
  const session: KekSession = {
    wrap: (inside) => {
      index++
      using working = derive(base, workingKekInfo(index), kekLength)
      return wrapKey({ key: working.reveal(), octets: inside.reveal() })
    },
  }
  let result: T
  try {
    result = await work(session)
  } catch (error) {
    // What went wrong first is what the caller has to know; an open session ends with the next one or with a reset.
    await channel.run(Form.stopVolatileKekSession, {}).catch(() => undefined)
    throw error
  }
  try {
    // Without the signal: an interruption would make the key look as if it were not written.
    await channel.run(Form.stopVolatileKekSession, {})
  } catch (error) {
    throw error instanceof StsafeError ? afterSuccess(error) : error
  }
  return result
}

/** Whoever only learns that the bus has failed would take the key for not written. */
function afterSuccess(error: StsafeError): StsafeError {
  const message = `the key was written, but its KEK session not closed: ${error.message}`
  return new StsafeError(error.code, message, {
    cause: error,
    details: { ...error.details, written: true },
  })
}
