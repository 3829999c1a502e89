import { once } from 'node:events'
import { Command, InvalidArgumentError, Option } from 'commander'
import { isIP } from 'node:net'
import type { Policy } from '@keyline/ledger/records'
import { memberName } from '@keyline/server'
import { CliError } from '../errors.ts'
import { ExitCode } from '../exit-code.ts'
import { interruptSignal } from '../terminal/interrupt.ts'
import type { Output } from '../terminal/output.ts'
import { startService, type ListenAddress, type RunningService } from '../wiring/serve.ts'
import { addressUrl, listenAddress } from './attest/listen-address.ts'
import { collect, defaultHome, ledgerOption } from './options.ts'

interface ServeCommandOptions {
  readonly home: string
  readonly ledger?: string
  readonly policy: Policy
  readonly listen: ListenAddress
  readonly hostName?: readonly string[]
  readonly pki?: string
  readonly passphraseFile?: string
  readonly key?: string
  readonly init?: boolean
  readonly inviteOwner?: string
  readonly verifier?: ListenAddress
  readonly verifierConfig?: string
  readonly verifierTlsCertificate?: string
  readonly verifierTlsKey?: string
  readonly json?: boolean
}

/** `keyline serve`: device certificates over a secure connection. */
export function serveCommand(output: Output, end: (code: ExitCode) => void): Command {
  return new Command('serve')
    .description(
      'Issues device certificates over EST and REST with mutual TLS until Ctrl+C or SIGTERM.\n' +
        'The first start of a ledger takes --init: it makes the CA of the service, whose key rests sealed in the ledger,\n' +
        'and a one-time token for the first owner. Several servers share one PostgreSQL, each with a home of its own.',
    )
    .option('--listen <address>', 'HOST:PORT', listenAddress, { host: '0.0.0.0', port: 8443 })
    .option('--host-name <name>', 'name or address that stations use; may be repeated', hostName)
    .option('--init', 'make the service CA and invite the first owner')
    .option('--invite-owner <name>', 'write a one-time token for an owner', ownerName)
    .addOption(
      new Option('--policy <policy>', 'production refuses keys in files and test vendor ids')
        .choices(['test', 'production'])
        .default('test'),
    )
    .option('--pki <folder>', 'certificates and PAI key; the pki folder of --home unless given')
    .option(
      '--passphrase-file <file>',
      'opens a PAI key in a file; KEYLINE_PASSPHRASE_FILE does the same',
    )
    .option('--key <uri>', 'PAI key elsewhere: unix:PATH of `keyline signer`, or pkcs11:…')
    .option(
      '--verifier <address>',
      'HOST:PORT of a verifier of attestation tokens on the same ledger',
      listenAddress,
    )
    .option('--verifier-config <file>', 'its settings, JSON')
    .option('--verifier-tls-certificate <file>', 'its certificate, PEM; plain HTTP without one')
    .option('--verifier-tls-key <file>', 'key of that certificate, PEM')
    .option('--home <folder>', 'ledger, keys and files of the server', defaultHome)
    .option(...ledgerOption)
    .option('--json', 'machine-readable messages; the log is JSON on standard error in any case')
    .action(async (options: ServeCommandOptions) => end(await serve(output, options)))
}

async function serve(output: Output, options: ServeCommandOptions): Promise<ExitCode> {
  // Standard error is the log, a JSON object a line; the server says there that it stops.
  const interrupt = interruptSignal({ ...output, err: () => undefined })
  try {
    const service = await startService({ ...options, verifier: verifierOf(options) })
    tell(output, options, service)
    if (!interrupt.signal.aborted) await once(interrupt.signal, 'abort')
    await service.stop()
    return ExitCode.done
  } finally {
    interrupt.dispose()
  }
}

function verifierOf(options: ServeCommandOptions) {
  const { verifier: listen, verifierConfig: config } = options
  const { verifierTlsCertificate: tlsCertificate, verifierTlsKey: tlsKey } = options
  if (listen !== undefined) return { listen, config, tlsCertificate, tlsKey }
  if ((config ?? tlsCertificate ?? tlsKey) === undefined) return undefined
  throw new CliError('CLI_USAGE', 'the options of a verifier stand without its address', {
    remedy: 'name it with --verifier HOST:PORT',
  })
}

function tell(output: Output, options: ServeCommandOptions, service: RunningService): void {
  const { port, caFile, tokenFile, pai, verifier } = service
  const { listen, policy } = options
  if (options.json === true) {
    const { host } = listen
    output.out(
      `${JSON.stringify({ listening: { host, port }, policy, pai, caFile, tokenFile, verifier: verifierDocument(options, service) })}\n`,
    )
    return
  }
  const host = isIP(listen.host) === 6 ? `[${listen.host}]` : listen.host
  output.out(`listening on https://${host}:${port}, policy ${policy}, PAI ${pai}\n`)
  output.out(`  stations pin ${caFile}\n`)
  if (verifier !== undefined && options.verifier !== undefined) {
    const url = addressUrl(options.verifier.host, verifier.port, verifier.isSecure)
    output.out(`  verifying at ${url}, results are signed with the key ${verifier.keyId}\n`)
  }
  if (tokenFile !== undefined) {
    output.out(`  one-time token of an owner, good for 24 hours: ${tokenFile}\n`)
  }
}

function verifierDocument(
  { verifier: address }: ServeCommandOptions,
  { verifier }: RunningService,
) {
  if (verifier === undefined || address === undefined) return undefined
  const { port, isSecure, keyId } = verifier
  return { listening: addressUrl(address.host, port, isSecure), keyId }
}

function hostName(text: string, before: readonly string[] | undefined): readonly string[] {
  if (isIP(text) === 0 && !/^(?=.{1,253}$)[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*$/.test(text)) {
    throw new InvalidArgumentError('It must be a DNS name or an IP address.')
  }
  return collect(text, before)
}

function ownerName(text: string): string {
  if (memberName.test(text)) return text
  throw new InvalidArgumentError(
    'It must be 1 to 64 letters, digits, dots, dashes and underscores.',
  )
}
