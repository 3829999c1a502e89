import { withDeadline, type Clock } from '@keyline/bytes'
import type { Signer } from '@keyline/crypto'
import { IssuerError } from '../errors.ts'
import { FileSigner } from '../pki/file-signer.ts'

export interface BoundedSignerInput {
  readonly signer: Signer
  readonly clock: Clock
  readonly timeoutMs: number
}

/**
 * A signer that answers in time or fails with `ISSUER_SIGNER_FAILED`.
 * A key of this process answers at once: a deadline would cost twice the signature and never pass.
 */
export function boundedSigner(input: BoundedSignerInput): Signer {
  const { signer, clock, timeoutMs } = input
  const wait = { clock, ms: timeoutMs, what: 'the PAI signer' }
  return {
    publicKey: signer.publicKey,
    sign: async (message) => {
      try {
        if (signer instanceof FileSigner) return await signer.sign(message)
        return await withDeadline(wait, () => signer.sign(message))
      } catch (cause) {
        throw new IssuerError('ISSUER_SIGNER_FAILED', 'the PAI signer gave no signature', { cause })
      }
    },
  }
}
