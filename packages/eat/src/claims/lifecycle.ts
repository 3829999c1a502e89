/** One state of the security lifecycle: 256 values, of which the low octet is the vendor's (attestation 8.4). */
export interface LifecycleState {
  readonly name: LifecycleName
  /** Lowest value. */
  readonly first: number
  /** A device in this state may be trusted with production secrets. */
  readonly isProduction: boolean
}

export type LifecycleName =
  | 'unknown'
  | 'assembly-and-test'
  | 'psa-rot-provisioning'
  | 'secured'
  | 'non-psa-rot-debug'
  | 'recoverable-psa-rot-debug'
  | 'decommissioned'

export const lifecycleStates: readonly LifecycleState[] = [
  { name: 'unknown', first: 0x0000, isProduction: false },
  { name: 'assembly-and-test', first: 0x1000, isProduction: false },
  { name: 'psa-rot-provisioning', first: 0x2000, isProduction: false },
  { name: 'secured', first: 0x3000, isProduction: true },
  { name: 'non-psa-rot-debug', first: 0x4000, isProduction: true },
  { name: 'recoverable-psa-rot-debug', first: 0x5000, isProduction: false },
  { name: 'decommissioned', first: 0x6000, isProduction: false },
]

/** The state that a value of the claim stands for; nothing for a value of no state. */
export function lifecycleState(value: number): LifecycleState | undefined {
  return lifecycleStates.find(({ first }) => value >= first && value <= first + 0xff)
}
