import { Command } from 'commander'
import { ExitCode } from '../../exit-code.ts'
import type { Output } from '../../terminal/output.ts'
import { say } from './say.ts'

interface InspectOptions {
  readonly lenientPsaDraft?: boolean
  readonly json?: boolean
}

/** `keyline attest inspect`: what a token, an endorsement or a result says, and what is wrong with it. */
export function inspectCommand(output: Output, end: (code: ExitCode) => void): Command {
  return new Command('inspect')
    .summary('explain a token, an endorsement or a result')
    .description(
      'Explains a token claim by claim: what each claim means, at which octet it stands, and all that is wrong. CoRIMs, results\n' +
        '(EAR) and the packed structure of ST’s sample are recognised and explained too. Nothing is verified here, and nothing\n' +
        'of it may be believed for that. Reads octets, hexadecimal, base64, base64url, BEGIN and END lines, JWT and JSON.',
    )
    .argument('[file]', 'the message; the standard input unless given', '-')
    .option('--lenient-psa-draft', 'take CoRIMs in the forms of authoring drafts')
    .option('--json', 'machine-readable result')
    .action(async (file: string, options: InspectOptions) => {
      const { inspectFile } = await import('../../wiring/attest/inspect.ts')
      const { isSound, text, document } = await inspectFile(file, {
        isLenient: options.lenientPsaDraft,
      })
      const code = isSound ? ExitCode.done : ExitCode.failed
      end(say(output, options, { text, document: { ok: isSound, ...document }, code }))
    })
}
