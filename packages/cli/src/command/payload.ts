import { Command } from 'commander'
import type { ExitCode } from '../exit-code.ts'
import type { Output } from '../terminal/output.ts'
import { makeCommand } from './payload-make.ts'
import { readCommand } from './payload-read.ts'

/** `keyline payload`: what a commissioner learns from a label. */
export function payloadCommand(output: Output, end: (code: ExitCode) => void): Command {
  return new Command('payload')
    .addCommand(makeCommand(output, end))
    .addCommand(readCommand(output, end))
}
