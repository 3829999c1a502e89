import type { Verdict, VerdictRecord } from '@keyline/ledger/records'
import type { RunSummary, StationEvent, StepTime } from '../flow/events.ts'
import type { StepName } from '../flow/step.ts'

/** Counts what a run did, from its events. */
export class SummaryCounter {
  readonly #verdicts: Record<Verdict, number> = { PASS: 0, FAIL: 0, ERROR: 0, QUARANTINE: 0 }
  readonly #steps = new Map<StepName, number[]>()
  readonly #reasons = new Map<string, number>()

  count(event: StationEvent): void {
    if (event.type === 'step-done') {
      const times = this.#steps.get(event.step) ?? []
      times.push(event.ms)
      this.#steps.set(event.step, times)
    }
    if (event.type === 'unit-decided') this.#decided(event.record)
  }

  summary(run: {
    readonly order: string
    readonly remaining: number
    readonly interrupted: boolean
    readonly stopped?: string | undefined
    readonly elapsedMs: number
  }): RunSummary {
    const { PASS, FAIL, ERROR, QUARANTINE } = this.#verdicts
    // A failed unit is never made again, so every PASS is a first one; an interruption is no fault of the board.
    const judged = PASS + FAIL
    return {
      ...run,
      pass: PASS,
      fail: FAIL,
      error: ERROR,
      quarantine: QUARANTINE,
      firstPassYield: judged === 0 ? undefined : PASS / judged,
      steps: [...this.#steps].map(([step, times]) => stepTime(step, times)),
      reasons: [...this.#reasons]
        .map(([reason, count]) => ({ reason, count }))
        .toSorted((a, b) => b.count - a.count),
    }
  }

  #decided(record: VerdictRecord): void {
    this.#verdicts[record.verdict]++
    if (record.verdict === 'PASS') return
    this.#reasons.set(record.reason, (this.#reasons.get(record.reason) ?? 0) + 1)
  }
}

function stepTime(step: StepName, times: readonly number[]): StepTime {
  const sorted = times.toSorted((a, b) => a - b)
  const middle = sorted.length / 2
  const lower = sorted[Math.ceil(middle) - 1] ?? 0
  const upper = sorted[Math.floor(middle)] ?? 0
  return {
    step,
    count: sorted.length,
    medianMs: Math.round((lower + upper) / 2),
    maxMs: sorted.at(-1) ?? 0,
  }
}
