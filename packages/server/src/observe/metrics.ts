import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import { latencyBuckets, RequestFigures, type RequestSources } from './request-figures.ts'

/** What a scrape asks for at that moment. */
export interface MetricSources extends RequestSources {
  /** Certificates that orders in work may still get. */
  readonly quotas: () => Promise<ReadonlyArray<{ readonly order: string; readonly left: number }>>
  /** The newest revocation list of each issuer of this server. Times in seconds. */
  readonly lists: () => Promise<
    ReadonlyArray<{ readonly issuer: string; readonly age: number; readonly left: number }>
  >
}

/** Orders that a scrape shows at most, so that the number of series has a bound. */
const mostOrders = 200

/** Figures for Prometheus. Labels come from declared tables and the record, never from what a caller sends. */
export class Metrics {
  readonly #registry = new Registry()
  readonly #requests: RequestFigures
  readonly #issuances: Counter<'outcome'>
  readonly #signer: Histogram

  constructor(sources: MetricSources) {
    const registers = [this.#registry]
    this.#requests = new RequestFigures(this.#registry, sources)
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
    this.#perOrder(sources)
    this.#perIssuer(sources)
  }

  request(route: string, status: number, seconds: number): void {
    this.#requests.request(route, status, seconds)
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
