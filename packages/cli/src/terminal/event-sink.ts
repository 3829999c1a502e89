import type { EventSink } from '@keyline/station'
import { LiveTable } from './live-table.ts'
import type { Output } from './output.ts'
import { plainEvents } from './plain-events.ts'

export interface RenderOptions {
  readonly output: Output
  readonly json: boolean
  readonly quiet: boolean
  /** Lines that a live table would have. */
  readonly slots: number
  readonly now: () => number
}

export interface Renderer {
  readonly sink: EventSink
  /** Gives the terminal back; safe to call at any time. */
  stop(): void
}

/** Lines of a live table besides those of its slots. */
const tableFrame = 4

/** JSON lines, nothing, a live table on a terminal that has room for it, plain lines elsewhere. */
export function rendererOf(options: RenderOptions): Renderer {
  const { output, json, quiet } = options
  if (json) {
    return { sink: (event) => output.out(`${JSON.stringify(event)}\n`), stop: () => undefined }
  }
  if (quiet) return { sink: () => undefined, stop: () => undefined }
  const hasRoom = output.isTerminal && output.rows >= options.slots + tableFrame
  if (!hasRoom) return { sink: plainEvents(output), stop: () => undefined }
  const table = new LiveTable({ output, now: options.now, slots: options.slots })
  return { sink: table.sink, stop: () => table.stop() }
}
