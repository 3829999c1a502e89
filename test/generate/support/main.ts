import { Command } from 'commander'
import { stopOnBug } from '@keyline/cli'
import { generateCommand } from '../../../packages/cli/src/command/generate.ts'
import { openCommand } from '../../../packages/cli/src/command/open-units.ts'
import { exitCodeOfError, type ExitCode } from '../../../packages/cli/src/exit-code.ts'
import { processOutput } from '../../../packages/cli/src/terminal/output.ts'
import { errorText } from '../../../packages/cli/src/terminal/stop-on-bug.ts'

/** The commands of this folder in a process of their own. */
stopOnBug()
const output = processOutput()
const program = new Command('keyline')
const end = (code: ExitCode): void => {
  process.exitCode = code
}
program.addCommand(generateCommand(output, end))
program.addCommand(openCommand(output, end))
try {
  await program.parseAsync(process.argv)
} catch (error) {
  output.err(`keyline: ${errorText(error)}\n`)
  process.exitCode = exitCodeOfError(error)
}
