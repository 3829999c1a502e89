import { Command } from 'commander'
import type { ExitCode } from '../../exit-code.ts'
import type { Output } from '../../terminal/output.ts'
import type { VerifyFileOptions } from '../../wiring/attest/verify-file.ts'
import { collect, defaultHome, ledgerSpec } from '../options.ts'
import { say } from './say.ts'
import { withService } from './service-options.ts'
import { isoTime } from './time.ts'

interface Options extends VerifyFileOptions {
  readonly json?: boolean
}

/** `keyline attest verify`: genuine, contraindicated, or could not check. */
export function verifyCommand(output: Output, end: (code: ExitCode) => void): Command {
  const command = new Command('verify')
    .summary('verify a token, or the result of a verifier')
    .description(
      'Verifies a token against files that are trusted or by a service (--url), or a result (EAR, both dialects) under the\n' +
        'key of its verifier.\n' +
        'Ends with 0 for a genuine device, 1 for a contraindicated one, 3 when it could not be checked.',
    )
    .argument('[file]', 'token or result in any form; the standard input unless given', '-')
    .option('--nonce <octets>', 'the challenge, in hexadecimal, base64 or base64url')
    .option('--any-nonce', 'a kept token: whether it is fresh is not checked')
    .option(
      '--trust <file>',
      'CoRIM, authority or public key of the device; may be repeated',
      collect,
    )
    .option('--certificate <file>', 'certificate of the device that came beside its token')
    .option('--accept-certified', 'a certified device needs no registration')
    .option(
      '--signer <file>',
      'public key of which one must have signed the CoRIMs; may be repeated',
      collect,
    )
    .option('--lenient-psa-draft', 'take CoRIMs in the forms of authoring drafts')
    .option('--policy <file>', 'rules of the owner, JSON')
    .option('--require-signer', 'components must be signed by the signer of their reference value')
    .option('--require-all', 'every reference value must be met by a component')
    .option('--refuse-debug', 'a device in the state non-psa-rot-debug is not trustworthy')
    .option('--require-affirming', 'refuse a device with reservations, such as unknown firmware')
    .option(
      '--database <spec>',
      'what a verifier trusts, in place of files: postgres://… or a SQLite file',
      ledgerSpec,
    )
    .option('--home <folder>', 'store key of that database', defaultHome)
    .option('--tenant <name>', 'whose trust it is', '0')
    .option('--key <file>', 'key of the verifier whose result it is: JWK, JWK Set or PEM')
    .option('--time <time>', 'when the check takes place, ISO 8601; now unless given', isoTime)
    .option('--explain', 'tell what each component met, or what came nearest')
    .option('--json', 'machine-readable result')
  return withService(command).action(async (file: string, options: Options) => {
    const { verifyFile } = await import('../../wiring/attest/verify-file.ts')
    end(say(output, options, await verifyFile(file, options)))
  })
}
