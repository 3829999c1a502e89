import { Command } from 'commander'
import type { ExitCode } from '../exit-code.ts'
import type { Output } from '../terminal/output.ts'
import { unitReworkCommand } from './unit-rework.ts'
import { unitScrapCommand } from './unit-scrap.ts'
import { unitShowCommand } from './unit-show.ts'

/** `keyline unit`: what the ledger knows of a unit, and what becomes of it after its verdict. */
export function unitCommand(output: Output, end: (code: ExitCode) => void): Command {
  return new Command('unit')
    .addCommand(unitShowCommand(output, end))
    .addCommand(unitReworkCommand(output, end))
    .addCommand(unitScrapCommand(output, end))
}
