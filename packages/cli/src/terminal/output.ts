import { CliError } from '../errors.ts'

/** Where a command writes: results to `out`, everything about the run to `err`. */
export interface Output {
  readonly isTerminal: boolean
  readonly hasColour: boolean
  readonly columns: number
  readonly rows: number
  readonly out: (text: string) => void
  readonly err: (text: string) => void
}

export function processOutput(): Output {
  // Whoever read the output may be gone; the boards in work are not.
  process.stdout.on('error', nameOutputError)
  const isTerminal = process.stdout.isTTY
  const noColour = process.env['NO_COLOR'] !== undefined && process.env['NO_COLOR'] !== ''
  return {
    isTerminal,
    hasColour: isTerminal && !noColour && process.env['TERM'] !== 'dumb',
    get columns() {
      return process.stdout.columns
    },
    get rows() {
      return process.stdout.rows
    },
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
  }
}

function nameOutputError(cause: Error): void {
  if ('code' in cause && cause.code === 'EPIPE') return
  throw new CliError('CLI_OUTPUT', `the standard output: ${cause.message}`, { cause })
}

const codes = { green: 32, red: 31, yellow: 33, cyan: 36, dim: 2, bold: 1 } as const
export type Colour = keyof typeof codes

/** The text in a colour, where the output shows colours. */
export function paint(output: Output, colour: Colour, text: string): string {
  return output.hasColour ? `\u001b[${codes[colour]}m${text}\u001b[0m` : text
}
