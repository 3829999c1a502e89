import { Command, InvalidArgumentError, Option } from 'commander'
import { CliError } from '../../errors.ts'
import { ExitCode } from '../../exit-code.ts'
import { paint, type Output } from '../../terminal/output.ts'
import { writeWhole } from '../../wiring/pki-output.ts'
import type { MadeToken, TokenOptions } from '../../wiring/attest/token.ts'
import { withDevice, withFirmware } from './device-option.ts'
import { say } from './say.ts'
import { withService, type VerifierOptions } from './service-options.ts'

interface Options extends TokenOptions, VerifierOptions {
  readonly oneRequest?: boolean
  readonly key?: string
  readonly explain?: boolean
  readonly json?: boolean
}

/** `keyline attest token`: the five steps of a device, over the challenge of a verifier. */
export function tokenCommand(output: Output, end: (code: ExitCode) => void): Command {
  const command = new Command('token')
    .summary('make a token over the challenge of a verifier')
    .description(
      'Makes an Entity Attestation Token on a simulated device, in the five steps of the initial attestation of STM32: key,\n' +
        'hash, signature, token, certificate. --explain tells each of them on the standard error. With --url the challenge comes\n' +
        'from a verifier service, and its result is verified and shown.',
    )
    .option('--challenge <octets>', '32, 48 or 64 octets in hexadecimal, base64 or base64url')
    .option('--challenge-file <file>', 'the challenge in a file; - for the standard input')
    .addOption(
      new Option('--profile <profile>', 'PSA profile of the claims')
        .choices(['2023', '1', '2.0.0'])
        .default('2023'),
    )
    .option(
      '--client-id <number>',
      'caller on the device: negative on the non-secure side, positive on the secure side',
      clientId,
      -1,
    )
    .addOption(
      new Option('--format <format>', 'how the token is written')
        .choices(['hex', 'base64', 'base64url', 'cbor'])
        .default('hex'),
    )
    .option(
      '--out <file>',
      'where the token goes, with --url the result; the standard output unless given',
    )
    .option('--with-certificate', 'put the device certificate into the protected header')
    .option('--with-key-id', 'name the key in the unprotected header')
    .option('--verification-service <uri>', 'claim that says where the token can be verified')
    .option('--explain', 'tell each step')
    .option('--json', 'machine-readable result')
    .option('--one-request', 'ask the service without a session')
    .option(
      '--key <file>',
      'key of the service: JWK, JWK Set or PEM; what it publishes unless given',
    )
  return withService(withFirmware(withDevice(command))).action(async (options: Options) => {
    end(await token(output, options))
  })
}

async function token(output: Output, options: Options): Promise<ExitCode> {
  if (options.url !== undefined) return attest(output, { ...options, url: options.url })
  const { deliverToken, makeToken, tokenDocument } = await import('../../wiring/attest/token.ts')
  const made = await makeToken(options)
  if (options.explain === true) output.err(explanation(output, made))
  const text = await deliverToken(made.token, options)
  output.out(options.json === true ? `${JSON.stringify(tokenDocument(made))}\n` : text)
  return ExitCode.done
}

/** With a service: its challenge, the token, its result. */
async function attest(
  output: Output,
  options: Options & { readonly url: string },
): Promise<ExitCode> {
  if (options.challenge !== undefined || options.challengeFile !== undefined) {
    throw new CliError('CLI_USAGE', 'the challenge comes from the service that --url names', {
      remedy: 'leave --challenge out, or leave --url out',
    })
  }
  const { attestTo } = await import('../../wiring/attest/remote.ts')
  const { tokenDocument } = await import('../../wiring/attest/token.ts')
  const { made, report } = await attestTo(options)
  if (options.explain === true) output.err(explanation(output, made))
  const { text, code, jwt } = report
  const document = { ...tokenDocument(made), ...report.document }
  if (options.out !== undefined) await writeWhole({ path: options.out, content: `${jwt}\n` })
  return say(output, options, { text, document, code })
}

function explanation(output: Output, { steps }: MadeToken): string {
  return steps.map((text, step) => `${paint(output, 'bold', String(step))}  ${text}\n`).join('')
}

function clientId(text: string): number {
  const value = Number(text)
  if (/^-?\d+$/.test(text) && value === (value | 0) && value !== 0) return value
  throw new InvalidArgumentError('It must be a whole number of 32 bits, and not 0.')
}
