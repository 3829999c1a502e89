import { Command } from 'commander'
import { hasErrors } from '@keyline/bytes'
import { prepareFactoryDataCheck, verbatimImage } from '@keyline/matter'
import { CliError } from '../errors.ts'
import { ExitCode } from '../exit-code.ts'
import type { Output } from '../terminal/output.ts'
import { withExisting, type ExistingOptions } from '../wiring/factory-data-ledger.ts'
import { checkBatch, type CheckedRow } from '../wiring/factory-data-batch.ts'
import {
  readFactoryData,
  settingOf,
  type FactoryDataInput,
  type FactoryDataOptions,
} from '../wiring/factory-data-input.ts'
import { exitCodeOfFindings, findingLines } from '../wiring/pki-findings.ts'
import { verdictText, withFactoryDataOptions } from './factory-data-options.ts'
import { ledgerOption } from './options.ts'

interface CheckOptions extends FactoryDataOptions, ExistingOptions {
  readonly rows?: string
  readonly verbatim?: boolean
  readonly json?: boolean
}

/** `keyline factory-data check`: every rule, before anything is written. */
export function checkCommand(output: Output, end: (code: ExitCode) => void): Command {
  const command = new Command('check')
    .summary('check factory data by every rule')
    .description(
      'Checks an image, ST’s JSON or the extended JSON by the rules FD-…, all findings at once. With --rows, checks one set\n' +
        'for each row of a CSV file (header of JSON paths or ST’s names) or of JSON lines, and that no two share an identity.',
    )
    .argument('<file>', 'factory data, or the common object of a batch; - for the standard input')
    .option(
      '--rows <file>',
      'one row per device, .csv or .jsonl; - for CSV from the standard input',
    )
    .option('--verbatim', 'check the container alone, as for an image that is programmed as it is')
    .option('--home <folder>', 'with --rows: the station whose ledger must not have the identities')
    .option(...ledgerOption)
    .option('--json', 'machine-readable result; of a batch, one line for each row with findings')
  return withFactoryDataOptions(command).action(async (file: string, options: CheckOptions) =>
    end(
      options.rows === undefined
        ? await check(output, file, options)
        : await checkRows(output, { common: file, rows: options.rows }, options),
    ),
  )
}

async function check(output: Output, file: string, options: CheckOptions): Promise<ExitCode> {
  const input = await readFactoryData(file, options)
  const findings = await findingsOf(input, options)
  const { place, form } = input
  if (options.json === true) {
    output.out(`${JSON.stringify({ input: place, form, ok: !hasErrors(findings), findings })}\n`)
  } else output.out(verdictText(output, place, findings))
  return exitCodeOfFindings(findings)
}

/** Findings of the reader and of every rule; with `verbatim`, of the container alone. */
export async function findingsOf(
  input: FactoryDataInput,
  options: FactoryDataOptions & { readonly verbatim?: boolean },
) {
  const { read, extended } = input
  const setting = settingOf(options, extended)
  if (options.verbatim === true) {
    return verbatimImage(imageOctets(input), { ...setting, legacy: options.legacy }).findings
  }
  const { present } = read
  return [
    ...read.findings,
    ...(await prepareFactoryDataCheck(setting).check(read.data, { present })),
  ]
}

/** @throws CliError `CLI_USAGE` for a document, which has no octets of its own */
export function imageOctets(input: FactoryDataInput): Uint8Array {
  if (input.form === 'image') return input.octets
  throw new CliError('CLI_USAGE', `--verbatim needs an image, but ${input.place} is JSON`)
}

async function checkRows(
  output: Output,
  files: { readonly common: string; readonly rows: string },
  options: CheckOptions,
): Promise<ExitCode> {
  const isJson = options.json === true
  const { rows, failed } = await withExisting(options, (existing) =>
    checkBatch({ ...files, existing }, options, (row) => {
      output.out(isJson ? rowJson(row) : rowText(row))
    }),
  )
  output.out(
    isJson
      ? `${JSON.stringify({ ok: failed === 0, rows, failed })}\n`
      : `${rows} rows, ${failed} failed\n`,
  )
  return failed === 0 ? ExitCode.done : ExitCode.failed
}

function rowJson({ row, isSound, findings }: CheckedRow): string {
  return findings.length === 0 ? '' : `${JSON.stringify({ row, ok: isSound, findings })}\n`
}

/** Information is the same for every row, and left out. */
export function rowText({ row, isSound, findings }: CheckedRow): string {
  const weighty = findings.filter(({ severity }) => severity !== 'info')
  if (weighty.length === 0) return ''
  const name = row === 0 ? 'header or common object' : `row ${row}`
  return `${name}  ${isSound ? 'ok' : 'FAILED'}\n${findingLines(weighty)}`
}
