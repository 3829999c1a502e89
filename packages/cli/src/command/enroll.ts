import { resolve } from 'node:path'
import { Command } from 'commander'
import { ExitCode } from '../exit-code.ts'
import type { Output } from '../terminal/output.ts'
import { serverUrl } from '../wiring/issuer-address.ts'
import { enrol } from '../wiring/issuer-enrol.ts'
import { readOptionalPassphrase } from '../wiring/issuer-passphrase.ts'
import { defaultCredentials } from './options-server.ts'

interface EnrollOptions {
  readonly server: string
  readonly ca: string
  readonly name: string
  readonly tokenFile: string
  readonly credentials: string
  readonly passphraseFile?: string
  readonly json?: boolean
}

/** `keyline enroll`: a one-time token becomes the certificate of a station or a person. */
export function enrollCommand(output: Output, end: (code: ExitCode) => void): Command {
  return new Command('enroll')
    .description(
      'Makes a key on this machine and turns a one-time token into a certificate of the service for it.\n' +
        'The folder then shows the server who calls: member.cert.pem, member.key.pem, ca.cert.pem, server.url, and\n' +
        'paa.cert.pem where the server shows one PAA. A certificate lives 90 days at most; `keyline provision` renews it.',
    )
    .requiredOption('--server <address>', 'https://HOST:PORT', serverUrl)
    .requiredOption('--ca <file>', 'CA certificate of the service, from the officer who runs it')
    .requiredOption('--name <name>', 'the member that was invited')
    .requiredOption('--token-file <file>', 'the one-time token; - reads the standard input')
    .option('--credentials <folder>', 'where the files go', defaultCredentials)
    .option(
      '--passphrase-file <file>',
      'first line closes the key; KEYLINE_PASSPHRASE_FILE does the same; an open 0600 file without',
    )
    .option('--json', 'machine-readable result')
    .action(async (options: EnrollOptions) => end(await enroll(output, options)))
}

async function enroll(output: Output, options: EnrollOptions): Promise<ExitCode> {
  const { server: url, ca, name, tokenFile } = options
  using passphrase = await readOptionalPassphrase(options.passphraseFile)
  const folder = resolve(options.credentials)
  const enrolled = await enrol({ url, ca, name, tokenFile, folder, passphrase })
  if (options.json === true) output.out(`${JSON.stringify(enrolled)}\n`)
  else {
    output.out(`${name} is enrolled until ${enrolled.notAfter.toISOString()}\n`)
    for (const file of enrolled.files) output.out(`  ${file}\n`)
    if (!enrolled.hasPaa) {
      output.err('note: the server shows no PAA; name it with --paa when you provision\n')
    }
  }
  return ExitCode.done
}
