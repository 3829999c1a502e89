import { Command, InvalidArgumentError } from 'commander'
import type { Stsafe } from '@keyline/stsafe'
import { CliError } from '../../errors.ts'
import { ExitCode } from '../../exit-code.ts'
import type { Output } from '../../terminal/output.ts'
import { withChip, type ChipCall, type ChipOptions } from '../../wiring/stsafe-chip.ts'
import { wholeNumber } from '../options.ts'

/** What a command found: the text for people, the document for `--json`. */
export interface Report {
  readonly text: string
  readonly document: object
  /** `done` unless given. */
  readonly code?: ExitCode | undefined
}

export type End = (code: ExitCode) => void

/** A command that talks to a chip, with the options of all such commands. */
export function chipCommand(name: string, summary: string): Command {
  return new Command(name)
    .summary(summary)
    .description(`${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`)
    .option(
      '--device <uri>',
      'i2c:///dev/i2c-1?address=0x20, tcp://HOST:PORT, unix:///PATH or sim:FILE (KEYLINE_STSAFE)',
    )
    .option(
      '--host-keys <file>',
      'opens the host session: JSON with macKey and cipherKey (KEYLINE_STSAFE_HOST_KEYS)',
    )
    .option('--json', 'machine-readable result')
}

/** The same for an act that may be permanent. */
export function permanentCommand(name: string, summary: string): Command {
  return chipCommand(name, summary).option('--permanent', 'confirms what cannot be undone')
}

/** Runs the work on the chip and shows what it found. */
export async function onChip(
  output: Output,
  options: ChipOptions,
  work: (chip: Stsafe, call: ChipCall) => Promise<Report>,
): Promise<ExitCode> {
  return show(output, options, await withChip(output, options, work))
}

/** Says what becomes permanent, before it does. @throws CliError `CLI_PERMANENT` without confirmation */
export function confirmPermanent(
  output: Output,
  { permanent }: { readonly permanent?: boolean },
  what: string,
): void {
  if (permanent !== true) throw new CliError('CLI_PERMANENT', what)
  output.err(`permanent: ${what}\n`)
}

export function show(
  output: Output,
  { json }: { readonly json?: boolean },
  { text, document, code = ExitCode.done }: Report,
): ExitCode {
  output.out(json === true ? `${JSON.stringify(document)}\n` : text)
  return code
}

/** Reads names of a list, separated by commas, for an option. */
export function namesOf<N extends string>(known: readonly N[]): (text: string) => readonly N[] {
  return (text) =>
    text.split(',').map((word) => {
      const name = known.find((one) => one.toLowerCase() === word.trim().toLowerCase())
      if (name !== undefined) return name
      throw new InvalidArgumentError(`It must be names of ${known.join(', ')}.`)
    })
}

/** Reads one name of a list, in any case, for an option. */
export function nameOf<N extends string>(known: readonly N[]): (text: string) => N {
  return (text) => {
    const name = known.find((one) => one.toLowerCase() === text.toLowerCase())
    if (name !== undefined) return name
    throw new InvalidArgumentError(`It must be one of ${known.join(', ')}.`)
  }
}

/** Reads whole numbers of a range, separated by commas, for an option. */
export function wholeNumbers(least: number, most: number): (text: string) => readonly number[] {
  return (text) => text.split(',').map((word) => wholeNumber(least, most)(word.trim()))
}
