import type { EventSink } from '@keyline/station'
import { LiveTable } from './live-table.ts'
import type { Output } from './output.ts'
import { plainEvents } from './plain-events.ts'

export interface RenderOptions {
  readonly output: Output
  readonly json: boolean
  readonly quiet: boolean
  readonly now: () => number
}

export interface Renderer {
  readonly sink: EventSink
  /** Gives the terminal back; safe to call at any time. */
  stop(): void
}

/** JSON lines, nothing, a live table on a terminal, plain lines elsewhere. */
export function rendererOf(options: RenderOptions): Renderer {
  const { output, json, quiet } = options
  if (json) {
    return { sink: (event) => output.out(`${JSON.stringify(event)}\n`), stop: () => undefined }
  }
  if (quiet) return { sink: () => undefined, stop: () => undefined }
  if (!output.isTerminal) return { sink: plainEvents(output), stop: () => undefined }
  const table = new LiveTable(output, options.now)
  return { sink: table.sink, stop: () => table.stop() }
}
