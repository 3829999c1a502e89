import { join } from 'node:path'
import { Command, Option } from 'commander'
import { hasErrors, toHex } from '@keyline/bytes'
import { sha256 } from '@keyline/crypto'
import {
  encodeImage,
  factoryDataToExtendedJson,
  factoryDataToStJson,
  verbatimImage,
  type ExtendedFactoryData,
  type FactoryData,
} from '@keyline/matter'
import { ExitCode } from '../exit-code.ts'
import type { Output } from '../terminal/output.ts'
import { withExisting, type ExistingOptions } from '../wiring/factory-data-ledger.ts'
import { checkBatch, type CheckedRow } from '../wiring/factory-data-batch.ts'
import {
  profileOf,
  readFactoryData,
  settingOf,
  type FactoryDataInput,
  type FactoryDataOptions,
} from '../wiring/factory-data-input.ts'
import { writeWhole } from '../wiring/pki-output.ts'
import { findingsOf, imageOctets, rowText } from './factory-data-check.ts'
import { verdictText, withFactoryDataOptions } from './factory-data-options.ts'
import { ledgerOption } from './options.ts'

/** Forms that factory data are written in. */
export type OutputForm = 'binary' | 'st' | 'extended'

interface EncodeOptions extends FactoryDataOptions, ExistingOptions {
  readonly out: string
  readonly to: OutputForm
  readonly rows?: string
  readonly verbatim?: boolean
  readonly json?: boolean
}

/** `keyline factory-data encode`: checked factory data, to be programmed. */
export function encodeCommand(output: Output, end: (code: ExitCode) => void): Command {
  const command = new Command('encode')
    .summary('make an image')
    .description(
      'Checks factory data by every rule and writes the canonical image, or with --to a JSON form. Nothing is written when a\n' +
        'rule is broken. With --rows, each sound row of the batch gives a file of its own in the folder of --out.\n' +
        'Files are written whole, for the owner alone (0600).',
    )
    .argument('<file>', 'ST’s JSON, the extended JSON or an image; - for the standard input')
    .requiredOption('-o, --out <file>', 'where to; with --rows, the folder')
    .addOption(outputForm().default('binary'))
    .option(
      '--rows <file>',
      'one row per device, .csv or .jsonl; - for CSV from the standard input',
    )
    .option('--verbatim', 'keep an image as it is, unknown records included; check its container')
    .option('--home <folder>', 'with --rows: the station whose ledger must not have the identities')
    .option(...ledgerOption)
    .option('--json', 'machine-readable result')
  return withFactoryDataOptions(command).action(async (file: string, options: EncodeOptions) =>
    end(
      options.rows === undefined
        ? await encode(output, file, options)
        : await encodeRows(output, { common: file, rows: options.rows }, options),
    ),
  )
}

export function outputForm(): Option {
  return new Option('--to <form>', 'form of the output').choices(['binary', 'st', 'extended'])
}

async function encode(output: Output, file: string, options: EncodeOptions): Promise<ExitCode> {
  const input = await readFactoryData(file, options)
  const findings = await findingsOf(input, options)
  const isSound = !hasErrors(findings)
  const content = isSound ? contentOf(input, options) : undefined
  if (content !== undefined) await writeFactoryData(options.out, content)
  const written = content && {
    output: options.out,
    length: content.length,
    sha256: toHex(sha256(content)),
  }
  if (options.json === true) {
    output.out(`${JSON.stringify({ input: input.place, ok: isSound, ...written, findings })}\n`)
  } else {
    output.err(verdictText(output, input.place, findings))
    if (written) output.out(`${written.output}  ${written.length} octets  ${written.sha256}\n`)
  }
  return isSound ? ExitCode.done : ExitCode.failed
}

function contentOf(input: FactoryDataInput, options: EncodeOptions): Uint8Array {
  const { read, extended } = input
  if (options.verbatim === true) {
    return verbatimImage(imageOctets(input), settingOf(options, extended)).octets
  }
  return encodedAs(options.to, read.data, options, extended)
}

/** A set in one of the forms. */
export function encodedAs(
  form: OutputForm,
  data: FactoryData,
  options: FactoryDataOptions,
  extended?: ExtendedFactoryData,
): Uint8Array {
  switch (form) {
    case 'binary':
      return encodeImage(data)
    case 'st':
      return new TextEncoder().encode(factoryDataToStJson(data))
    case 'extended': {
      const { policy } = settingOf(options, extended)
      const header = { ...extended, profile: profileOf(options, extended), policy }
      return new TextEncoder().encode(factoryDataToExtendedJson(data, header))
    }
    default:
      return form satisfies never
  }
}

/** Factory data open the device they belong to: a file of them is for its owner alone. */
export function writeFactoryData(path: string, content: Uint8Array): Promise<void> {
  return writeWhole({ path, content, isSecret: true, isReplaceable: true })
}

async function encodeRows(
  output: Output,
  files: { readonly common: string; readonly rows: string },
  options: EncodeOptions,
): Promise<ExitCode> {
  const { rows, failed } = await withExisting(options, (existing) =>
    checkBatch({ ...files, existing }, options, (row) => writeRow(output, row, options)),
  )
  const summary = { ok: failed === 0, rows, failed, output: options.out }
  output.out(
    options.json === true
      ? `${JSON.stringify(summary)}\n`
      : `${rows} rows: ${rows - failed} written to ${options.out}, ${failed} failed\n`,
  )
  return failed === 0 ? ExitCode.done : ExitCode.failed
}

async function writeRow(output: Output, row: CheckedRow, options: EncodeOptions): Promise<void> {
  const { set, extended, isSound, findings } = row
  if (isSound && set !== undefined) {
    const content = encodedAs(options.to, set.data, options, extended)
    await writeFactoryData(join(options.out, rowFile(row.row, options.to)), content)
  }
  if (options.json === true) {
    output.out(`${JSON.stringify({ row: row.row, ok: isSound, findings })}\n`)
  } else output.err(rowText(row))
}

function rowFile(row: number, form: OutputForm): string {
  return `row-${String(row).padStart(7, '0')}.${form === 'binary' ? 'bin' : 'json'}`
}
