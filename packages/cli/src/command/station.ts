import { Command } from 'commander'
import type { ExitCode } from '../exit-code.ts'
import type { Output } from '../terminal/output.ts'
import { stationBindCommand } from './station-bind.ts'
import { stationCheckCommand } from './station-check.ts'

/** `keyline station`: the station itself, apart from its orders. */
export function stationCommand(output: Output, end: (code: ExitCode) => void): Command {
  return new Command('station')
    .addCommand(stationBindCommand(output, end))
    .addCommand(stationCheckCommand(output, end))
}
