import { withDeadline, type Clock } from '@keyline/bytes'
import type { P256PublicKey, Signer } from '@keyline/crypto'
import { IssuerError, type IssuerErrorCode } from '../errors.ts'
import { ownThread, type SignatureVerifier } from '../verify/signature-verifier.ts'
import { CircuitBreaker } from './circuit-breaker.ts'
import { FileSigner } from './file-signer.ts'
import { custodyOf, type KeyCustody } from './held-signer.ts'

export interface GuardedSignerInput {
  readonly signer: Signer
  readonly clock: Clock
  /** How long one signature may take. */
  readonly timeoutMs: number
  /** Looks at each signature before it is given away; the thread that signs unless given. */
  readonly verifier?: SignatureVerifier | undefined
}

/** Answers of a healthy signer that says no. */
const refusals: ReadonlySet<IssuerErrorCode> = new Set([
  'ISSUER_SIGNER_LIMIT',
  'ISSUER_SIGNER_REFUSED',
])

/**
 * A signer that answers in time, with a signature that verifies, or fails with `ISSUER_SIGNER_FAILED`. After three
 * failures in a row it fails at once for a pause, and says in `details.retryAfterMs` how long.
 *
 * A key of this process answers at once: a deadline and a breaker would cost much and never act.
 */
export function guardedSigner(input: GuardedSignerInput): Signer {
  const { signer, clock } = input
  if (signer instanceof GuardedFileSigner) return signer
  if (signer instanceof FileSigner) return new GuardedFileSigner(signer, input.verifier)
  if (!(signer instanceof GuardedSigner)) return new GuardedSigner(input)
  return signer.clock === clock ? signer : new ForeignTimeSigner(signer, clock)
}

/** A guarded signer keeps its own clock; where another one is in use, that one stands still meanwhile. */
class ForeignTimeSigner implements Signer {
  readonly publicKey: P256PublicKey
  readonly custody: KeyCustody | undefined
  readonly #signer: Signer
  readonly #clock: Clock

  constructor(signer: Signer, clock: Clock) {
    this.#signer = signer
    this.#clock = clock
    this.publicKey = signer.publicKey
    this.custody = custodyOf(signer)
  }

  sign(message: Uint8Array): Promise<Uint8Array> {
    return this.#clock.during(() => this.#signer.sign(message))
  }
}

class GuardedFileSigner implements Signer {
  readonly publicKey: P256PublicKey
  readonly custody: KeyCustody = 'file'
  readonly #signer: FileSigner
  readonly #verifier: SignatureVerifier | undefined

  constructor(signer: FileSigner, verifier: SignatureVerifier | undefined) {
    this.#signer = signer
    this.#verifier = verifier
    this.publicKey = signer.publicKey
  }

  async sign(message: Uint8Array): Promise<Uint8Array> {
    try {
      const signature = await this.#signer.sign(message)
      return await verified(signature, message, this.publicKey, this.#verifier)
    } catch (cause) {
      throw failure(cause)
    }
  }
}

class GuardedSigner implements Signer {
  readonly publicKey: P256PublicKey
  readonly custody: KeyCustody | undefined
  readonly clock: Clock
  readonly #input: GuardedSignerInput
  readonly #breaker: CircuitBreaker

  constructor(input: GuardedSignerInput) {
    this.#input = input
    this.clock = input.clock
    this.#breaker = new CircuitBreaker({ clock: input.clock })
    this.publicKey = input.signer.publicKey
    this.custody = custodyOf(input.signer)
  }

  async sign(message: Uint8Array): Promise<Uint8Array> {
    const waitMs = this.#breaker.enter()
    if (waitMs > 0) {
      const retryAfterMs = Math.ceil(waitMs)
      const text = `the PAI signer has failed again and again; it is tried again in ${retryAfterMs} ms`
      throw new IssuerError('ISSUER_SIGNER_FAILED', text, { details: { retryAfterMs } })
    }
    let isAnswered = false
    try {
      const signature = await this.#verified(message)
      isAnswered = true
      return signature
    } catch (cause) {
      isAnswered = cause instanceof IssuerError && refusals.has(cause.code)
      throw failure(cause)
    } finally {
      if (isAnswered) this.#breaker.succeeded()
      else this.#breaker.failed()
    }
  }

  async #verified(message: Uint8Array): Promise<Uint8Array> {
    const { signer, clock, timeoutMs: ms, verifier } = this.#input
    const wait = { clock, ms, what: 'the PAI signer' }
    const signature = await withDeadline(wait, () => signer.sign(message))
    return await verified(signature, message, this.publicKey, verifier)
  }
}

async function verified(
  signature: Uint8Array,
  message: Uint8Array,
  { point }: P256PublicKey,
  verifier: SignatureVerifier = ownThread,
): Promise<Uint8Array> {
  if (await verifier.verify({ point, message, signature })) return signature
  throw new IssuerError('ISSUER_SIGNER_FAILED', 'the signature of the PAI signer does not verify')
}

function failure(cause: unknown): IssuerError {
  if (cause instanceof IssuerError) return cause
  return new IssuerError('ISSUER_SIGNER_FAILED', 'the PAI signer gave no signature', { cause })
}
