import { join, resolve } from 'node:path'
import { Command, InvalidArgumentError, Option } from 'commander'
import { toHexUpper } from '@keyline/bytes'
import type { SubjectEncoding } from '@keyline/issuer'
import { noExpiry, pemEncode } from '@keyline/x509'
import { CliError } from '../errors.ts'
import { ExitCode } from '../exit-code.ts'
import type { Output } from '../terminal/output.ts'
import { openStation } from '../wiring/open-station.ts'
import { findingLines } from '../wiring/pki-findings.ts'
import { readDerInput } from '../wiring/pki-input.ts'
import { issueFromFolder, type BenchIssueInput } from '../wiring/pki-issue.ts'
import { writeWhole } from '../wiring/pki-output.ts'
import { openPki, passphraseOf } from '../wiring/pki.ts'
import { defaultHome, id16 } from './options.ts'

interface IssueOptions {
  readonly pki: string
  readonly passphraseFile?: string
  readonly vid?: number
  readonly pid?: number
  readonly commonName: string
  readonly subjectEncoding: SubjectEncoding
  readonly notAfter?: Date
  readonly home?: string
  readonly out?: string
  readonly format: 'pem' | 'der'
  readonly json?: boolean
}

/** `keyline pki issue`: a device certificate from a request, at the bench. */
export function issueCommand(output: Output, end: (code: ExitCode) => void): Command {
  return new Command('issue')
    .summary('issue a device certificate for a request')
    .description(
      'Checks a certificate request (CSR-…), issues a device certificate with the PAI of a folder (ISS-…), lints it\n' +
        '(LINT-…) and gives DAC and PAI. Every certificate is kept in the folder under its key, which gets no second one.\n' +
        'For the bench: under a work order `keyline provision` issues, with quota and ledger.',
    )
    .argument('<request>', 'PKCS#10 in DER, PEM or hexadecimal; - for the standard input')
    .option('--pki <folder>', 'PAA, PAI and the key of the PAI', join(defaultHome, 'pki'))
    .option('--passphrase-file <file>', 'opens the key; KEYLINE_PASSPHRASE_FILE does the same')
    .option('--vid <id>', 'vendor id; that of the PAI unless given', id16)
    .option('--pid <id>', 'product id; that of the PAI unless given', id16)
    .option('--common-name <text>', 'common name of the subject', 'Matter DAC')
    .addOption(
      new Option('--subject-encoding <form>', 'ids as attributes, or inside the common name')
        .choices(['oid', 'cn-fallback'])
        .default('oid'),
    )
    .option(
      '--not-after <time>',
      'end of the validity, ISO 8601 or "never"; the end of the PAI unless given',
      endTime,
    )
    .option('--home <folder>', 'a station whose ledger is asked, too, whether the key is known')
    .option('--out <file>', 'where the result goes; the standard output unless given')
    .addOption(
      new Option('--format <form>', 'pem holds DAC and PAI, der the DAC alone and needs --out')
        .choices(['pem', 'der'])
        .default('pem'),
    )
    .option('--json', 'machine-readable result')
    .action(async (request: string, options: IssueOptions) =>
      end(await issue(output, request, options)),
    )
}

async function issue(output: Output, path: string, options: IssueOptions): Promise<ExitCode> {
  const { format, json = false, out } = options
  if (format === 'der' && out === undefined) {
    throw new CliError('CLI_USAGE', '--format der needs --out: DER is not written to a terminal')
  }
  const csr = await readDerInput(path, 'request', 'CERTIFICATE REQUEST')
  const pkiFolder = resolve(options.pki)
  const passphrase = await passphraseOf(pkiFolder, options.passphraseFile)
  const pki = await openPki(pkiFolder, passphrase).finally(() => passphrase.wipe())
  const result = await withLedger(options.home, (isKeyKnown) =>
    issueFromFolder({
      csr,
      pki,
      pkiFolder,
      vendorId: options.vid,
      productId: options.pid,
      commonName: options.commonName,
      subjectEncoding: options.subjectEncoding,
      notAfter: options.notAfter,
      now: new Date(),
      isKeyKnown,
    }),
  )
  if (!result.ok) {
    const { findings } = result
    if (json) output.out(`${JSON.stringify({ ok: false, findings })}\n`)
    else output.err(`no certificate was issued\n${findingLines(findings)}`)
    return ExitCode.failed
  }
  const { certificate, kept, serialNumber, spkiSha256 } = result
  const chain = [certificate, pki.pai].map((der) => pemEncode('CERTIFICATE', der)).join('')
  if (out !== undefined) {
    await writeWhole({ path: resolve(out), content: format === 'der' ? certificate : chain })
  }
  const facts = { serialNumber: toHexUpper(serialNumber), publicKeySha256: spkiSha256, kept }
  if (json) output.out(`${JSON.stringify({ ok: true, ...facts, chain })}\n`)
  else {
    if (out === undefined) output.out(chain)
    output.err(`DAC ${facts.serialNumber} issued, kept as ${kept}\n`)
  }
  return ExitCode.done
}

/** The ledger of the home, where one is named. */
async function withLedger<T>(
  home: string | undefined,
  use: (isKeyKnown: BenchIssueInput['isKeyKnown']) => Promise<T>,
): Promise<T> {
  if (home === undefined) return use(() => Promise.resolve(false))
  const station = await openStation({ home, policy: 'test', mustExist: true })
  try {
    return await use((hash) => station.ledger.isKeyKnown(hash))
  } finally {
    await station.close()
  }
}

function endTime(text: string): Date {
  if (text === 'never') return new Date(noExpiry.getTime())
  const time = new Date(text)
  if (/^\d{4}-\d{2}-\d{2}/.test(text) && !Number.isNaN(time.getTime())) return time
  throw new InvalidArgumentError('It must be a time such as 2046-12-31T23:59:59Z, or "never".')
}
