import { Command, CommanderError } from 'commander'
import { commands } from './commands.ts'
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
  try {
    // The spelling of its options is older than this program: it reads its words itself.
    if (argv[2] === 'gen-factory-data') {
      const { genFactoryData } = await import('./command/gen-factory-data.ts')
      return await genFactoryData(argv.slice(3), output, 'keyline gen-factory-data')
    }
    const program = await programOf(argv.slice(2), output, (ended) => {
      code = ended
    })
    await program.parseAsync([...argv])
    return code
  } catch (error) {
    if (error instanceof CommanderError)
      return error.exitCode === 0 ? ExitCode.done : ExitCode.usage
    output.err(`keyline: ${errorText(error)}\n`)
    return exitCodeOfError(error)
  }
}

/** The program with all of its commands, of which only the one that is called, or asked about, is loaded. */
async function programOf(
  words: readonly string[],
  output: Output,
  end: (code: ExitCode) => void,
): Promise<Command> {
  const program = new Command('keyline')
    .description('Gives a device its identity on the production line and proves it afterwards.')
    .version(version)
    .addHelpText(
      'after',
      '\nExit codes: 0 done, 1 failed check or bad board, 2 wrong usage or input, 3 infrastructure, 130 interrupted.',
    )
  const called = words.find((word) => word !== 'help' && !word.startsWith('-'))
  for (const { name, summary, load } of commands) {
    if (name !== called) program.command(name).summary(summary)
    else program.addCommand((await load())(output, end).summary(summary))
  }
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
