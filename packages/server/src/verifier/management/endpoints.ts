import type { VerifierEndpoint } from '../endpoint.ts'
import type { CredentialStore } from '../port.ts'
import { authorityEndpoints } from './authorities.ts'
import { deviceEndpoints } from './devices.ts'
import { policyEndpoints, type PolicyParts } from './policies.ts'
import { recordEndpoints } from './records.ts'

export interface ManagementParts extends PolicyParts {
  readonly credentials: CredentialStore
}

/**
 * The management interface: policies (attestation-verifier 8.3), devices, authorities of
 * their certificates, what was submitted, who may ask.
 */
export function managementEndpoints(parts: ManagementParts): readonly VerifierEndpoint[] {
  return [
    ...policyEndpoints(parts),
    ...deviceEndpoints(),
    ...authorityEndpoints(),
    ...recordEndpoints(parts),
  ]
}
