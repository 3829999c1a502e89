import type { RequestListener } from 'node:http'
import { ServerError } from '../errors.ts'
import { selfTest } from '../health/self-test.ts'
import { listen, stopListening } from '../transport/listen.ts'
import { assembleVerifier } from './assemble.ts'
import { listenForProxy } from './credential/proxy-socket.ts'
import { createListener, type ListenerOptions } from './http/listener.ts'
import { keepHouse } from './housekeeping.ts'
import { earKeys, nonceKeys } from './key/kinds.ts'
import { SharedKeys } from './key/shared-keys.ts'
import type { VerifierParts } from './parts.ts'
import type { VerifierRecord } from './port.ts'
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

/**
 * Tests itself, loads keys and trust anchors, then listens (ATT-4).
 * @throws ServerError `SERVER_SELF_TEST`, `SERVER_ADDRESS`, `SERVER_KEYS_DAMAGED`, `SERVER_CREDENTIALS_OFF`
 */
export async function startVerifier(
  parts: VerifierParts,
  options: VerifierListenOptions,
): Promise<RunningVerifier> {
  const { record, clock, random, log, settings } = parts
  const version = options.version ?? '0'
  const algorithms = selfTest(random)
  const tenants = [defaultTenant, ...settings.tenants.names]
  await loadRecord(record, tenants)
  const time = new ForwardClock(clock)
  const ttlMs = settings.session.ttlSeconds * 1000
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
  const stop = ending.signal
  const assembled = assembleVerifier(parts, { results, nonces, time, version, isStopping, stop })
  const { admission, audit, gate, metrics, proxy, readiness } = assembled
  const lack = await readiness.lack()
  if (lack !== undefined) {
    throw new ServerError('SERVER_SELF_TEST', `the ${lack.part} does not answer`, {
      cause: lack.error,
    })
  }
  const onRequest: RequestListener = (incoming, outgoing) => void gate.serve(incoming, outgoing)
  const server = createListener(options, onRequest)
  const servers = [server]
  const socket = settings.access.proxy?.socket
  if (proxy !== undefined && socket !== undefined) {
    const besides = createListener({ timeouts: options.timeouts }, onRequest)
    await listenForProxy(besides, socket, proxy)
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
      await audit.close(graceMs)
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
