import { Command, Option } from 'commander'
import { decodeUtf8, fromHex, hasErrors, isKeylineError, type Finding } from '@keyline/bytes'
import {
  decodeManualCode,
  decodeNdef,
  decodeQrPayload,
  decodeType2Tag,
  encodeManualCode,
  extractQrPayload,
  formatManualCode,
  payloadFindings,
  type ManualCode,
  type QrPayload,
} from '@keyline/matter'
import { CliError } from '../errors.ts'
import type { ExitCode } from '../exit-code.ts'
import type { Output } from '../terminal/output.ts'
import { exitCodeOfFindings, findingLines } from '../wiring/pki-findings.ts'
import { placeOf, readInput } from '../wiring/pki-input.ts'
import {
  payloadLines,
  payloadOfManualCode,
  payloadToJson,
  readLabel,
} from '../wiring/pki-payload.ts'
import { idText } from '../wiring/pki-declaration.ts'

interface ReadOptions {
  readonly file?: string
  readonly policy: 'test' | 'production'
  readonly json?: boolean
}

type ReadLabel =
  | {
      readonly form: 'qr' | 'ndef' | 'type2'
      readonly qr: string
      readonly payloads: readonly QrPayload[]
    }
  | { readonly form: 'manual'; readonly code: ManualCode }

const ndefRecord = 0xd1
const type2Message = 0x03

/** `keyline payload read`: everything that a label says. */
export function readCommand(output: Output, end: (code: ExitCode) => void): Command {
  return new Command('read')
    .summary('read a label')
    .description(
      'Reads a QR text (also what a scanner put around it, and several payloads joined with *), a manual pairing code,\n' +
        'an NDEF message or a Type 2 tag, and judges its values (FD-010 to FD-015, PAY-…).',
    )
    .argument('[label]', 'text, or a tag in hexadecimal; - or nothing for the standard input')
    .option('--file <file>', 'read the label from a file, also the octets of a tag')
    .addOption(
      new Option('--policy <policy>', 'production refuses vendor ids for tests')
        .choices(['test', 'production'])
        .default('test'),
    )
    .option('--json', 'machine-readable result')
    .action(async (label: string | undefined, options: ReadOptions) =>
      end(await read(output, label, options)),
    )
}

async function read(
  output: Output,
  label: string | undefined,
  options: ReadOptions,
): Promise<ExitCode> {
  if (label !== undefined && options.file !== undefined) {
    throw new CliError('CLI_USAGE', 'a label is given as argument and as --file')
  }
  const path = options.file ?? '-'
  const isText = label !== undefined && label !== '-'
  const place = isText ? 'the label' : placeOf(path)
  const told = isText ? textLabel(label, place) : octetsLabel(await readInput(path, 'text'), place)
  return told.form === 'manual'
    ? showManual(output, told.code, options)
    : showPayloads(output, told, options)
}

function octetsLabel(octets: Uint8Array, place: string): ReadLabel {
  if (octets[0] === ndefRecord || octets[0] === type2Message) return tagLabel(octets, place)
  let text: string
  try {
    text = decodeUtf8(octets)
  } catch (cause) {
    if (!isKeylineError(cause)) throw cause
    throw unknownForm(place)
  }
  return textLabel(text, place)
}

function textLabel(text: string, place: string): ReadLabel {
  const trimmed = text.trim()
  if (trimmed.includes('MT:')) {
    // A scanner may return more: the payload stands between % signs then.
    const qr = trimmed.includes('%') ? `MT:${extractQrPayload(trimmed)}` : trimmed
    return { form: 'qr', qr, payloads: readLabel(place, () => decodeQrPayload(qr)) }
  }
  const hex = trimmed.replaceAll(/\s/g, '')
  if (/^(?:03|d1)(?:[0-9a-f]{2}){6,}$/i.test(hex)) return tagLabel(fromHex(hex), place)
  if (/^[\d\s-]+$/.test(trimmed)) {
    return { form: 'manual', code: readLabel(place, () => decodeManualCode(trimmed)) }
  }
  throw unknownForm(place)
}

function tagLabel(octets: Uint8Array, place: string): ReadLabel {
  const form = octets[0] === ndefRecord ? 'ndef' : 'type2'
  return readLabel(place, () => {
    const qr = form === 'ndef' ? decodeNdef(octets) : decodeType2Tag(octets)
    return { form, qr, payloads: decodeQrPayload(qr) }
  })
}

function unknownForm(place: string): CliError {
  return new CliError(
    'CLI_INPUT',
    `${place} is neither a QR text, a manual pairing code nor an NFC tag`,
    { remedy: 'pass the text of a QR code (MT:…), 11 or 21 digits, or a tag in hexadecimal' },
  )
}

function showPayloads(
  output: Output,
  { form, qr, payloads }: Extract<ReadLabel, { readonly qr: string }>,
  options: ReadOptions,
): ExitCode {
  const judged = payloads.map((payload) => ({
    payload,
    manualCode: encodeManualCode(payload),
    findings: payloadFindings(payload, options),
  }))
  const findings = judged.flatMap((one) => one.findings)
  if (options.json === true) {
    const document = {
      ok: !hasErrors(findings),
      form,
      qr,
      manualCodes: judged.map(({ manualCode }) => manualCode),
      payloads: payloads.map(payloadToJson),
      findings,
    }
    output.out(`${JSON.stringify(document)}\n`)
  } else {
    const blocks = judged.map(({ payload, manualCode, findings: own }) => {
      const lines = [
        ...payloadLines(payload),
        `${'manual code'.padEnd(22)}${formatManualCode(manualCode)}`,
      ]
      return `${lines.join('\n')}\n${findingLines(own)}`
    })
    output.out(blocks.join('\n'))
  }
  return exitCodeOfFindings(findings)
}

/** A manual code says less: what it does not say is not judged. */
function showManual(output: Output, code: ManualCode, options: ReadOptions): ExitCode {
  const { shortDiscriminator, passcode, vendorId, productId } = code
  const said = new Set(
    vendorId === undefined ? ['passcode'] : ['passcode', 'vendorId', 'productId'],
  )
  const findings: readonly Finding[] = payloadFindings(payloadOfManualCode(code), options).filter(
    ({ field }) => said.has(field),
  )
  const ids =
    vendorId === undefined || productId === undefined
      ? {}
      : { vendorId: idText(vendorId), productId: idText(productId) }
  const document = { form: 'manual', shortDiscriminator, passcode, ...ids }
  if (options.json === true) {
    output.out(`${JSON.stringify({ ok: !hasErrors(findings), ...document, findings })}\n`)
  } else {
    const rows = Object.entries({
      'short discriminator': String(shortDiscriminator),
      passcode: String(passcode).padStart(8, '0'),
      ...('vendorId' in ids && { 'vendor id': ids.vendorId, 'product id': ids.productId }),
    }).map(([name, value]) => `${name.padEnd(22)}${value}\n`)
    output.out(`${rows.join('')}${findingLines(findings)}`)
  }
  return exitCodeOfFindings(findings)
}
