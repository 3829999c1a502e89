import { equalSecret, toHex } from '@keyline/bytes'
import { EatError, requireFittingKey, verifyEnvelope, type CoseKey, type Token } from '@keyline/eat'
import { freshnessRefusal, refusalOf, type Refusal } from '../decode/refusal.ts'

/**
 * Proves a token under a key: key and algorithm belong together, the nonce is that of the session, the signature
 * holds, in this order. @returns why not, or nothing
 */
export function authenticate(
  { envelope, algorithm, claims }: Token,
  key: CoseKey,
  sessionNonce: Uint8Array,
): Refusal | undefined {
  try {
    requireFittingKey({ algorithm, key })
    const { nonce } = claims
    if (nonce.length !== sessionNonce.length || !equalSecret(nonce, sessionNonce)) {
      return freshnessRefusal(toHex(nonce), toHex(sessionNonce))
    }
    verifyEnvelope(envelope, { algorithm, key })
    return undefined
  } catch (error) {
    if (!(error instanceof EatError)) throw error
    return refusalOf(error, 'signature')
  }
}
