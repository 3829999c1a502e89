import { Command, InvalidArgumentError, Option } from 'commander'
import type { Finding } from '@keyline/bytes'
import {
  isSdkFailure,
  revocationFindings,
  SdkResult,
  sdkResults,
  traceChecks,
  verifyAttestation,
  verifyCredentials,
  type AttestationResult,
  type TracedCheck,
  type TrustPolicy,
} from '@keyline/matter'
import { CliError } from '../errors.ts'
import { ExitCode } from '../exit-code.ts'
import { paint, type Output } from '../terminal/output.ts'
import { readDevice, type DeviceToVerify } from '../wiring/pki-device.ts'
import { findingLines } from '../wiring/pki-findings.ts'
import { readInput } from '../wiring/pki-input.ts'
import { loadTrust, type LoadedTrust } from '../wiring/pki-trust.ts'
import { collect, id16 } from './options.ts'

interface VerifyOptions {
  readonly image?: string
  readonly dac?: string
  readonly pai?: string
  readonly cd?: string
  readonly key?: string
  readonly passphraseFile?: string
  readonly elements?: string
  readonly signature?: string
  readonly nonce?: string
  readonly challenge?: string
  readonly vid?: number
  readonly pid?: number
  readonly paa?: readonly string[]
  readonly cdSigner?: readonly string[]
  readonly policy: TrustPolicy
  readonly time?: Date
  readonly revocation?: string
  readonly firmwareInformation?: string
  readonly explain?: string
  readonly json?: boolean
}

/** `keyline pki verify`: the attestation procedure of a commissioner, before a board is written or after it failed. */
export function verifyCommand(output: Output, end: (code: ExitCode) => void): Command {
  return new Command('verify')
    .summary('perform the attestation procedure of a commissioner')
    .description(
      'Performs the checks ATT-01 to ATT-26 in their order and tells what the SDK of a commissioner would say.\n' +
        'With a private key, in the image or by --key, the answer of the device is made here; with a recorded answer it is\n' +
        'checked; with neither, what needs no answer. --explain tells why commissioning ends with a number.',
    )
    .option(
      '--image <file>',
      'factory data: image, ST JSON or extended JSON; - for the standard input',
    )
    .option('--dac <file>', 'device certificate, DER or PEM')
    .option('--pai <file>', 'intermediate certificate, DER or PEM')
    .option('--cd <file>', 'certification declaration, DER or hexadecimal')
    .option('--key <file>', 'private key of the device')
    .option('--passphrase-file <file>', 'opens that key; its first line')
    .option('--elements <file>', 'recorded attestation elements, octets or hexadecimal')
    .option('--signature <file>', 'recorded attestation signature')
    .option('--nonce <file>', 'nonce of the recorded request')
    .option('--challenge <file>', 'attestation challenge of the recorded session')
    .option('--vid <id>', 'vendor id that the device reports; that of the image unless given', id16)
    .option(
      '--pid <id>',
      'product id that the device reports; that of the image unless given',
      id16,
    )
    .option('--paa <file or folder>', 'trusted PAAs, DER or PEM; may be repeated', collect)
    .option(
      '--cd-signer <certificate>',
      'a further signer of declarations for tests; may be repeated',
      collect,
    )
    .addOption(
      new Option('--policy <policy>', 'production believes official signers of declarations alone')
        .choices(['test', 'production'])
        .default('test'),
    )
    .option('--time <time>', 'when the check takes place, ISO 8601; now unless given', isoTime)
    .option('--revocation <file>', 'revocation set, JSON of the ledger tool of the SDK')
    .option('--firmware-information <file>', 'what the device must report of its firmware')
    .option('--explain <result>', 'explain a number or name of the SDK, such as 601, and end')
    .option('--json', 'machine-readable result')
    .action(async (options: VerifyOptions) =>
      end(options.explain === undefined ? await verify(output, options) : explain(output, options)),
    )
}

async function verify(output: Output, options: VerifyOptions): Promise<ExitCode> {
  const paas = options.paa ?? []
  if (paas.length === 0) {
    throw new CliError('CLI_USAGE', 'no PAA is trusted', {
      remedy: 'name files or folders of PAA certificates with --paa',
    })
  }
  const { policy, revocation } = options
  const signers = options.cdSigner ?? []
  const loaded = await loadTrust({ paas, policy, signers, revocation })
  const device = await readDevice({
    ...options,
    vendorId: options.vid,
    productId: options.pid,
  })
  const firmwareInformation =
    options.firmwareInformation === undefined
      ? undefined
      : await readInput(options.firmwareInformation, 'text')
  const time = (options.time ?? new Date()).getTime()
  const result = perform(device, { ...loaded, time, firmwareInformation })
  const checks = traceChecks(result, {
    answer: device.answer !== undefined,
    revocationSet: loaded.revocationSet !== undefined,
    firmwareInformation: firmwareInformation !== undefined,
  })
  const findings = [
    ...(result.ok ? [] : [result.finding]),
    ...(loaded.revocationSet === undefined ? [] : revocationFindings(loaded.revocationSet)),
  ]
  const report = { result, checks, findings, answer: device.answerIs }
  output.out(options.json === true ? reportJson(report) : reportText(report, output))
  return result.ok ? ExitCode.done : ExitCode.failed
}

interface Circumstances extends LoadedTrust {
  readonly time: number
  readonly firmwareInformation: Uint8Array | undefined
}

function perform(device: DeviceToVerify, circumstances: Circumstances): AttestationResult {
  const { answer, ...credentials } = device
  const { firmwareInformation, time, trust } = circumstances
  if (answer === undefined) return verifyCredentials({ ...credentials, time, trust })
  return verifyAttestation({ ...credentials, ...answer, firmwareInformation, time, trust })
}

interface Report {
  readonly result: AttestationResult
  readonly checks: readonly TracedCheck[]
  readonly findings: readonly Finding[]
  readonly answer: DeviceToVerify['answerIs']
}

function reportJson({ result, checks, findings, answer }: Report): string {
  const document = {
    ok: result.ok,
    sdkResult: result.sdkResult,
    sdkNumber: SdkResult[result.sdkResult],
    answer,
    ...(!result.ok && {
      check: result.label,
      fields: result.fields,
      ...causesOf(result.sdkResult),
    }),
    checks: checks.map(({ check, outcome }) => ({ check, outcome })),
    findings,
  }
  return `${JSON.stringify(document)}\n`
}

function reportText({ result, checks, findings, answer }: Report, output: Output): string {
  const lines = checks.map(({ check, outcome, text }) => {
    const word = outcome.padEnd(9)
    const shown =
      outcome === 'passed'
        ? paint(output, 'green', word)
        : outcome === 'failed'
          ? paint(output, 'red', word)
          : paint(output, 'dim', word)
    return `${check}  ${shown}  ${text}\n`
  })
  if (answer === 'missing') {
    lines.push('No private key and no recorded answer: the checks that need one were not asked.\n')
  }
  if (result.ok)
    return `${lines.join('')}a commissioner accepts the device\n${findingLines(findings)}`
  const { sdkResult, sdkNumber, fields } = result
  const width = Math.max(0, ...Object.keys(fields).map((name) => name.length))
  const disagreeing = Object.entries(fields).map(
    ([name, value]) => `    ${name.padEnd(width)}  ${value}\n`,
  )
  return [
    ...lines,
    `commissioning fails with ${sdkNumber} ${sdkResult}\n`,
    findingLines(findings),
    ...disagreeing,
    ...causeLines(sdkResult),
  ].join('')
}

function explain(output: Output, { explain: asked = '', json }: VerifyOptions): ExitCode {
  const found = Object.entries(SdkResult).find(
    ([name, number]) => name === asked || String(number) === asked,
  )
  const [name = '', number] = found ?? []
  if (!isSdkFailure(name)) {
    throw new CliError('CLI_UNKNOWN_CODE', `the SDK has no failure ${JSON.stringify(asked)}`, {
      remedy:
        'pass a number of the log of the commissioner, such as 601; `keyline explain` lists them',
    })
  }
  if (json === true) {
    output.out(`${JSON.stringify({ sdkNumber: number, sdkResult: name, ...causesOf(name) })}\n`)
  } else output.out(`${number} ${name}\n${causeLines(name).join('')}`)
  return ExitCode.done
}

function causesOf(name: string) {
  if (!isSdkFailure(name)) return {}
  const { checks, causes, remedy } = sdkResults[name]
  return { endsIn: checks, causes, remedy }
}

function causeLines(name: string): readonly string[] {
  if (!isSdkFailure(name)) return []
  const { checks, causes, remedy } = sdkResults[name]
  return [
    `usual causes (${checks.join(', ')}):\n`,
    ...causes.map((cause) => `  - ${cause}\n`),
    `Remedy: ${remedy}\n`,
  ]
}

function isoTime(text: string): Date {
  const time = new Date(text)
  if (/^\d{4}-\d{2}-\d{2}/.test(text) && !Number.isNaN(time.getTime())) return time
  throw new InvalidArgumentError('It must be a time such as 2026-12-31T23:59:59Z.')
}
