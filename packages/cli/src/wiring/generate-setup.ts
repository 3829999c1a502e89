import type { BatchUnit } from '@keyline/ledger'
import type { ProfileName } from '@keyline/matter'
import type { BatchProduct, MadeUnits } from '@keyline/station'

/** What each worker is given at its start. */
export interface GenerateSetup {
  readonly batch: string
  readonly product: BatchProduct
  readonly profile: ProfileName
  readonly isSealed: boolean
  readonly seed: string | undefined
  readonly pkiFolder: string
  /** Wiped by the worker once the key is open. */
  readonly passphrase: Uint8Array
  readonly storeKey: Uint8Array
  /** Start of all certificates, milliseconds since 1970, whole seconds. */
  readonly notBefore: number
}

/** What a worker answers: units, or why it has none. An error would lose its class on the way. */
export type WorkerAnswer = MadeUnits<BatchUnit> | { readonly refusal: string }
