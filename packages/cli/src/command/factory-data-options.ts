import { Option, type Command } from 'commander'
import { hasErrors, type Finding } from '@keyline/bytes'
import { profiles } from '@keyline/matter'
import { paint, type Output } from '../terminal/output.ts'
import { findingLines } from '../wiring/pki-findings.ts'

/** Adds the options that decide over reading and rules. */
export function withFactoryDataOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--profile <name>',
        'region and firmware; that of the document, else wba, unless given',
      ).choices(Object.keys(profiles)),
    )
    .addOption(
      new Option(
        '--mode <mode>',
        'a complete set, or one to which a provisioning run adds credentials',
      )
        .choices(['reconfigure', 'provisioning'])
        .default('reconfigure'),
    )
    .addOption(
      new Option(
        '--policy <policy>',
        'production refuses everything that was published for tests',
      ).choices(['test', 'production']),
    )
    .addOption(
      new Option('--key-storage <place>', 'where the device key rests')
        .choices(['flash', 'secure'])
        .default('flash'),
    )
    .option('--legacy', 'accept an image without end marker (X-CUBE-MATTER 1.1 to 1.3)')
    .option('--allow-unknown', 'make an unknown member of ST’s JSON a warning')
    .option('--passphrase-file <file>', 'first line opens an encrypted private key')
    .option('--seed <text>', 'draw what is random from a seed; policy test alone')
}

/** Verdict of one input with its findings, for people. */
export function verdictText(output: Output, place: string, findings: readonly Finding[]): string {
  const word = hasErrors(findings) ? paint(output, 'red', 'FAILED') : paint(output, 'green', 'ok')
  return `${place}  ${word}\n${findingLines(findings)}`
}
