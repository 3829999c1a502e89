import { describeFinding } from '@keyline/bytes'
import { marksOf } from '@keyline/ledger/records'
import type { StationEvent } from '@keyline/station'
import { paint, type Output } from './output.ts'
import { verdictMarks } from './verdict-mark.ts'

/** What happens in a provisioning run: the events of the line, and which boards it has and leaves alone. */
export type RunEvent =
  | StationEvent
  | { readonly type: 'board-found'; readonly probe: string; readonly port: string | null }
  | {
      readonly type: 'board-left-out'
      readonly probe: string
      readonly port: string | null
      readonly reason: string
    }

/**
 * One line for each event of a provisioning run, behind the port and the last four characters of the probe. Steps are
 * shown when they are done; `verbose` shows their beginning and what boards say as well.
 */
export function provisioningRunEvents(output: Output, verbose: boolean): (event: RunEvent) => void {
  const places = new Map<number, string>()
  const ports = new Map<string, string | null>()
  const line = (slot: number, text: string): void =>
    output.out(`[${places.get(slot) ?? `slot ${slot}`}] ${text}\n`)
  return (event) => {
    switch (event.type) {
      case 'board-found':
        ports.set(event.probe, event.port)
        if (verbose) output.out(`[${placeOf(event)}] probe ${event.probe}\n`)
        return
      case 'board-left-out':
        output.err(`[${placeOf(event)}] left out: ${event.reason}\n`)
        return
      case 'notice':
        output.err(
          `note: ${event.finding === undefined ? event.text : describeFinding(event.finding)}\n`,
        )
        return
      case 'unit-started':
        places.set(event.slot, placeOf({ ...event, port: ports.get(event.probe) ?? null }))
        line(event.slot, `${event.unit.serialNumber} ${event.resumed ? 'goes on' : 'begins'}`)
        return
      case 'step-started':
        if (verbose) line(event.slot, `${event.title} …`)
        return
      case 'step-done':
        line(event.slot, `${event.step}  ${(event.ms / 1000).toFixed(2)} s`)
        return
      case 'board-log':
        if (verbose) line(event.slot, `board: ${event.text}`)
        return
      case 'unit-decided':
        line(event.slot, decided(output, event))
        return
      case 'slot-stopped':
        line(event.slot, `stopped: ${event.reason}. Remedy: ${event.remedy}`)
        return
      case 'alarm':
        output.out(`${event.code}: ${event.text}. Remedy: ${event.remedy}\n`)
        return
      case 'slot-returned':
        line(event.slot, 'is back')
        return
      case 'run-started':
      case 'run-ended':
        return
      default:
        event satisfies never
    }
  }
}

function placeOf({
  probe,
  port,
}: {
  readonly probe: string
  readonly port: string | null
}): string {
  return `${port ?? 'no port'} ${probe.slice(-4)}`
}

function decided(
  output: Output,
  { record }: Extract<StationEvent, { readonly type: 'unit-decided' }>,
): string {
  const { verdict, reason, message, remedy } = record
  const { mark, colour } = verdictMarks[verdict]
  const why = verdict === 'PASS' ? message : `${reason}: ${message}. Remedy: ${remedy}`
  const marks = marksOf(record)
  const beside = marks.length === 0 ? '' : ` (${marks.join(', ')})`
  return `${paint(output, colour, `${mark} ${verdict}`)}  ${why}${beside}`
}
