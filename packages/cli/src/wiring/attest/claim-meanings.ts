import { lifecycleState, type SoftwareComponent, type TokenClaims } from '@keyline/eat'

/** What the claims of a token mean, in words for a person. */
export const claimMeanings: Readonly<Record<string, string>> = {
  profile: 'the set of rules that the claims follow',
  nonce: 'the challenge of the verifier: proves that the token is fresh',
  bootSeed: 'random of this boot: the same until the next reset',
  instanceId: 'names this one device; a hash of its key in most implementations',
  implementationId: 'names the immutable part of the root of trust: the chip and its boot ROM',
  clientId: 'who asked for the token on the device',
  securityLifecycle: 'how far the chip is closed',
  softwareComponents: 'what was measured before it ran',
  noSoftwareMeasurements: 'says that nothing was measured',
  verificationServiceIndicator: 'where the token can be verified',
  certificationReference: 'the certificate of the PSA scheme: article number and version',
  hardwareVersion: 'article number of the hardware',
} satisfies Readonly<Partial<Record<keyof TokenClaims, string>>>

/** The same for the fields of a software component. */
export const componentMeanings = {
  measurementType: 'the role of the component',
  measurementValue: 'its hash',
  version: 'its version',
  signerId: 'hash of the key that signed it',
  measurementDescription: 'the hash function',
} as const satisfies Readonly<Record<keyof SoftwareComponent, string>>

/** What the value of a claim says beyond its octets; nothing for most. */
export function valueMeaning(claim: string, value: unknown): string | undefined {
  if (typeof value !== 'number') return undefined
  if (claim === 'securityLifecycle') {
    const state = lifecycleState(value)
    if (state === undefined) return 'no state of the life cycle'
    return `${state.name}; ${state.isProduction ? 'accepted' : 'not accepted'} for production`
  }
  if (claim === 'clientId') {
    if (value === 0) return 'no caller: 0 is not a client'
    return value < 0 ? 'a caller on the non-secure side' : 'a partition on the secure side'
  }
  return undefined
}
