import { Command, Option } from 'commander'
import { decodeUtf8, toHex } from '@keyline/bytes'
import {
  describeValue,
  extendedLosses,
  encodeImage,
  fieldOfTag,
  imageLosses,
  isHiddenField,
  readImageRecords,
  type ConversionLoss,
  type ImageRecord,
} from '@keyline/matter'
import { CliError } from '../errors.ts'
import type { ExitCode } from '../exit-code.ts'
import { paint, type Output } from '../terminal/output.ts'
import {
  readFactoryData,
  type FactoryDataInput,
  type FactoryDataOptions,
} from '../wiring/factory-data-input.ts'
import { exitCodeOfFindings, findingLines } from '../wiring/pki-findings.ts'
import { encodedAs, writeFactoryData } from './factory-data-encode.ts'
import { withFactoryDataOptions } from './factory-data-options.ts'

interface DecodeOptions extends FactoryDataOptions {
  readonly to?: 'st' | 'extended'
  readonly out?: string
  readonly showSecrets?: boolean
  readonly json?: boolean
}

/** `keyline factory-data decode`: what an image holds. */
export function decodeCommand(output: Output, end: (code: ExitCode) => void): Command {
  const command = new Command('decode')
    .summary('show an image, or bring it into a JSON form')
    .description(
      'Shows the records of an image or a document, or writes a JSON form that gives back the same octets. What that form\n' +
        'cannot hold is named. Rules of the container are checked; the others by `keyline factory-data check`.',
    )
    .argument('<file>', 'image, ST’s JSON or the extended JSON; - for the standard input')
    .addOption(new Option('--to <form>', 'JSON form of the output').choices(['st', 'extended']))
    .option('-o, --out <file>', 'where the JSON form goes; standard output unless given')
    .option('--show-secrets', 'show private key, passcode and verifier too')
    .option('--json', 'machine-readable table')
  return withFactoryDataOptions(command).action(async (file: string, options: DecodeOptions) =>
    end(await decode(output, file, options)),
  )
}

async function decode(output: Output, file: string, options: DecodeOptions): Promise<ExitCode> {
  if (options.out !== undefined && options.to === undefined) {
    throw new CliError('CLI_USAGE', '--out needs --to', { remedy: 'add --to st or --to extended' })
  }
  const input = await readFactoryData(file, options)
  const { findings } = input.read
  const losses = lossesOf(input, options)
  if (options.to !== undefined) {
    await convert(output, input, { ...options, to: options.to })
    output.err(`${findingLines(findings, '')}${lossLines(losses)}`)
  } else if (options.json === true) {
    const records = recordsOf(input).map((record) => rowOf(record, options))
    output.out(`${JSON.stringify({ ...headOf(input), records, losses, findings })}\n`)
  } else {
    output.out(table(output, input, options))
    output.err(`${findingLines(findings, '')}${lossLines(losses)}`)
  }
  return exitCodeOfFindings(findings)
}

async function convert(
  output: Output,
  input: FactoryDataInput,
  options: DecodeOptions & { readonly to: 'st' | 'extended' },
): Promise<void> {
  const { out, to, showSecrets } = options
  if (out === undefined && output.isTerminal && showSecrets !== true) {
    throw new CliError('CLI_USAGE', `the ${to} form shows every secret of the device`, {
      remedy: 'write it to a file with --out, or add --show-secrets',
    })
  }
  const content = encodedAs(to, input.read.data, options, input.extended)
  if (out === undefined) output.out(decodeUtf8(content))
  else await writeFactoryData(out, content)
}

/** Of a document, the records that its image would have. */
function recordsOf(input: FactoryDataInput): readonly ImageRecord[] {
  const octets = input.form === 'image' ? input.octets : encodeImage(input.read.data)
  return readImageRecords(octets, { legacy: true }).records
}

function headOf(input: FactoryDataInput) {
  const { place, form } = input
  const head = { input: place, form }
  if (form !== 'image') return head
  return { ...head, generation: input.read.generation, length: input.read.length }
}

interface TableRow {
  readonly tag: number
  readonly name: string
  readonly offset: number
  readonly length: number
  /** Hexadecimal; absent when it must not be shown. */
  readonly octets?: string
  readonly value: string
}

function rowOf({ tag, offset, value }: ImageRecord, { showSecrets }: DecodeOptions): TableRow {
  const entry = fieldOfTag(tag)
  const isShown = showSecrets === true || entry === undefined || !isHiddenField(entry.field)
  return {
    tag,
    name: entry?.name ?? 'unknown',
    offset,
    length: value.length,
    ...(isShown ? { octets: toHex(value) } : {}),
    value: describeValue(tag, value, { showSecrets }),
  }
}

function table(output: Output, input: FactoryDataInput, options: DecodeOptions): string {
  const rows = recordsOf(input).map((record) => rowOf(record, options))
  const width = Math.max(4, ...rows.map(({ name }) => name.length))
  const lines = rows.map(({ tag, name, length, value }) => {
    const start = `${String(tag).padStart(5)}  ${name.padEnd(width)}  ${String(length).padStart(6)}`
    return `${start}  ${value === 'hidden' ? paint(output, 'dim', value) : value}\n`
  })
  const heading = `${'tag'.padStart(5)}  ${'name'.padEnd(width)}  octets  value`
  return `${titleOf(input)}\n${paint(output, 'bold', heading)}\n${lines.join('')}`
}

function titleOf(input: FactoryDataInput): string {
  if (input.form !== 'image') return `${input.place}  ${input.form} JSON`
  const { generation, length } = input.read
  return `${input.place}  image ${generation}, ${length} octets`
}

/** What the JSON form to write, or else any of them, cannot hold. */
function lossesOf(input: FactoryDataInput, { to }: DecodeOptions): readonly ConversionLoss[] {
  if (input.form === 'image') return imageLosses(input.read)
  return input.form === 'extended' && to === 'st' ? extendedLosses(input.extended) : []
}

function lossLines(losses: readonly ConversionLoss[]): string {
  return losses.map(({ message }) => `not in JSON: ${message}\n`).join('')
}
