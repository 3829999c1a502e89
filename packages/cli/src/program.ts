import { Command, CommanderError } from 'commander'
import { auditCommand } from './command/audit.ts'
import { demoCommand } from './command/demo.ts'
import { doctorCommand } from './command/doctor.ts'
import { explainCommand } from './command/explain.ts'
import { payloadCommand } from './command/payload.ts'
import { factoryDataCommand } from './command/factory-data.ts'
import { pkiCommand } from './command/pki.ts'
import { provisionCommand } from './command/provision.ts'
import { stsafeCommand } from './command/stsafe.ts'
import { unitCommand } from './command/unit.ts'
import { ExitCode, exitCodeOfError } from './exit-code.ts'
import { processOutput, type Output } from './terminal/output.ts'
import { errorText } from './terminal/stop-on-bug.ts'
import { version } from './version.ts'

/** Runs the command line and gives the exit code. No stack trace reaches a user. */
export async function main(
  argv: readonly string[],
  output: Output = processOutput(),
): Promise<ExitCode> {
  let code: ExitCode = ExitCode.done
  const program = programOf(output, (ended) => {
    code = ended
  })
  try {
    await program.parseAsync([...argv])
    return code
  } catch (error) {
    if (error instanceof CommanderError)
      return error.exitCode === 0 ? ExitCode.done : ExitCode.usage
    output.err(`keyline: ${errorText(error)}\n`)
    return exitCodeOfError(error)
  }
}

function programOf(output: Output, end: (code: ExitCode) => void): Command {
  const program = new Command('keyline')
    .description('Gives a device its identity on the production line and proves it afterwards.')
    .version(version)
    .addHelpText(
      'after',
      '\nExit codes: 0 done, 1 failed check or bad board, 2 wrong usage or input, 3 infrastructure, 130 interrupted.',
    )
  const commands = [
    demoCommand,
    provisionCommand,
    factoryDataCommand,
    pkiCommand,
    payloadCommand,
    stsafeCommand,
    unitCommand,
    auditCommand,
    doctorCommand,
    explainCommand,
  ]
  for (const make of commands) program.addCommand(make(output, end))
  equip(program, output, 'keyline')
  return program
}

/** What commander does not hand down to commands: where they write, how they end, which help they name. */
function equip(command: Command, output: Output, path: string): void {
  command.exitOverride()
  command.configureOutput({ writeOut: output.out, writeErr: output.err })
  command.showHelpAfterError(`(see ${path} --help)`)
  for (const inner of command.commands) equip(inner, output, `${path} ${inner.name()}`)
}
