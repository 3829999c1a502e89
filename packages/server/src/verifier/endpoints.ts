import type { SharedKeys } from './key/shared-keys.ts'
import type { EarKey } from './key/kinds.ts'
import type { Readiness } from '../health/readiness.ts'
import type { Appraiser } from './appraisal/appraiser.ts'
import { discoveryEndpoints, type ServiceState } from './discovery/endpoints.ts'
import type { VerifierEndpoint } from './endpoint.ts'
import { openEndpoints } from './http/open-endpoints.ts'
import type { VerifierMetrics } from './http/verifier-metrics.ts'
import { managementEndpoints } from './management/endpoints.ts'
import { onceEndpoints } from './once/endpoints.ts'
import type { VerifierParts } from './parts.ts'
import { acceptedSigners } from './provisioning/accepted-signers.ts'
import { provisioningEndpoints } from './provisioning/endpoints.ts'
import type { RecordGuard } from './record-guard.ts'
import { earDialect } from './session/dialect.ts'
import { SealedSessions } from './session/sealed-sessions.ts'
import { sessionEndpoints } from './session/endpoints.ts'
import { StoredSessions } from './session/stored-sessions.ts'
import type { ForwardClock } from './time/forward-clock.ts'

export interface EndpointParts extends VerifierParts {
  readonly guard: RecordGuard
  readonly appraiser: Appraiser
  readonly results: SharedKeys<EarKey>
  readonly nonces: SharedKeys<Uint8Array>
  readonly time: ForwardClock
  readonly readiness: Readiness
  readonly metrics: VerifierMetrics
  readonly isStopping: () => boolean
  readonly state: () => Promise<ServiceState>
  readonly version: string
  readonly document: () => unknown
}

/** Every endpoint of the verifier. */
export function verifierEndpoints(parts: EndpointParts): readonly VerifierEndpoint[] {
  const { settings, appraiser, guard, time, random, log, clock, metrics, record } = parts
  const { session, access, limits, nonce, provisioning } = settings
  const dialect = earDialect(settings.result.dialect) ?? 'veraison-2023'
  const ttlMs = session.ttlSeconds * 1000
  const common = { guard, time, random, log, ttlMs, dialect }
  const kept = { ...common, judge: appraiser, nonceEncoding: session.nonceEncoding }
  const sessions =
    session.kind === 'sealed'
      ? new SealedSessions({ ...kept, keys: parts.nonces })
      : new StoredSessions(kept)
  const served = {
    access: access.clients === 'known' ? (['client'] as const) : ('anyone' as const),
    bodyLimit: limits.bodyOctets,
  }
  return [
    ...onceEndpoints({
      ...common,
      ...served,
      appraiser,
      keys: parts.nonces,
      isSingleUse: nonce.singleUse,
    }),
    ...sessionEndpoints({ ...common, ...served, sessions }),
    ...discoveryEndpoints({
      keys: parts.results,
      version: parts.version,
      state: parts.state,
      now: () => clock.now(),
    }),
    ...provisioningEndpoints({
      clock,
      signers: acceptedSigners(provisioning.signers),
      requireSigned: provisioning.signers.requireSigned,
      sessionTtlMs: provisioning.sessionSeconds * 1000,
      onSubmission: ({ outcome, by, octets }) => {
        metrics.submission(outcome)
        log.info(`a CoRIM was ${outcome}`, { by, octets })
      },
    }),
    ...managementEndpoints({ clock, random, credentials: record.credentials }),
    ...openEndpoints(parts),
  ]
}
