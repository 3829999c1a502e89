import { Counter, Gauge, Histogram, type Registry } from 'prom-client'

/** What a scrape asks for at that moment, of any server. */
export interface RequestSources {
  readonly running: () => number
  readonly waiting: () => number
  readonly isReady: () => boolean
}

export const latencyBuckets = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
]

/** Requests, their latency, and the queue before them: the figures that every server has. */
export class RequestFigures {
  readonly #registry: Registry
  readonly #requests: Counter<'route' | 'status'>
  readonly #latency: Histogram<'route'>

  constructor(registry: Registry, sources: RequestSources) {
    this.#registry = registry
    const registers = [registry]
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
    this.gauge('keyline_requests_running', 'Requests in work.', sources.running)
    this.gauge('keyline_requests_waiting', 'Requests in the queue.', sources.waiting)
    this.gauge('keyline_ready', '1 when the server is ready.', () => Number(sources.isReady()))
  }

  request(route: string, status: number, seconds: number): void {
    this.#requests.inc({ route, status })
    this.#latency.observe({ route }, seconds)
  }

  /** A figure that is read when it is asked for. */
  gauge(name: string, help: string, read: () => number): void {
    const made: Gauge = new Gauge({
      name,
      help,
      registers: [this.#registry],
      collect: () => made.set(read()),
    })
  }
}
