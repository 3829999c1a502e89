import type { Clock } from '@keyline/bytes'
import type { Policy } from '@keyline/ledger/records'
import { rendererOf, type Renderer } from '../terminal/event-sink.ts'
import { interruptSignal } from '../terminal/interrupt.ts'
import type { Output } from '../terminal/output.ts'
import { openStation, type OpenStation } from '../wiring/open-station.ts'
import { clockOf } from '../wiring/run-order.ts'
import type { StationOptions } from './options.ts'

export interface RunOptions extends StationOptions {
  readonly slots: number
  readonly fast?: boolean
}

/** What a run of the line needs around it. */
export interface StationRun {
  readonly station: OpenStation
  readonly clock: Clock
  readonly signal: AbortSignal
  readonly renderer: Renderer
}

/** Opens clock, Ctrl+C, rendering and station for a run, and gives all of them back, however it ends. */
export async function withStation<T>(
  output: Output,
  options: RunOptions,
  policy: Policy,
  run: (parts: StationRun) => Promise<T>,
): Promise<T> {
  const { slots, json = false, quiet = false, home, ledger } = options
  const clock = clockOf(options.fast === true)
  const interrupt = interruptSignal(output)
  const renderer = rendererOf({ output, json, quiet, slots, now: () => clock.monotonicMs() })
  try {
    const station = await openStation({ home, ledger, policy, clock })
    try {
      return await run({ station, clock, signal: interrupt.signal, renderer })
    } finally {
      await station.close()
    }
  } finally {
    renderer.stop()
    interrupt.dispose()
  }
}
