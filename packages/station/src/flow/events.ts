import type { Finding } from '@keyline/bytes'
import type { Unit, VerdictRecord } from '@keyline/ledger/records'
import type { StepName } from './step.ts'

/** What happens on the line. Command line, console and files render it; the station shows nothing itself. */
export type StationEvent =
  | {
      readonly type: 'run-started'
      readonly run: string
      readonly order: string
      readonly slots: number
      readonly quantity: number
    }
  | { readonly type: 'notice'; readonly text: string; readonly finding?: Finding | undefined }
  | {
      readonly type: 'unit-started'
      readonly slot: number
      readonly probe: string
      readonly unit: Unit
      readonly resumed: boolean
    }
  | {
      readonly type: 'step-started'
      readonly slot: number
      readonly serialNumber: string
      readonly step: StepName
      readonly title: string
      /** Place of the step, 1 … total. */
      readonly index: number
      readonly total: number
    }
  | {
      readonly type: 'step-done'
      readonly slot: number
      readonly serialNumber: string
      readonly step: StepName
      readonly ms: number
    }
  | {
      readonly type: 'board-log'
      readonly slot: number
      readonly serialNumber: string
      readonly text: string
    }
  | {
      readonly type: 'unit-decided'
      readonly slot: number
      readonly unit: Unit
      readonly record: VerdictRecord
      readonly ms: number
    }
  | {
      readonly type: 'slot-stopped'
      readonly slot: number
      readonly reason: string
      readonly remedy: string
    }
  | {
      readonly type: 'alarm'
      /** An outage of what connects the slots, or equal failures in a row. */
      readonly code: 'STATION_OUTAGE' | 'STATION_STOP_RULE'
      readonly slots: readonly number[]
      readonly text: string
      readonly remedy: string
    }
  | { readonly type: 'slot-returned'; readonly slot: number; readonly probe: string }
  | { readonly type: 'run-ended'; readonly run: string; readonly summary: RunSummary }

/** Figures of one run. */
export interface RunSummary {
  readonly order: string
  readonly pass: number
  readonly fail: number
  readonly error: number
  readonly quarantine: number
  /** Units of the order that still miss. */
  readonly remaining: number
  readonly interrupted: boolean
  /** Why the line began no further board before the order was made. */
  readonly stopped?: string | undefined
  /** Share of decided boards that passed at the first try, 0 … 1; ERROR and QUARANTINE do not lower it. */
  readonly firstPassYield: number | undefined
  readonly elapsedMs: number
  /** Median and longest time of each step, milliseconds. */
  readonly steps: readonly StepTime[]
  /** Reasons of verdicts other than PASS, most frequent first. */
  readonly reasons: readonly { readonly reason: string; readonly count: number }[]
}

export interface StepTime {
  readonly step: StepName
  readonly count: number
  readonly medianMs: number
  readonly maxMs: number
}

export type EventSink = (event: StationEvent) => void
