import { Counter, Registry } from 'prom-client'
import { RequestFigures, type RequestSources } from '../../observe/request-figures.ts'
import type { Outcome } from '../appraisal/appraiser.ts'

export interface VerifierSources extends RequestSources {
  /** Records that wait for the log of appraisals. */
  readonly unwritten: () => number
}

/** Figures for Prometheus. The three outcomes have a counter each: what could not be checked is no failed device (V39). */
export class VerifierMetrics {
  readonly #registry = new Registry()
  readonly #requests: RequestFigures
  readonly #outcomes: Readonly<Record<Outcome, Counter>>
  readonly #submissions: Counter<'outcome'>

  constructor(sources: VerifierSources) {
    const registers = [this.#registry]
    this.#requests = new RequestFigures(this.#registry, sources)
    this.#requests.gauge(
      'keyline_verifier_unwritten_records',
      'Appraisals that wait for the log.',
      sources.unwritten,
    )
    const outcome = (name: string, help: string): Counter =>
      new Counter({ name: `keyline_verifier_${name}_total`, help, registers })
    this.#outcomes = {
      genuine: outcome('genuine', 'Evidence of a known key, fresh, with whatever reservations.'),
      contraindicated: outcome('contraindicated', 'Evidence that was checked and refused.'),
      'could-not-check': outcome(
        'could_not_check',
        'Evidence on which there is no verdict: the verifier itself failed.',
      ),
    }
    this.#submissions = new Counter({
      name: 'keyline_verifier_submissions_total',
      help: 'CoRIMs by outcome: stored or refused.',
      labelNames: ['outcome'],
      registers,
    })
  }

  request(route: string, status: number, seconds: number): void {
    this.#requests.request(route, status, seconds)
  }

  appraisal(outcome: Outcome): void {
    this.#outcomes[outcome].inc()
  }

  submission(outcome: 'stored' | 'refused'): void {
    this.#submissions.inc({ outcome })
  }

  get contentType(): string {
    return this.#registry.contentType
  }

  /** The exposition text. */
  text(): Promise<string> {
    return this.#registry.metrics()
  }
}
