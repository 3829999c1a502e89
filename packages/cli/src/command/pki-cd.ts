import { Command } from 'commander'
import type { ExitCode } from '../exit-code.ts'
import type { Output } from '../terminal/output.ts'
import { makeCdCommand } from './pki-cd-make.ts'
import { showCdCommand } from './pki-cd-show.ts'

/** `keyline pki cd`: certification declarations. */
export function cdCommand(output: Output, end: (code: ExitCode) => void): Command {
  return new Command('cd')
    .summary('certification declarations')
    .addCommand(makeCdCommand(output, end))
    .addCommand(showCdCommand(output, end))
}
