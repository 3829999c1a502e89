import { once } from 'node:events'
import { Command, Option } from 'commander'
import type { Policy } from '@keyline/ledger/records'
import { ExitCode } from '../../exit-code.ts'
import { interruptSignal } from '../../terminal/interrupt.ts'
import type { Output } from '../../terminal/output.ts'
import type { ServedVerifier, VerifierServeOptions } from '../../wiring/attest/serve.ts'
import { wholeNumber } from '../options.ts'
import { addressUrl, listenAddress } from './listen-address.ts'
import { withDatabase } from './record-options.ts'

interface Options extends VerifierServeOptions {
  readonly workers: number
  readonly policy?: Policy
  readonly json?: boolean
}

const mostWorkers = 64

/** `keyline attest serve`: the verifier as a service. */
export function serveCommand(output: Output, end: (code: ExitCode) => void): Command {
  const command = new Command('serve')
    .summary('run the verifier as a service')
    .description(
      'Verifies tokens over HTTP until Ctrl+C or SIGTERM: sessions and single requests, provisioning of CoRIMs, policies.\n' +
        'The first start makes the keys of results and nonces, sealed in the database; all servers of one database share\n' +
        'them. Who may provision, `keyline attest credential add` says. The log is JSON on standard error.',
    )
    .option('--listen <address>', 'HOST:PORT; port 0 takes a free one', listenAddress, {
      host: '127.0.0.1',
      port: 8080,
    })
    .option(
      '--workers <number>',
      'processes that share the address',
      wholeNumber(1, mostWorkers),
      1,
    )
    .option('--config <file>', 'settings, JSON')
    .addOption(
      new Option(
        '--policy <policy>',
        'production asks for credentials and a store key of its own; that of --config unless given',
      ).choices(['test', 'production']),
    )
    .option('--open', 'ask nobody for credentials, under policy test alone')
    .option('--tls-certificate <file>', 'certificate of the service, with those above it, PEM')
    .option('--tls-key <file>', 'its key, PEM')
    .option('--client-ca <file>', 'authority of clients with a certificate, PEM')
    .option('--tls12', 'take TLS 1.2 too, for clients that know no newer one')
    .option('--json', 'machine-readable messages')
  return withDatabase(command).action(async (options: Options) => end(await serve(output, options)))
}

async function serve(output: Output, options: Options): Promise<ExitCode> {
  const { isWorker, serveAsWorker, serveWithWorkers } =
    await import('../../wiring/attest/serve-cluster.ts')
  // Standard error is the log, a JSON object a line; the server says there that it stops.
  const interrupt = interruptSignal({ ...output, err: () => undefined })
  try {
    if (isWorker()) {
      await serveAsWorker(options, interrupt.signal)
      return ExitCode.done
    }
    const { serveVerifier } = await import('../../wiring/attest/serve.ts')
    const served =
      options.workers === 1
        ? await serveVerifier(options)
        : await serveWithWorkers(options, options.workers)
    tell(output, options, served)
    if (!interrupt.signal.aborted) await once(interrupt.signal, 'abort')
    await served.stop()
    return ExitCode.done
  } finally {
    interrupt.dispose()
  }
}

function tell(output: Output, options: Options, served: ServedVerifier): void {
  const { port, isSecure, keyId, settings } = served
  const { policy, access } = settings
  const { workers, listen } = options
  const url = addressUrl(listen.host, port, isSecure)
  if (options.json === true) {
    output.out(`${JSON.stringify({ listening: url, policy, keyId, workers })}\n`)
    return
  }
  output.out(
    `verifying at ${url}, policy ${policy}, ${workers === 1 ? '1 process' : `${workers} workers`}\n`,
  )
  output.out(`  results are signed with the key ${keyId}\n`)
  if (access.management === 'none') {
    output.out('  anyone may provision and change policies: this is for tests alone\n')
  }
}
