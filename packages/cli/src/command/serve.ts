import { once } from 'node:events'
import { Command, InvalidArgumentError, Option } from 'commander'
import { isIP } from 'node:net'
import type { Policy } from '@keyline/ledger/records'
import { memberName } from '@keyline/server'
import { ExitCode } from '../exit-code.ts'
import { interruptSignal } from '../terminal/interrupt.ts'
import type { Output } from '../terminal/output.ts'
import { startService, type ListenAddress, type RunningService } from '../wiring/serve.ts'
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
    .option('--home <folder>', 'ledger, keys and files of the server', defaultHome)
    .option(...ledgerOption)
    .option('--json', 'machine-readable messages; the log is JSON on standard error in any case')
    .action(async (options: ServeCommandOptions) => end(await serve(output, options)))
}

async function serve(output: Output, options: ServeCommandOptions): Promise<ExitCode> {
  // Standard error is the log, a JSON object a line; the server says there that it stops.
  const interrupt = interruptSignal({ ...output, err: () => undefined })
  try {
    const service = await startService(options)
    tell(output, options, service)
    if (!interrupt.signal.aborted) await once(interrupt.signal, 'abort')
    await service.stop()
    return ExitCode.done
  } finally {
    interrupt.dispose()
  }
}

function tell(output: Output, options: ServeCommandOptions, service: RunningService): void {
  const { port, caFile, tokenFile, pai } = service
  const { listen, policy } = options
  if (options.json === true) {
    const { host } = listen
    output.out(`${JSON.stringify({ listening: { host, port }, policy, pai, caFile, tokenFile })}\n`)
    return
  }
  const host = isIP(listen.host) === 6 ? `[${listen.host}]` : listen.host
  output.out(`listening on https://${host}:${port}, policy ${policy}, PAI ${pai}\n`)
  output.out(`  stations pin ${caFile}\n`)
  if (tokenFile !== undefined) {
    output.out(`  one-time token of an owner, good for 24 hours: ${tokenFile}\n`)
  }
}

/** Reads `HOST:PORT`; an IPv6 address stands in brackets. */
function listenAddress(text: string): ListenAddress {
  const [, bracketed, plain, digits] =
    /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text) ?? []
  const host = bracketed ?? plain
  const port = Number(digits)
  if (host !== undefined && port <= 65_535) return { host, port }
  throw new InvalidArgumentError('It must be HOST:PORT, such as 0.0.0.0:8443 or [::]:8443.')
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
