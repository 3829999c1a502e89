import type { RequestListener } from 'node:http'
import { toHex } from '@keyline/bytes'
import { ServerError } from '../errors.ts'
import { Readiness } from '../health/readiness.ts'
import { selfTest } from '../health/self-test.ts'
import { Admission } from '../limits/admission.ts'
import { RateLimit } from '../limits/token-bucket.ts'
import { listen, stopListening } from '../transport/listen.ts'
import { Audit } from './appraisal/audit.ts'
import { Appraiser } from './appraisal/appraiser.ts'
import { Credentials } from './credential/credentials.ts'
import { listenForProxy } from './credential/proxy-socket.ts'
import { TrustedProxy } from './credential/trusted-proxy.ts'
import type { ServiceState } from './discovery/endpoints.ts'
import { verifierEndpoints } from './endpoints.ts'
import { apiDocument } from './http/api-document.ts'
import { VerifierGate } from './http/gate.ts'
import { createListener, type ListenerOptions } from './http/listener.ts'
import { Router } from './http/router.ts'
import { VerifierMetrics } from './http/verifier-metrics.ts'
import { Housekeeping } from './housekeeping.ts'
import { earKeys, nonceKeys } from './key/kinds.ts'
import { SharedKeys } from './key/shared-keys.ts'
import type { VerifierParts } from './parts.ts'
import type { VerifierRecord } from './port.ts'
import { RecordGuard } from './record-guard.ts'
import { verifierSelfTest } from './self-test.ts'
import { defaultTenant } from './settings.ts'
import { ForwardClock } from './time/forward-clock.ts'

export interface VerifierListenOptions extends ListenerOptions {
  readonly host: string
  /** 0 takes a free one. */
  readonly port: number
  /** Version of the build, for discovery and the API document. */
  readonly version?: string | undefined
}

/** A verifier that listens. */
export interface RunningVerifier {
  readonly port: number
  /** Of the key that signs results: its thumbprint (RFC 7638). */
  readonly keyId: string
  /** Figures of this process, in the text form of Prometheus. */
  metrics(): Promise<string>
  /**
   * Says that it is not ready any more, serves on for `drainMs` so that load balancers notice, takes no new connection,
   * lets running appraisals end and writes their records; what takes longer than `graceMs` is cut off.
   */
  stop(options?: {
    readonly drainMs?: number | undefined
    readonly graceMs?: number | undefined
  }): Promise<void>
}

/** How often keys are read again, less than the time for which a new one is announced. */
const refreshMs = 20_000
const sweepMs = 30_000
const hourMs = 3_600_000
/** How far the clock of the machine may be set back before it must be looked after. */
const mostAheadMs = 5_000

/**
 * Tests itself, loads keys and trust anchors, then listens (ATT-4).
 * @throws ServerError `SERVER_SELF_TEST`, `SERVER_ADDRESS`, `SERVER_KEYS_DAMAGED`, `SERVER_CREDENTIALS_OFF`
 */
export async function startVerifier(
  parts: VerifierParts,
  options: VerifierListenOptions,
): Promise<RunningVerifier> {
  const { record, clock, random, log, settings } = parts
  const { limits, session } = settings
  const version = options.version ?? '0'
  const algorithms = selfTest(random)
  const tenants = [defaultTenant, ...settings.tenants.names]
  await loadRecord(record, tenants)
  const time = new ForwardClock(clock)
  const ttlMs = session.ttlSeconds * 1000
  const results = await SharedKeys.open(
    record,
    earKeys(random, settings.result.keyRetentionDays),
    time,
  )
  const nonces = await SharedKeys.open(record, nonceKeys(random, ttlMs), time)
  await verifierSelfTest(results.current)
  log.info('self-test passed', { algorithms: algorithms.join(', '), key: results.current.jwk.kid })

  const draining = new AbortController()
  const ending = new AbortController()
  const isStopping = (): boolean => draining.signal.aborted
  const guard = new RecordGuard(clock, limits.recordMs)
  const admission = new Admission({ ...limits, clock })
  const audit = new Audit({ ...settings.audit, store: (name) => record.tenant(name), clock, log })
  const readiness = new Readiness({
    clock,
    dependencies: [
      { name: 'record', check: () => record.ping() },
      { name: 'signer', check: () => verifierSelfTest(results.current) },
      { name: 'clock', check: async () => requireSoundClock(time) },
    ],
  })
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
  const { proxy: behind } = settings.access
  const proxy = behind && new TrustedProxy(behind)
  const credentials = new Credentials({
    store: record.credentials,
    clock,
    random,
    mode: settings.access.management,
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
    stop: ending.signal,
    isStopping,
  })
  const onRequest: RequestListener = (incoming, outgoing) => void gate.serve(incoming, outgoing)
  const server = createListener(options, onRequest)
  const lack = await readiness.lack()
  if (lack !== undefined) {
    throw new ServerError('SERVER_SELF_TEST', `the ${lack.part} does not answer`, {
      cause: lack.error,
    })
  }
  const servers = [server]
  if (proxy !== undefined && behind?.socket !== undefined) {
    const besides = createListener({ timeouts: options.timeouts }, onRequest)
    await listenForProxy(besides, behind.socket, proxy)
    servers.push(besides)
  }
  const stopServing = async (graceMs: number): Promise<void> => {
    await Promise.all(servers.map((one) => stopListening(one, graceMs, ending)))
  }
  const port = await listen(server, options).catch(async (cause: unknown) => {
    await stopServing(0)
    throw cause
  })
  const housekeeping = keepHouse({ ...parts, tenants, results, nonces, time })
  log.info('listening', { host: options.host, port })
  return {
    port,
    keyId: results.current.jwk.kid,
    metrics: () => metrics.text(),
    stop: async ({ drainMs = 0, graceMs = 10_000 } = {}) => {
      if (isStopping()) return
      draining.abort()
      housekeeping.stop()
      log.info('stopping', { running: admission.running, waiting: admission.waiting })
      if (drainMs > 0) await clock.sleep(drainMs)
      await stopServing(graceMs)
      await audit.flush()
      log.info('stopped', { unwritten: audit.waiting })
    },
  }
}

/** Asks everything once that an appraisal will ask. */
async function loadRecord(record: VerifierRecord, tenants: readonly string[]): Promise<void> {
  try {
    await record.ping()
    for (const tenant of tenants) await record.tenant(tenant).trust.certificateTrust()
  } catch (cause) {
    throw new ServerError('SERVER_SELF_TEST', 'the record does not answer', { cause })
  }
}

function requireSoundClock(time: ForwardClock): void {
  const { aheadMs } = time
  if (aheadMs <= mostAheadMs) return
  throw new ServerError('SERVER_NOT_READY', `the clock was set back by ${Math.round(aheadMs)} ms`)
}

interface Household extends VerifierParts {
  readonly tenants: readonly string[]
  readonly results: SharedKeys<unknown>
  readonly nonces: SharedKeys<unknown>
  readonly time: ForwardClock
}

/** Reads keys again, makes new ones in time, and takes out what has ended. */
function keepHouse(parts: Household): Housekeeping {
  const { record, clock, log, settings, tenants, results, nonces, time } = parts
  const housekeeping = new Housekeeping(clock, log)
  housekeeping.every(refreshMs, 'the keys could not be read again', async () => {
    await results.refresh()
    await nonces.refresh()
    const due = nonces.newestFrom + settings.nonce.rotateHours * hourMs
    if (time.now() >= due) await nonces.rotate()
  })
  housekeeping.every(sweepMs, 'what has ended could not be taken out', async () => {
    for (const tenant of tenants) {
      const { sessions, seen } = record.tenant(tenant)
      await sessions.sweep(time.now())
      await seen.sweep(time.now())
    }
  })
  housekeeping.every(hourMs, 'old appraisals could not be taken out', async () => {
    const before = time.now() - settings.audit.retentionDays * 24 * hourMs
    for (const tenant of tenants) await record.tenant(tenant).appraisals.sweep(before)
  })
  return housekeeping
}
