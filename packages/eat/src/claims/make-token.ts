import type { Secret } from '@keyline/bytes'
import { hmacOf } from '@keyline/crypto'
import { cborMap } from '../cbor/value.ts'
import { coseAlgorithms } from '../cose/algorithm.ts'
import { encodeEnvelope } from '../cose/envelope.ts'
import { HeaderLabel } from '../cose/header.ts'
import { protectedHeaderOf, signEnvelope, type DigestSigner } from '../cose/sign.ts'
import { toBeAuthenticated } from '../cose/structure.ts'
import type { TokenClaims } from './claim.ts'
import { keyIdOf } from './identity.ts'
import { encodeClaims } from './write.ts'

export interface TokenHeaders {
  /** Certificate of the key in DER, for the protected header (D23). */
  readonly certificate?: Uint8Array | undefined
  /** Names the key by the hash part of the instance id, in the unprotected header. */
  readonly withKeyId?: boolean | undefined
}

/** A token as COSE_Sign1 over its claims. */
export async function signToken(
  claims: TokenClaims,
  signer: DigestSigner,
  headers: TokenHeaders = {},
): Promise<Uint8Array<ArrayBuffer>> {
  const protectedHeader = cborMap([HeaderLabel.certificateChain, headers.certificate])
  const unprotectedHeader = unprotectedOf(claims, headers)
  const payload = encodeClaims(claims)
  return signEnvelope({ payload, protectedHeader, unprotectedHeader }, signer)
}

/** A token as COSE_Mac0, for devices with a symmetric key. */
export function macToken(
  claims: TokenClaims,
  secret: Secret,
  name: 'HS256' | 'HS384' | 'HS512' = 'HS256',
): Uint8Array<ArrayBuffer> {
  const algorithm = coseAlgorithms[name]
  const protectedOctets = protectedHeaderOf(algorithm)
  const payload = encodeClaims(claims)
  const message = toBeAuthenticated({ kind: 'mac0', protectedOctets, payload })
  const signature = hmacOf(algorithm.hash, secret.reveal(), message)
  return encodeEnvelope({ kind: 'mac0', protectedOctets, payload, signature })
}

function unprotectedOf({ instanceId }: TokenClaims, { withKeyId }: TokenHeaders) {
  return cborMap([HeaderLabel.keyId, withKeyId === true ? keyIdOf(instanceId) : undefined])
}
