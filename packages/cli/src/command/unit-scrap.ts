import { Command, Option } from 'commander'
import { returnableReasons, scrapReasons, type ScrapReason } from '@keyline/ledger/records'
import { ExitCode } from '../exit-code.ts'
import type { Output } from '../terminal/output.ts'
import { withLedger } from '../wiring/pki-revocation.ts'
import { findUnit, scrapUnit } from '../wiring/unit-aftercare.ts'
import { defaultHome, ledgerOption, type StationOptions } from './options.ts'

interface ScrapCommandOptions extends StationOptions {
  readonly reason: ScrapReason
  readonly note?: string
  readonly approvedBy?: string
}

/** `keyline unit scrap`: a unit is given up for ever. */
export function unitScrapCommand(output: Output, end: (code: ExitCode) => void): Command {
  return new Command('scrap')
    .summary('give a unit up for ever')
    .description(
      'Voids the identity of a unit: its certificates are revoked, its secrets wiped, its board is free, its serial number\n' +
        'stays taken. Nothing takes this back. The certificates that it used stay used, unless a person approves their return.',
    )
    .argument('<unit>', 'serial number or id')
    .addOption(
      new Option('--reason <reason>', 'why it is given up')
        .choices(scrapReasons)
        .makeOptionMandatory(),
    )
    .option('--note <text>', 'what the next person should know')
    .option(
      '--approved-by <name>',
      `who approves that the order may issue its certificates again (${returnableReasons.join(', ')} alone)`,
    )
    .option('--home <folder>', 'ledger of the station', defaultHome)
    .option(...ledgerOption)
    .option('--json', 'machine-readable result')
    .action(async (name: string, options: ScrapCommandOptions) => {
      await scrap(output, name, options)
      end(ExitCode.done)
    })
}

async function scrap(output: Output, name: string, options: ScrapCommandOptions): Promise<void> {
  const { reason, note, approvedBy: returnApprovedBy, json } = options
  const { unit, record } = await withLedger(options, async (ledger) => {
    const found = await findUnit(ledger, name)
    const made = await scrapUnit(ledger, found, { reason, note, returnApprovedBy })
    return { unit: found.report.unit, record: made }
  })
  if (json === true) {
    output.out(`${JSON.stringify({ unit: unit.id, serialNumber: unit.serialNumber, ...record })}\n`)
    return
  }
  const returned =
    record.returned === 0
      ? 'No certificate goes back to its order.'
      : `${record.returned} certificate(s) go back to its order, approved by ${record.approvedBy ?? ''}.`
  output.out(
    `unit ${unit.serialNumber} is scrapped: ${reason}. ${returned}\n` +
      'Make the list that revokes it: keyline pki crl (a running server does it by itself)\n',
  )
}
