import { closeSync, openSync, writeSync } from 'node:fs'
import { describeOperation, type ReconfigureEvent } from '@keyline/station'
import { CliError } from '../errors.ts'
import { paint, type Output } from './output.ts'
import { verdictMarks } from './verdict-mark.ts'

/** One line for each event, behind the port and the last four characters of the probe. */
export function genFactoryDataEvents(
  output: Output,
  verbose: boolean,
): (event: ReconfigureEvent) => void {
  return (event) => {
    const place = `[${event.port ?? 'no port'} ${event.probe.slice(-4)}]`
    switch (event.type) {
      case 'board-found':
        if (verbose) output.out(`${place} probe ${event.probe}\n`)
        return
      case 'operation-started':
        if (verbose) output.out(`${place} ${describeOperation(event.operation)} …\n`)
        return
      case 'operation-done':
        output.out(
          `${place} ${describeOperation(event.operation)}  ${(event.ms / 1000).toFixed(2)} s\n`,
        )
        return
      case 'board-decided': {
        const { verdict, reason, message, remedy } = event.record
        const { mark, colour } = verdictMarks[verdict]
        const why = verdict === 'PASS' ? message : `${reason}: ${message}. Remedy: ${remedy}`
        const demo = event.demo ? ' (demo: published credentials)' : ''
        output.out(`${place} ${paint(output, colour, `${mark} ${verdict}`)}  ${why}${demo}\n`)
        return
      }
      default:
        event satisfies never
    }
  }
}

export interface JsonLog {
  readonly write: (event: object) => void
  close(): void
}

/** Events as JSON lines in a file; without a name they go nowhere. @throws CliError `CLI_FILE` */
export function jsonLog(path: string | undefined): JsonLog {
  if (path === undefined) return { write: () => undefined, close: () => undefined }
  try {
    const file = openSync(path, 'a', 0o644)
    return {
      write: (event) => void writeSync(file, `${JSON.stringify(event)}\n`),
      close: () => closeSync(file),
    }
  } catch (cause) {
    throw new CliError('CLI_FILE', `${path} cannot be written`, { cause })
  }
}
