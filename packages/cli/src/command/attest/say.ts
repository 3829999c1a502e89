import { ExitCode } from '../../exit-code.ts'
import type { Output } from '../../terminal/output.ts'
import { printableLines } from '../../wiring/attest/printable-lines.ts'

/** What a command found. */
export interface Report {
  /** For people. */
  readonly text: string
  /** For `--json`. */
  readonly document: object
  /** `done` unless given. */
  readonly code?: ExitCode | undefined
}

export interface JsonOption {
  readonly json?: boolean
}

/** Shows what a command found. Messages come from anyone: of their control characters none reaches a terminal. */
export function say(
  output: Output,
  { json }: JsonOption,
  { text, document, code = ExitCode.done }: Report,
): ExitCode {
  output.out(json === true ? `${JSON.stringify(document)}\n` : printableLines(text))
  return code
}
