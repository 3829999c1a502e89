import { Command } from 'commander'
import { CliError } from '../errors.ts'
import { ExitCode } from '../exit-code.ts'
import { catalogue } from '../explain/catalogue.ts'
import { paint, type Output } from '../terminal/output.ts'

/** `keyline explain CODE`: what a code means and what to do. */
export function explainCommand(output: Output, end: (code: ExitCode) => void): Command {
  return new Command('explain')
    .argument('[code]', 'error, rule or check, such as FD-020; without it, the list')
    .option('--json', 'machine-readable')
    .action((code: string | undefined, options: { readonly json?: boolean }) => {
      const entries = catalogue()
      const found =
        code === undefined
          ? entries
          : entries.filter((entry) => entry.code.toUpperCase() === code.toUpperCase())
      if (found.length === 0) {
        throw new CliError('CLI_UNKNOWN_CODE', `there is no code ${JSON.stringify(code)}`)
      }
      if (options.json === true) output.out(`${JSON.stringify(found)}\n`)
      else if (code === undefined) {
        for (const entry of found) output.out(`${entry.code.padEnd(32)} ${entry.meaning}\n`)
      } else {
        for (const entry of found) {
          output.out(`${paint(output, 'bold', entry.code)}  (${entry.family}, ${entry.weight})\n`)
          output.out(`${entry.meaning}\nRemedy: ${entry.remedy}\n`)
        }
      }
      end(ExitCode.done)
    })
}
