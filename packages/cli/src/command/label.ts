import { resolve } from 'node:path'
import { Command, Option } from 'commander'
import { systemClock } from '@keyline/bytes'
import type { LabelFormat } from '@keyline/station'
import { ExitCode } from '../exit-code.ts'
import type { Output } from '../terminal/output.ts'
import { reprintLabels, type Reprinted } from '../wiring/labels.ts'
import { withLedger } from '../wiring/pki-revocation.ts'
import { defaultHome, ledgerOption, type StationOptions } from './options.ts'

const formats = { svg: ['svg'], pdf: ['pdf'], both: ['svg', 'pdf'] } as const satisfies Record<
  string,
  readonly LabelFormat[]
>

interface LabelOptions extends StationOptions {
  readonly out: string
  readonly format: keyof typeof formats
  readonly force?: string
  readonly approvedBy?: string
}

/** `keyline label`: the labels of units that have passed, printed again. */
export function labelCommand(output: Output, end: (code: ExitCode) => void): Command {
  return new Command('label')
    .description(
      'Writes the label of a unit, or of every unit of an order: QR code, manual code, serial number. A unit has a label\n' +
        'when its verdict is PASS and its key is proven. The audit log records each label before it is written.',
    )
    .argument('<name>', 'order, serial number or id of a unit')
    .option(
      '--out <folder>',
      'where the labels go; each file is readable by you alone',
      'keyline-labels',
    )
    .addOption(
      new Option('--format <format>', 'SVG, PDF, or both; an order also gets all labels in one PDF')
        .choices(Object.keys(formats))
        .default('both'),
    )
    .option(
      '--force <reason>',
      'print what a unit has not proven; the reason stands in the audit log',
    )
    .option(
      '--approved-by <name>',
      'line lead who allows the reprint; policy "production" asks for one',
    )
    .option('--home <folder>', 'ledger of the station', defaultHome)
    .option(...ledgerOption)
    .option('--json', 'machine-readable result')
    .action(async (name: string, options: LabelOptions) => {
      await label(output, name, options)
      end(ExitCode.done)
    })
}

async function label(output: Output, name: string, options: LabelOptions): Promise<void> {
  const { out, format, force, approvedBy, json } = options
  const made = await withLedger(options, async (ledger) => {
    const isOrder = (await ledger.unit(name)) === undefined
    return reprintLabels(ledger, name, {
      folder: resolve(out),
      formats: formats[format],
      force,
      approvedBy,
      sheet: isOrder && format !== 'svg' ? 'labels.pdf' : undefined,
      time: systemClock.now(),
    })
  })
  output.out(json === true ? `${JSON.stringify(made)}\n` : labelText(made))
}

function labelText({ labels, skipped }: Reprinted): string {
  return [
    ...labels.map(({ serialNumber, files }) => `${serialNumber}  ${files.join('  ')}\n`),
    ...skipped.map(({ serialNumber, why }) => `${serialNumber}  no label: ${why}\n`),
  ].join('')
}
