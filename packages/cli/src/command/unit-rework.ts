import { Command, Option } from 'commander'
import { reworkReasons, type ReworkReason } from '@keyline/ledger/records'
import { ExitCode } from '../exit-code.ts'
import type { Output } from '../terminal/output.ts'
import { withLedger } from '../wiring/pki-revocation.ts'
import { passportOfReport } from '../wiring/results.ts'
import { findUnit, reworkUnit } from '../wiring/unit-aftercare.ts'
import { defaultHome, ledgerOption, wholeNumber, type StationOptions } from './options.ts'

interface ReworkCommandOptions extends StationOptions {
  readonly reason: ReworkReason
  readonly note?: string
  readonly newBoard?: boolean
  readonly keepCode?: boolean
  readonly oldLabel?: string
  readonly maxAttempts?: number
}

/** `keyline unit rework`: a unit with a verdict is made again, under its serial number. */
export function unitReworkCommand(output: Output, end: (code: ExitCode) => void): Command {
  return new Command('rework')
    .summary('make a unit again under its serial number')
    .description(
      'Opens a ticket for a unit that has its verdict; the next `keyline provision` of its order makes it again. It gets a\n' +
        'new passcode. A board that still has its key gets the same certificate; a new key gets a new one, and the old one\n' +
        'is revoked as superseded once the unit has passed.',
    )
    .argument('<unit>', 'serial number or id')
    .addOption(
      new Option('--reason <reason>', 'why it is made again')
        .choices(reworkReasons)
        .makeOptionMandatory(),
    )
    .option('--note <text>', 'what the next person should know')
    .option('--new-board', 'the unit comes on another board')
    .option('--keep-code', 'keep passcode and discriminator: nobody has seen the label')
    .option('--old-label <code>', 'QR code or digits of the label that was destroyed')
    .option(
      '--max-attempts <n>',
      'reworks that the unit may have; 3 unless given',
      wholeNumber(1, 100),
    )
    .option('--home <folder>', 'ledger of the station', defaultHome)
    .option(...ledgerOption)
    .option('--json', 'the passport as JSON')
    .action(async (name: string, options: ReworkCommandOptions) => {
      await rework(output, name, options)
      end(ExitCode.done)
    })
}

async function rework(output: Output, name: string, options: ReworkCommandOptions): Promise<void> {
  const { reason, note, newBoard, keepCode, oldLabel, maxAttempts, json } = options
  const { report, order } = await withLedger(options, async (ledger) => {
    const found = await findUnit(ledger, name)
    const onNewBoard = newBoard === true
    const keepsCode = keepCode === true
    const ticket = { reason, note, onNewBoard, keepsCode, oldLabel, maxAttempts }
    return { report: await reworkUnit(ledger, found, ticket), order: found.order }
  })
  if (json === true) {
    output.out(`${JSON.stringify(passportOfReport(report, { order }), null, 2)}\n`)
    return
  }
  const { serialNumber, boardUid } = report.unit
  const board = boardUid === undefined ? 'a fresh board' : `board ${boardUid}`
  output.out(
    `unit ${serialNumber} is in rework, attempt ${report.reworks.length + 1}: ${reason}\n` +
      `Put ${board} into a slot and run keyline provision with its order, ${order.id}.\n` +
      (keepCode === true ? '' : 'Its passcode is a new one: destroy the old label.\n'),
  )
}
