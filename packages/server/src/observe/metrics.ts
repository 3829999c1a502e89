import { Counter, Gauge, Histogram, Registry } from 'prom-client'

/** What a scrape asks for at that moment. */
export interface MetricSources {
  readonly running: () => number
  readonly waiting: () => number
  readonly isReady: () => boolean
  /** Certificates that orders in work may still get. */
  readonly quotas: () => Promise<ReadonlyArray<{ readonly order: string; readonly left: number }>>
  /** The newest revocation list of each issuer of this server. Times in seconds. */
  readonly lists: () => Promise<
    ReadonlyArray<{ readonly issuer: string; readonly age: number; readonly left: number }>
  >
}

/** Orders that a scrape shows at most, so that the number of series has a bound. */
const mostOrders = 200

const latencyBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

/** Figures for Prometheus. Labels come from declared tables and the record, never from what a caller sends. */
export class Metrics {
  readonly #registry = new Registry()
  readonly #requests: Counter<'route' | 'status'>
  readonly #latency: Histogram<'route'>
  readonly #issuances: Counter<'outcome'>
  readonly #signer: Histogram

  constructor(sources: MetricSources) {
    const registers = [this.#registry]
    this.#requests = new Counter({
      name: 'keyline_requests_total',
      help: 'Requests by endpoint and status.',
      labelNames: ['route', 'status'],
      registers,
    })
    this.#latency = new Histogram({
      name: 'keyline_request_seconds',
      help: 'Time from the head of a request to its answer, by endpoint.',
      labelNames: ['route'],
      buckets: latencyBuckets,
      registers,
    })
    this.#issuances = new Counter({
      name: 'keyline_issuances_total',
      help: 'Requests for a device certificate by outcome: issued, replayed, or the code of the refusal.',
      labelNames: ['outcome'],
      registers,
    })
    this.#signer = new Histogram({
      name: 'keyline_signer_seconds',
      help: 'Time that the signer takes for one signature.',
      buckets: latencyBuckets,
      registers,
    })
    this.#gauges(sources)
  }

  request(route: string, status: number, seconds: number): void {
    this.#requests.inc({ route, status })
    this.#latency.observe({ route }, seconds)
  }

  issuance(outcome: string): void {
    this.#issuances.inc({ outcome })
  }

  signature(seconds: number): void {
    this.#signer.observe(seconds)
  }

  get contentType(): string {
    return this.#registry.contentType
  }

  /** The exposition text. */
  text(): Promise<string> {
    return this.#registry.metrics()
  }

  #gauges(sources: MetricSources): void {
    const gauge = (name: string, help: string, read: () => number): void => {
      const made: Gauge = new Gauge({
        name,
        help,
        registers: [this.#registry],
        collect: () => made.set(read()),
      })
    }
    gauge('keyline_requests_running', 'Requests in work.', sources.running)
    gauge('keyline_requests_waiting', 'Requests in the queue.', sources.waiting)
    gauge('keyline_ready', '1 when the server is ready.', () => Number(sources.isReady()))
    this.#perOrder(sources)
    this.#perIssuer(sources)
  }

  #perOrder({ quotas }: MetricSources): void {
    const left = new Gauge({
      name: 'keyline_order_certificates_left',
      help: 'Certificates that an order in work may still get.',
      labelNames: ['order'],
      registers: [this.#registry],
      collect: async () => {
        const orders = await quotas()
        left.reset()
        for (const { order, left: count } of orders.slice(-mostOrders)) left.set({ order }, count)
      },
    })
  }

  #perIssuer({ lists }: MetricSources): void {
    const registers = [this.#registry]
    const age = new Gauge({
      name: 'keyline_crl_age_seconds',
      help: 'Age of the newest revocation list.',
      labelNames: ['issuer'],
      registers,
    })
    const life = new Gauge({
      name: 'keyline_crl_remaining_seconds',
      help: 'Time until the newest revocation list lapses.',
      labelNames: ['issuer'],
      registers,
      collect: async () => {
        for (const list of await lists()) {
          age.set({ issuer: list.issuer }, list.age)
          life.set({ issuer: list.issuer }, list.left)
        }
      },
    })
  }
}
