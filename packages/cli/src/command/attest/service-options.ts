import type { Command } from 'commander'
import type { ServiceOptions } from '../../wiring/attest/service.ts'

/** What a command takes that asks a verifier. */
export type VerifierOptions = Partial<ServiceOptions>

/** Adds the options by which a verifier service is reached. */
export function withService(command: Command): Command {
  return command
    .option('--url <address>', 'a verifier service, https://HOST:PORT')
    .option('--ca <file>', 'PEM of the CA of that service; those of the system unless given')
    .option(
      '--credentials-file <file>',
      'NAME:PASSWORD or an API key, for its owner alone (KEYLINE_VERIFIER_CREDENTIALS_FILE)',
    )
}
