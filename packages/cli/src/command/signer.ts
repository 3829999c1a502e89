import { once } from 'node:events'
import { Command } from 'commander'
import { ExitCode } from '../exit-code.ts'
import { interruptSignal } from '../terminal/interrupt.ts'
import type { Output } from '../terminal/output.ts'
import { startSigner, type SignerProcessOptions } from '../wiring/signer-process.ts'
import { wholeNumber } from './options.ts'

interface SignerOptions extends SignerProcessOptions {
  readonly json?: boolean
}

/** `keyline signer`: a process that holds the key of a PAI, and nothing else of the service. */
export function signerCommand(output: Output, end: (code: ExitCode) => void): Command {
  return new Command('signer')
    .description(
      'Holds the key of a PAI behind a local socket until Ctrl+C. It signs device certificates and revocation lists of\n' +
        'this PAI and nothing else, counts certificates on the disk before it signs them, and stops at its own limit.\n' +
        'Others name it unix:PATH, for example in pai.key.uri. Who may connect is decided by the folder of the socket:\n' +
        'mode 700, or 750 for the members of --peer-group.',
    )
    .requiredOption('--listen <address>', 'unix:PATH')
    .option('--pki <folder>', 'the PAI and its key, or the name of its key')
    .option(
      '--passphrase-file <file>',
      'opens a key in a file; KEYLINE_PASSPHRASE_FILE does the same',
    )
    .option('--key <uri>', 'pkcs11:token=…;object=…?module-path=…&pin-source=file:…; needs --pai')
    .option('--pai <file>', 'the certificate of that key, PEM or DER')
    .option(
      '--counter <file>',
      'where certificates are counted; signer.count in the folder of --pki',
    )
    .option('--limit <n>', 'certificates that it ever signs', wholeNumber(1, 0xffff_ffff))
    .option('--limit-per-minute <n>', 'certificates in any minute', wholeNumber(1, 0xffff_ffff))
    .option(
      '--peer-group <gid>',
      'group whose members may connect, too',
      wholeNumber(0, 0xffff_fffe),
    )
    .option('--json', 'machine-readable messages')
    .action(async (options: SignerOptions) => end(await sign(output, options)))
}

async function sign(output: Output, options: SignerOptions): Promise<ExitCode> {
  const interrupt = interruptSignal(output, 'the signer closes its socket')
  try {
    const signer = await startSigner(options)
    const { address, counted, counter } = signer
    const { limit } = options
    if (options.json === true) {
      output.out(`${JSON.stringify({ listening: address, counted, counter, limit })}\n`)
    } else {
      const most = limit === undefined ? 'no limit' : `limit ${limit}`
      output.out(`signer at ${address}, ${counted} certificates counted in ${counter}, ${most}\n`)
    }
    if (!interrupt.signal.aborted) await once(interrupt.signal, 'abort')
    await signer.close()
    return ExitCode.interrupted
  } finally {
    interrupt.dispose()
  }
}
