import { concat, encodeUtf8, equalSecret, type Random } from '@keyline/bytes'
import { hmacSha256 } from '@keyline/crypto'
import { ServerError } from '../../errors.ts'

/** Octets of a nonce that is known again without having been stored: time (8) ‖ random (8) ‖ tag (16). */
export const stampedNonceLength = 32

const bodyLength = 16
const tagLength = 16
/** How far the clocks of two replicas may be apart, milliseconds. */
const mostSkewMs = 5_000

/**
 * Makes a nonce (attestation-verifier 2.7).
 * @param key 32 octets, common to all replicas
 * @param now milliseconds since 1970
 */
export function stampNonce(
  key: Uint8Array,
  tenant: string,
  now: number,
  random: Random,
): Uint8Array<ArrayBuffer> {
  const time = new Uint8Array(8)
  new DataView(time.buffer).setBigUint64(0, BigInt(now))
  const body = concat(time, random.bytes(8))
  return concat(body, tagOf(key, tenant, body))
}

/**
 * Checks a nonce: its tag first, then its time. @returns when it ends, milliseconds since 1970
 * @param keys the current one and the one before
 * @throws ServerError `SERVER_NONCE_FOREIGN`, `SERVER_NONCE_EXPIRED`
 */
export function checkStampedNonce(
  nonce: Uint8Array,
  {
    keys,
    tenant,
    now,
    ttlMs,
  }: {
    readonly keys: readonly Uint8Array[]
    readonly tenant: string
    readonly now: number
    readonly ttlMs: number
  },
): number {
  const body = nonce.subarray(0, bodyLength)
  const tag = nonce.subarray(bodyLength)
  const isOurs =
    nonce.length === stampedNonceLength &&
    keys.some((key) => equalSecret(tagOf(key, tenant, body), tag))
  if (!isOurs) throw foreign('the nonce was not made by this service')
  const issuedAt = Number(new DataView(body.buffer, body.byteOffset).getBigUint64(0))
  if (issuedAt > now + mostSkewMs) throw foreign('the nonce was made in the future')
  const expiresAt = issuedAt + ttlMs
  if (now < expiresAt) return expiresAt
  const ended = new Date(expiresAt).toISOString()
  throw new ServerError('SERVER_NONCE_EXPIRED', `the nonce was valid until ${ended}`)
}

const label = encodeUtf8('nonce/1\0')
const separator = new Uint8Array(1)

function tagOf(key: Uint8Array, tenant: string, body: Uint8Array): Uint8Array {
  const message = concat(label, encodeUtf8(tenant), separator, body)
  return hmacSha256(key, message).subarray(0, tagLength)
}

function foreign(message: string): ServerError {
  return new ServerError('SERVER_NONCE_FOREIGN', message)
}
