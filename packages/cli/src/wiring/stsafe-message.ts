import { InvalidArgumentError, type Command } from 'commander'
import { encodeUtf8, fromHex } from '@keyline/bytes'
import { CliError } from '../errors.ts'
import { readInput } from './pki-input.ts'

/** Where a message comes from: one of the three. */
export interface MessageOptions {
  readonly hex?: Uint8Array
  readonly text?: string
  readonly in?: string
}

export function withMessage(command: Command): Command {
  return command
    .option('--hex <digits>', 'the message in hexadecimal', hexOctets)
    .option('--text <text>', 'the message as UTF-8')
    .option('--in <file>', 'the message in a file; - for the standard input')
}

/** @throws CliError `CLI_USAGE` unless exactly one source is named */
export async function readMessage(options: MessageOptions): Promise<Uint8Array> {
  const { hex, text, in: path } = options
  const given = [hex, text, path].filter((one) => one !== undefined)
  if (given.length !== 1) {
    throw new CliError('CLI_USAGE', 'the message is not named by one of --hex, --text and --in')
  }
  if (hex !== undefined) return hex
  return text === undefined ? readInput(path ?? '', 'message') : encodeUtf8(text)
}

/** Reads octets in hexadecimal, with or without blanks and colons, for an option or argument. */
export function hexOctets(text: string): Uint8Array {
  const digits = text.replaceAll(/[\s:]/g, '').toLowerCase()
  if (/^(?:[0-9a-f]{2})*$/.test(digits)) return fromHex(digits)
  throw new InvalidArgumentError('It must be an even number of hexadecimal digits.')
}
