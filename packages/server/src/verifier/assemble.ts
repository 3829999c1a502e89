import { toHex } from '@keyline/bytes'
import { ServerError } from '../errors.ts'
import { Readiness } from '../health/readiness.ts'
import { Admission } from '../limits/admission.ts'
import { RateLimit } from '../limits/token-bucket.ts'
import { Audit } from './appraisal/audit.ts'
import { Appraiser } from './appraisal/appraiser.ts'
import { Credentials } from './credential/credentials.ts'
import { TrustedProxy } from './credential/trusted-proxy.ts'
import type { ServiceState } from './discovery/endpoints.ts'
import { verifierEndpoints } from './endpoints.ts'
import { apiDocument } from './http/api-document.ts'
import { VerifierGate } from './http/gate.ts'
import { Router } from './http/router.ts'
import { VerifierMetrics } from './http/verifier-metrics.ts'
import type { EarKey } from './key/kinds.ts'
import type { SharedKeys } from './key/shared-keys.ts'
import type { VerifierParts } from './parts.ts'
import { RecordGuard } from './record-guard.ts'
import { verifierSelfTest } from './self-test.ts'
import type { ForwardClock } from './time/forward-clock.ts'

export interface AssemblyOptions {
  readonly results: SharedKeys<EarKey>
  readonly nonces: SharedKeys<Uint8Array>
  readonly time: ForwardClock
  readonly version: string
  readonly isStopping: () => boolean
  /** Fires when the work in flight must end. */
  readonly stop: AbortSignal
}

/** A verifier that only lacks an ear. */
export interface AssembledVerifier {
  readonly admission: Admission
  readonly audit: Audit
  readonly gate: VerifierGate
  readonly metrics: VerifierMetrics
  readonly proxy: TrustedProxy | undefined
  readonly readiness: Readiness
}

/** How far the clock of the machine may be set back before it must be looked after. */
const mostAheadMs = 5_000

/** Puts the service together. @throws ServerError `SERVER_CREDENTIALS_OFF` */
export function assembleVerifier(
  parts: VerifierParts,
  { results, nonces, time, version, isStopping, stop }: AssemblyOptions,
): AssembledVerifier {
  const { record, clock, random, log, settings } = parts
  const { limits, access } = settings
  const guard = new RecordGuard(clock, limits)
  const admission = new Admission({ ...limits, clock })
  const audit = new Audit({ ...settings.audit, store: (name) => record.tenant(name), clock, log })
  const readiness = readinessOf(parts, results, time)
  const metrics = new VerifierMetrics({
    running: () => admission.running,
    waiting: () => admission.waiting,
    isReady: () => readiness.isReady && !isStopping(),
    unwritten: () => audit.waiting,
  })
  const appraiser = new Appraiser({
    guard,
    audit,
    keys: results,
    time,
    log,
    settings,
    count: (outcome) => metrics.appraisal(outcome),
  })
  const proxy = access.proxy && new TrustedProxy(access.proxy)
  const credentials = new Credentials({
    store: record.credentials,
    clock,
    random,
    mode: access.management,
    policy: settings.policy,
    proxy,
  })
  const state = async (): Promise<ServiceState> => {
    if (isStopping()) return 'TERMINATING'
    return (await readiness.lack()) === undefined ? 'READY' : 'DOWN'
  }
  const endpoints = verifierEndpoints({
    ...parts,
    guard,
    appraiser,
    results,
    nonces,
    time,
    readiness,
    metrics,
    isStopping,
    state,
    version,
    document: () => apiDocument(endpoints, version),
  })
  const gate = new VerifierGate({
    router: new Router(endpoints, settings.tenants),
    record,
    guard,
    credentials,
    rates: new RateLimit(limits.rates, clock),
    admission,
    metrics,
    log,
    clock,
    instance: toHex(random.bytes(4)),
    stop,
    isStopping,
  })
  return { admission, audit, gate, metrics, proxy, readiness }
}

function readinessOf(
  { record, clock }: VerifierParts,
  results: SharedKeys<EarKey>,
  time: ForwardClock,
): Readiness {
  return new Readiness({
    clock,
    dependencies: [
      { name: 'record', check: () => record.ping() },
      { name: 'signer', check: () => verifierSelfTest(results.current) },
      { name: 'clock', check: async () => requireSoundClock(time) },
    ],
  })
}

function requireSoundClock(time: ForwardClock): void {
  const { aheadMs } = time
  if (aheadMs <= mostAheadMs) return
  throw new ServerError('SERVER_NOT_READY', `the clock was set back by ${Math.round(aheadMs)} ms`)
}
