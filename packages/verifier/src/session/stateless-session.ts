import {
  concat,
  fromBase64url,
  isKeylineError,
  toBase64url,
  type Random,
  type Secret,
} from '@keyline/bytes'
import { open, seal } from '@keyline/crypto'
import { VerifierError } from '../errors.ts'

/** A challenge that was given out. */
export interface Session {
  /** Nonce that the evidence must repeat: 8 to 64 octets. */
  readonly nonce: Uint8Array
  /** Seconds since 1970. */
  readonly expiresAt: number
  /** Names the session in a list of used ones: 16 random octets. */
  readonly uniqueId: Uint8Array
}

/** Nonces that this verifier draws are this long, in octets. */
export const drawnNonceLength = 32

const uniqueIdLength = 16
const timeLength = 8
const context = { record: 'session', column: 'id' } as const

/**
 * Opens a session that needs no store: its id is its own content, sealed (V32). That it is used once needs a list of the
 * `uniqueId` of those that were, until each expires.
 * @param key 32 octets, shared by all workers of a service
 */
export function sealSession(
  { nonce, expiresAt }: Pick<Session, 'nonce' | 'expiresAt'>,
  key: Secret,
  random: Random,
): string {
  const time = new Uint8Array(timeLength)
  new DataView(time.buffer).setBigUint64(0, BigInt(Math.trunc(expiresAt)))
  const plaintext = concat(random.bytes(uniqueIdLength), time, nonce)
  return toBase64url(seal({ key, random, context, plaintext }))
}

/**
 * Reads a session id. @param seconds since 1970
 * @throws VerifierError `E_SESSION_FOREIGN`, `E_SESSION_EXPIRED`
 */
export function openSession(id: string, key: Secret, seconds: number): Session {
  const content = openId(id, key)
  const view = new DataView(content.buffer, content.byteOffset)
  const expiresAt = Number(view.getBigUint64(uniqueIdLength))
  if (seconds > expiresAt) {
    throw new VerifierError('E_SESSION_EXPIRED', `the session ended at ${expiresAt}`)
  }
  return {
    uniqueId: content.subarray(0, uniqueIdLength),
    expiresAt,
    nonce: content.subarray(uniqueIdLength + timeLength),
  }
}

function openId(id: string, key: Secret): Uint8Array {
  try {
    return open({ key, context, sealed: fromBase64url(id, 'session id') }).reveal()
  } catch (cause) {
    if (!isKeylineError(cause)) throw cause
    throw new VerifierError('E_SESSION_FOREIGN', 'the session id is none of this verifier', {
      cause,
    })
  }
}
