import type { Command } from 'commander'
import { serverUrl } from '../wiring/issuer-address.ts'

/** An empty variable names no folder. */
export const defaultCredentials = process.env['KEYLINE_CREDENTIALS'] || 'keyline-credentials'

/** Adds what every command of a server takes. */
export function withServerOptions(command: Command): Command {
  return command
    .option('--credentials <folder>', 'of `keyline enroll`', defaultCredentials)
    .option('--passphrase-file <file>', 'opens its key; KEYLINE_PASSPHRASE_FILE does the same')
    .option(
      '--server <address>',
      'https://HOST:PORT; that of the enrolment unless given',
      serverUrl,
    )
    .option('--json', 'the answer of the server as JSON')
}
