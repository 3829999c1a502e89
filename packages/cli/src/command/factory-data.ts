import { Command } from 'commander'
import type { ExitCode } from '../exit-code.ts'
import type { Output } from '../terminal/output.ts'
import { checkCommand } from './factory-data-check.ts'
import { decodeCommand } from './factory-data-decode.ts'
import { diffCommand } from './factory-data-diff.ts'
import { encodeCommand } from './factory-data-encode.ts'
import { generateCommand } from './generate.ts'
import { openCommand } from './open-units.ts'

/** `keyline factory-data`: what a Matter device is given, made, read, checked and compared. */
export function factoryDataCommand(output: Output, end: (code: ExitCode) => void): Command {
  const factoryData = new Command('factory-data')
  const commands = [
    encodeCommand,
    decodeCommand,
    checkCommand,
    diffCommand,
    generateCommand,
    openCommand,
  ]
  for (const make of commands) {
    factoryData.addCommand(make(output, end))
  }
  return factoryData
}
