import { earToJson, readEar, type AttestationResult } from '@keyline/eat'
import { VerifierError } from '../errors.ts'
import { openJws, signJws, type ResultKey, type ResultSigner } from './jws.ts'

/** A result as a signed JWT in its dialect. */
export async function signResult(result: AttestationResult, signer: ResultSigner): Promise<string> {
  return signJws(earToJson(result), signer)
}

/**
 * Reads a signed result in either dialect, checked in the order of V35: form, algorithm, signature, `exp`, claims.
 * @param seconds time of reading since 1970
 * @throws VerifierError `E_JWS_FORMAT`, `E_JWS_ALG`, `E_JWT_EXPIRED`; EatError `E_SIG_INVALID`, `E_EAR_…`
 */
export function readResult(jwt: string, key: ResultKey, seconds: number): AttestationResult {
  const claims = openJws(jwt, key)
  const { exp } = claims
  if (typeof exp === 'number' && seconds > exp) {
    throw new VerifierError('E_JWT_EXPIRED', `the result was valid until ${exp}, it is ${seconds}`)
  }
  return readEar(claims)
}
