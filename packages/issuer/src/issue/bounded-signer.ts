import { withDeadline, type Clock } from '@keyline/bytes'
import type { Signer } from '@keyline/crypto'
import { IssuerError } from '../errors.ts'

export interface BoundedSignerInput {
  readonly signer: Signer
  readonly clock: Clock
  readonly timeoutMs: number
}

/** A signer that answers in time or fails with `ISSUER_SIGNER_FAILED`. */
export function boundedSigner(input: BoundedSignerInput): Signer {
  const { signer, clock, timeoutMs } = input
  return {
    publicKey: signer.publicKey,
    sign: async (message) => {
      try {
        const wait = { clock, ms: timeoutMs, what: 'the PAI signer' }
        return await withDeadline(wait, () => signer.sign(message))
      } catch (cause) {
        throw new IssuerError('ISSUER_SIGNER_FAILED', 'the PAI signer gave no signature', { cause })
      }
    },
  }
}
