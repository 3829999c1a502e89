import { equalOctets } from '@keyline/bytes'
import { sha256, type CurvePublicKey } from '@keyline/crypto'
import {
  EatError,
  encodeCoseKey,
  verifyEnvelope,
  type CoseKey,
  type SignedCorim,
} from '@keyline/eat'
import { VerifierError } from '../errors.ts'
import { isWithin } from '../store/anchor.ts'

/** Who may sign CoRIMs (V17). */
export interface AcceptedSigners {
  /** Keys by themselves; a key id in the CoRIM that is the thumbprint of one of them chooses it. */
  readonly keys?: readonly CurvePublicKey[] | undefined
  /** Keys of certificates that the sender puts into the CoRIM, judged by the pool of authorities of the caller. */
  readonly certified?:
    | ((chain: readonly Uint8Array[], seconds: number) => CurvePublicKey)
    | undefined
}

/** Thumbprint of a key: SHA-256 of its COSE_Key (RFC 9679), 32 octets. */
export function keyThumbprint(key: CurvePublicKey): Uint8Array<ArrayBuffer> {
  return sha256(encodeCoseKey(key))
}

/** @throws VerifierError `E_CORIM_SIGNATURE`, `E_CORIM_VALIDITY` */
export function requireAcceptedSigner(
  signed: SignedCorim,
  signers: AcceptedSigners,
  seconds: number,
): void {
  const { meta, envelope, algorithm } = signed
  if (meta?.validity !== undefined && !isWithin(meta.validity, seconds)) {
    throw new VerifierError('E_CORIM_VALIDITY', `the signature is not valid at ${seconds}`)
  }
  const keys = candidates(signed, signers, seconds)
  for (const publicKey of keys) {
    try {
      verifyEnvelope(envelope, { algorithm, key: { type: 'ec', publicKey } satisfies CoseKey })
      return
    } catch (error) {
      if (!(error instanceof EatError)) throw error
    }
  }
  const signer = meta?.signer ?? 'without a name'
  const message = `the signature of ${JSON.stringify(signer)} verifies under none of ${keys.length} accepted keys`
  throw new VerifierError('E_CORIM_SIGNATURE', message)
}

function candidates(
  { headers: { keyId, certificateChain } }: SignedCorim,
  { keys = [], certified }: AcceptedSigners,
  seconds: number,
): readonly CurvePublicKey[] {
  if (certificateChain !== undefined && certified !== undefined) {
    try {
      return [certified(certificateChain, seconds)]
    } catch (cause) {
      if (!(cause instanceof VerifierError)) throw cause
      const message = `the certificate of the signer: ${cause.message}`
      throw new VerifierError('E_CORIM_SIGNATURE', message, { cause })
    }
  }
  if (keyId === undefined) return keys
  const named = keys.filter((key) => equalOctets(keyThumbprint(key), keyId))
  return named.length > 0 ? named : keys
}
