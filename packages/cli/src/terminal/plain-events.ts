import { describeFinding } from '@keyline/bytes'
import { summaryText, type EventSink } from '@keyline/station'
import { paint, type Output } from './output.ts'
import { shownText } from './text-width.ts'
import { verdictMarks } from './verdict-mark.ts'

/** One line per event, for logs and pipes. */
export function plainEvents(output: Output): EventSink {
  const line = (slot: number, text: string): void =>
    output.out(`slot ${String(slot).padStart(2, '0')}  ${text}\n`)
  return (event) => {
    switch (event.type) {
      case 'run-started':
        output.out(`order ${event.order}: ${event.quantity} units on ${event.slots} slots\n`)
        return
      case 'notice':
        output.out(
          `note: ${event.finding === undefined ? event.text : describeFinding(event.finding)}\n`,
        )
        return
      case 'unit-started':
        line(
          event.slot,
          `${event.unit.serialNumber}  ${event.resumed ? 'resumed' : 'started'} on probe ${event.probe}`,
        )
        return
      case 'step-started':
        return
      case 'step-done':
        line(event.slot, `${event.serialNumber}  ${event.step}  ${(event.ms / 1000).toFixed(2)} s`)
        return
      case 'board-log':
        line(event.slot, `${event.serialNumber}  board: ${shownText(event.text)}`)
        return
      case 'unit-decided': {
        const { verdict, message, remedy, reason } = event.record
        const { mark, colour } = verdictMarks[verdict]
        const why = shownText(
          verdict === 'PASS' ? message : `${reason}: ${message}. Remedy: ${remedy}`,
        )
        line(
          event.slot,
          `${event.unit.serialNumber}  ${paint(output, colour, `${mark} ${verdict}`)}  ${why}`,
        )
        return
      }
      case 'slot-stopped':
        line(event.slot, `stopped: ${shownText(event.reason)}. Remedy: ${event.remedy}`)
        return
      case 'alarm':
        output.out(
          `${paint(output, 'red', 'ALARM')} ${event.code}: ${event.text}. Remedy: ${event.remedy}\n`,
        )
        return
      case 'slot-returned':
        line(event.slot, `probe ${event.probe} is back`)
        return
      case 'run-ended':
        output.out(`\n${summaryText(event.summary)}`)
        return
      default:
        event satisfies never
    }
  }
}
