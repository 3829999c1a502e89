import type { Secret } from '@keyline/bytes'
import { readPassphrase } from './pki.ts'

/** The passphrase of a member's key, where a file or KEYLINE_PASSPHRASE_FILE names one. @throws CliError `CLI_PASSPHRASE` */
export async function readOptionalPassphrase(
  file: string | undefined,
): Promise<Secret | undefined> {
  const isNamed = (file ?? process.env['KEYLINE_PASSPHRASE_FILE'] ?? '') !== ''
  return isNamed ? readPassphrase(file) : undefined
}
