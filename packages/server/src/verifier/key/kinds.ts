import { Secret, type Random } from '@keyline/bytes'
import { drawP256Scalar, p256FromScalar, signP256 } from '@keyline/crypto'
import { jwkThumbprint, publicJwk, type ResultSigner } from '@keyline/verifier'
import type { SharedKeyKind } from './shared-keys.ts'

const dayMs = 86_400_000

/** A key that results are signed with, and how others see it. */
export interface EarKey {
  readonly signer: ResultSigner
  /** Public key with `alg` and `kid` (RFC 7517, V12). */
  readonly jwk: ReturnType<typeof publicJwk> & {
    readonly alg: 'ES256'
    readonly kid: string
    readonly use: 'sig'
  }
}

/** Keys of results. A retired one stays published while results under it may be shown. */
export function earKeys(random: Random, retainDays: number): SharedKeyKind<EarKey> {
  return {
    setting: 'verifier-result-keys',
    draw: () => drawP256Scalar(random),
    read: readEarKey,
    leastLifeMs: 0,
    retainMs: retainDays * dayMs,
  }
}

/** Keys of nonces and of sealed sessions, 32 octets. The one before counts while what it made is alive. */
export function nonceKeys(random: Random, ttlMs: number): SharedKeyKind<Uint8Array> {
  return {
    setting: 'verifier-nonce-keys',
    draw: () => new Secret(random.bytes(32)),
    read: (octets) => Uint8Array.from(octets),
    leastLifeMs: ttlMs,
    retainMs: ttlMs,
  }
}

function readEarKey(scalar: Uint8Array): EarKey {
  const pair = p256FromScalar(scalar)
  const point = pair.publicKey.point.subarray(1)
  const kid = jwkThumbprint('P-256', point)
  return {
    signer: { algorithm: 'ES256', keyId: kid, sign: async (message) => signP256(pair, message) },
    jwk: { ...publicJwk('P-256', point), alg: 'ES256', kid, use: 'sig' },
  }
}
