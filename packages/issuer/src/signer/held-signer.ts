import type { Signer } from '@keyline/crypto'

/**
 * Where a key rests: in a file that was read, in a module that gives it away, or in a module that does not.
 * A signer behind a socket has the custody of what it holds.
 */
export type KeyCustody = 'file' | 'extractable' | 'module'

/** A signer that holds something: a module, a connection. */
export interface HeldSigner extends Signer {
  readonly custody: KeyCustody
  /** Lets go of key and connection. A signature that is asked for afterwards fails. */
  close(): Promise<void>
}

/** Where the key of a signer rests, as far as it says. */
export function custodyOf(signer: Signer): KeyCustody | undefined {
  if (!('custody' in signer)) return undefined
  const { custody } = signer
  return custody === 'file' || custody === 'extractable' || custody === 'module'
    ? custody
    : undefined
}
