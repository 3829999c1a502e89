import { resolve } from 'node:path'
import { Command, InvalidArgumentError, Option } from 'commander'
import { hasErrors, systemRandom, toHex, type Finding } from '@keyline/bytes'
import {
  drawDiscriminator,
  drawPasscode,
  encodeManualCode,
  encodeNdef,
  encodeQrPayload,
  encodeType2Tag,
  formatManualCode,
  payloadFindings,
  qrLevels,
  qrPng,
  qrSvg,
  qrTerminal,
  type QrLevel,
  type QrPayload,
} from '@keyline/matter'
import { CliError } from '../errors.ts'
import { ExitCode } from '../exit-code.ts'
import type { Output } from '../terminal/output.ts'
import { findingLines } from '../wiring/pki-findings.ts'
import { readFactoryData } from '../wiring/factory-data-input.ts'
import { placeOf, readTextInput } from '../wiring/pki-input.ts'
import { writeWhole } from '../wiring/pki-output.ts'
import {
  discoveryOf,
  flowNames,
  labelValuesOf,
  mergedValues,
  passcodeOf,
  payloadOf,
  payloadToJson,
  type LabelValues,
} from '../wiring/pki-payload.ts'
import { collect, id16, wholeNumber } from './options.ts'

const formats = ['text', 'svg', 'png', 'terminal', 'nfc', 'ndef', 'json'] as const

interface MakeOptions {
  readonly from?: readonly string[]
  readonly vid?: number
  readonly pid?: number
  readonly discriminator?: number
  readonly passcodeFile?: string
  readonly random?: boolean
  readonly flow?: string
  readonly discovery?: number
  readonly serial?: string
  readonly policy: 'test' | 'production'
  readonly format: (typeof formats)[number]
  readonly out?: string
  readonly level: QrLevel
  readonly quietZone: number
  readonly scale: number
  readonly json?: boolean
}

/** A label needs no complete set, and nothing of the vendor's own comments. */
const readingOptions = {
  mode: 'reconfigure',
  keyStorage: 'flash',
  legacy: true,
  allowUnknown: true,
} as const

/** A label, encoded in every way. */
interface Label {
  readonly payloads: readonly QrPayload[]
  readonly qr: string
  /** Digits, one for each payload. */
  readonly manualCodes: readonly string[]
}

/** `keyline payload make`: the label of a device. */
export function makeCommand(output: Output, end: (code: ExitCode) => void): Command {
  return new Command('make')
    .summary('make the label of a device')
    .description(
      'Makes QR text and manual pairing code, the symbol, or the content of an NFC tag. Nothing is made from values that\n' +
        'must not stand on a label (FD-010 to FD-015, PAY-…). Several --from make one payload for several devices.',
    )
    .option(
      '--from <file>',
      'factory data: image, ST JSON or extended JSON; may be repeated',
      collect,
    )
    .option('--vid <id>', 'vendor id', id16)
    .option('--pid <id>', 'product id', id16)
    .option('--discriminator <number>', '0 to 4095', wholeNumber(0, 4095))
    .option(
      '--passcode-file <file>',
      'file with the digits of the passcode; - for the standard input',
    )
    .option('--random', 'draw the passcode and the discriminator that are not given')
    .addOption(new Option('--flow <flow>', 'commissioning flow').choices([...flowNames.keys()]))
    .option(
      '--discovery <names>',
      'softap, ble, ip, wifi-paf, nfc, thread; ble unless given',
      discovery,
    )
    .option('--serial <text>', 'serial number to put into the QR code')
    .addOption(
      new Option('--policy <policy>', 'production refuses vendor ids for tests')
        .choices(['test', 'production'])
        .default('test'),
    )
    .addOption(new Option('--format <format>', 'what is made').choices(formats).default('text'))
    .option('--out <file>', 'where it goes; the standard output unless given')
    .addOption(new Option('--level <level>', 'error correction').choices(qrLevels).default('M'))
    .option('--quiet-zone <modules>', 'white around the symbol', wholeNumber(0, 100), 4)
    .option('--scale <pixels>', 'pixels of a module in a PNG', wholeNumber(1, 100), 8)
    .option('--json', 'same as --format json')
    .action(async (options: MakeOptions) => end(await make(output, options)))
}

async function make(output: Output, options: MakeOptions): Promise<ExitCode> {
  const format = options.json === true ? 'json' : options.format
  if (format === 'png' && options.out === undefined) {
    throw new CliError('CLI_USAGE', '--format png needs --out: a PNG is not written to a terminal')
  }
  const payloads = (await sourcesOf(options)).map(payloadOf)
  const findings = payloads.flatMap((payload, index) =>
    payloadFindings(payload, options).map((finding) => named(finding, index, payloads.length)),
  )
  if (hasErrors(findings)) {
    if (format === 'json') output.out(`${JSON.stringify({ ok: false, findings })}\n`)
    else output.err(`no label was made\n${findingLines(findings)}`)
    return ExitCode.failed
  }
  const label = labelOf(payloads)
  const made = format === 'json' ? jsonOf(label, findings) : madeAs(format, label, options)
  if (options.out !== undefined) await writeWhole({ path: resolve(options.out), content: made })
  else output.out(typeof made === 'string' ? made : `${toHex(made)}\n`)
  if (format !== 'json') output.err(findingLines(findings, ''))
  return ExitCode.done
}

/** Values of each device: options first, then its file, then what is drawn. */
async function sourcesOf(options: MakeOptions): Promise<readonly LabelValues[]> {
  const { discriminator, discovery: bits, from = [], passcodeFile, pid, serial, vid } = options
  const passcode =
    passcodeFile === undefined
      ? undefined
      : passcodeOf(await readTextInput(passcodeFile), placeOf(passcodeFile))
  const given: LabelValues = {
    vendorId: vid,
    productId: pid,
    discriminator,
    passcode,
    flow: options.flow === undefined ? undefined : flowNames.get(options.flow),
    discovery: bits,
    serialNumber: serial,
  }
  if (from.length > 1 && (passcode ?? discriminator ?? serial) !== undefined) {
    throw new CliError(
      'CLI_USAGE',
      'passcode, discriminator and serial number of several devices come from their files',
    )
  }
  const files = await Promise.all(from.map(fileValues))
  return (files.length === 0 ? [{}] : files).map((file) =>
    mergedValues(given, file, options.random === true ? drawn() : {}),
  )
}

async function fileValues(path: string): Promise<LabelValues> {
  const { extended, place, read } = await readFactoryData(path, readingOptions)
  const { data, findings } = read
  const broken = findings.find(({ severity }) => severity === 'error')
  if (broken !== undefined) {
    const message = `${place}: ${broken.rule} ${broken.field}: ${broken.message}`
    throw new CliError('CLI_INPUT', message, { remedy: broken.remedy })
  }
  return labelValuesOf(data, {
    passcode: extended?.passcode ?? data.passcode,
    flow: extended?.flow,
    discovery: extended?.discovery,
  })
}

function drawn(): LabelValues {
  return {
    passcode: drawPasscode(systemRandom),
    discriminator: drawDiscriminator(systemRandom),
  }
}

function labelOf(payloads: readonly QrPayload[]): Label {
  const [first, ...others] = payloads
  if (first === undefined) throw new CliError('CLI_USAGE', 'a label needs a device')
  return {
    payloads,
    qr: encodeQrPayload(first, ...others),
    manualCodes: payloads.map((payload) => encodeManualCode(payload)),
  }
}

function madeAs(
  format: Exclude<MakeOptions['format'], 'json'>,
  { qr, manualCodes }: Label,
  { level, quietZone, scale }: MakeOptions,
): string | Uint8Array {
  // A label for several devices has no one code to print.
  const manualCode = manualCodes.length === 1 ? manualCodes[0] : undefined
  switch (format) {
    case 'text':
      return `${[qr, ...manualCodes.map(formatManualCode)].join('\n')}\n`
    case 'svg':
      return qrSvg(qr, { manualCode, level, quietZone })
    case 'png':
      return qrPng(qr, { manualCode, level, quietZone, scale })
    case 'terminal':
      return `${qrTerminal(qr, { level })}${[qr, ...manualCodes.map(formatManualCode)].join('\n')}\n`
    case 'nfc':
      return encodeType2Tag(qr)
    case 'ndef':
      return encodeNdef(qr)
    default:
      return format satisfies never
  }
}

function jsonOf({ payloads, qr, manualCodes }: Label, findings: readonly Finding[]): string {
  const document = { ok: true, qr, manualCodes, payloads: payloads.map(payloadToJson), findings }
  return `${JSON.stringify(document)}\n`
}

function named(finding: Finding, index: number, count: number): Finding {
  return count === 1 ? finding : { ...finding, field: `payload ${index + 1} ${finding.field}` }
}

function discovery(text: string): number {
  const bits = discoveryOf(text)
  if (bits !== undefined) return bits
  throw new InvalidArgumentError('It must be names such as ble or ble,ip.')
}
