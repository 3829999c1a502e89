import { createServer, type Server } from 'node:https'
import { toHex, type Clock, type Random } from '@keyline/bytes'
import type { Signer } from '@keyline/crypto'
import { keyIdentifier, parseCertificate } from '@keyline/x509'
import { ServerError } from './errors.ts'
import { Readiness } from './health/readiness.ts'
import { probeSigner, selfTest } from './health/self-test.ts'
import { MemberDirectory } from './identity/member-directory.ts'
import { Admission, type AdmissionOptions } from './limits/admission.ts'
import { defaultRates, RateLimit, type Rates } from './limits/token-bucket.ts'
import type { ServerLog } from './observe/log.ts'
import { Metrics } from './observe/metrics.ts'
import { allEndpoints } from './route/endpoints.ts'
import { Gate } from './route/gate.ts'
import { createApp, documentOf, listenerOf } from './route/router.ts'
import type { DacIssuer, ServerLedger, Service } from './route/service.ts'
import { certifyServer, serviceCertificateLifeMs } from './service-ca/certify.ts'
import type { ServiceCa } from './service-ca/service-ca.ts'
import { transportLimits, transportTimeouts, type TransportTimeouts } from './transport/limits.ts'
import { listen, stopListening } from './transport/listen.ts'
import { secureContext, serverOptions } from './transport/tls.ts'

export interface ServerParts {
  readonly ledger: ServerLedger
  readonly issuer: DacIssuer
  /** Holder of the PAI key: probed for readiness. */
  readonly signer: Signer
  /** X.509 DER. */
  readonly pai: Uint8Array
  readonly paa: Uint8Array
  readonly serviceCa: ServiceCa
  readonly policy: 'test' | 'production'
  readonly clock: Clock
  readonly random: Random
  readonly log: ServerLog
}

export interface ListenOptions {
  readonly host: string
  /** 0 takes a free one. */
  readonly port: number
  /** DNS names and IP addresses under which stations reach the server. */
  readonly hostNames: readonly string[]
  readonly rates?: Rates | undefined
  readonly admission?: Omit<AdmissionOptions, 'clock'> | undefined
  readonly timeouts?: Partial<TransportTimeouts> | undefined
}

/** A server that listens. */
export interface RunningServer {
  readonly port: number
  /** Certificate of this process, X.509 DER. */
  readonly certificate: Uint8Array
  /** Takes no new work, lets what is in flight end, and closes; what takes longer is cut off. */
  stop(graceMs?: number): Promise<void>
}

const hourMs = 3_600_000

/**
 * Tests itself, then listens with TLS 1.3.
 * @throws ServerError `SERVER_SELF_TEST`, `SERVER_ADDRESS`
 */
export async function startServer(
  parts: ServerParts,
  options: ListenOptions,
): Promise<RunningServer> {
  const { clock, random, log, ledger, signer } = parts
  const algorithms = selfTest(random)
  await probeSigner(signer, random)
  await ledger.ping().catch((cause: unknown) => {
    throw new ServerError('SERVER_SELF_TEST', 'the store does not answer', { cause })
  })
  log.info('self-test passed', { algorithms: algorithms.join(', ') })

  const stopping = new AbortController()
  const ending = new AbortController()
  const isStopping = (): boolean => stopping.signal.aborted
  const admission = new Admission({ ...options.admission, clock })
  const { readiness, metrics } = observers(parts, admission)
  const directory = new MemberDirectory({ members: ledger.members, clock })
  const service: Service = { ...parts, directory, metrics }
  const document = (): unknown => documentOf(app)
  const endpoints = allEndpoints(service, { readiness, metrics, isStopping, document })
  const gate = new Gate({
    directory,
    rates: new RateLimit(options.rates ?? defaultRates, clock),
    admission,
    metrics,
    log,
    clock,
    instance: toHex(random.bytes(4)),
    stop: ending.signal,
    isStopping,
  })
  const app = createApp(endpoints, gate)

  const certifying = { ca: parts.serviceCa, clock, random }
  const identity = await certifyServer(certifying, options.hostNames)
  const server = createServer(
    serverOptions(identity, { ...transportTimeouts, ...options.timeouts }),
    listenerOf(app),
  )
  // Lines are counted at the gate, which answers in our form; what the runtime holds of them is bounded by their octets.
  server.maxHeadersCount = 0
  server.maxConnections = transportLimits.connections
  server.on('tlsClientError', () => undefined)
  const port = await listen(server, options)
  const renewal = renewCertificate(server, identity.notAfter, clock, () =>
    certifyServer(certifying, options.hostNames),
  )
  await readiness.lack()
  log.info('listening', { host: options.host, port })
  return {
    port,
    certificate: identity.certificate,
    stop: async (graceMs = 10_000) => {
      if (isStopping()) return
      stopping.abort()
      clearInterval(renewal)
      log.info('stopping', { running: admission.running, waiting: admission.waiting })
      await stopListening(server, graceMs, ending)
      log.info('stopped')
    },
  }
}

function observers(
  { ledger, signer, clock, random, pai, paa }: ServerParts,
  admission: Admission,
): { readonly readiness: Readiness; readonly metrics: Metrics } {
  const readiness = new Readiness({
    clock,
    dependencies: [
      { name: 'store', check: () => ledger.ping() },
      {
        name: 'signer',
        check: async () => {
          const before = clock.monotonicMs()
          await probeSigner(signer, random)
          metrics.signature((clock.monotonicMs() - before) / 1000)
        },
      },
    ],
  })
  const issuers = [pai, paa].map((der) =>
    toHex(keyIdentifier(parseCertificate(der).spki.key.octets)),
  )
  const metrics = new Metrics({
    running: () => admission.running,
    waiting: () => admission.waiting,
    isReady: () => readiness.isReady,
    quotas: async () => {
      const orders = await ledger.orders()
      return orders
        .filter(({ state }) => state !== 'closed')
        .map((order) => ({
          order: order.orderId,
          left: order.certificateLimit - order.certificatesUsed,
        }))
    },
    lists: async () => {
      const found = await Promise.all(issuers.map((id) => ledger.revocation.crl(id)))
      const now = clock.now()
      return found.flatMap((list, index) =>
        list === undefined
          ? []
          : [
              {
                issuer: issuers[index] ?? '',
                age: (now - list.thisUpdate) / 1000,
                left: (list.nextUpdate - now) / 1000,
              },
            ],
      )
    },
  })
  return { readiness, metrics }
}

/** A process that runs for months gets a new certificate when a third of the life of the old one is left. */
function renewCertificate(
  server: Server,
  firstEnd: number,
  clock: Clock,
  certify: () => ReturnType<typeof certifyServer>,
): NodeJS.Timeout {
  let notAfter = firstEnd
  const renew = async (): Promise<void> => {
    const identity = await certify()
    notAfter = identity.notAfter
    server.setSecureContext(secureContext(identity))
  }
  const timer = setInterval(() => {
    if (notAfter - clock.now() < serviceCertificateLifeMs / 3) void renew()
  }, hourMs)
  return timer.unref()
}
