import { readFile } from 'node:fs/promises'
import { encodeUtf8, Secret } from '@keyline/bytes'
import { openSigner, type HeldSigner, type Pkcs11Uri } from '@keyline/issuer'
import { CliError } from '../errors.ts'

/** Opens a key by its name, `pkcs11:…` or `unix:…`. @throws CliError `CLI_PIN`; IssuerError */
export function openKey(keyUri: string): Promise<HeldSigner> {
  return openSigner({ keyUri, pin: readPin })
}

/**
 * The PIN of a token: first line of the file that the name of the key or else KEYLINE_PIN_FILE names.
 * @throws CliError `CLI_PIN`
 */
export async function readPin(key: Pkcs11Uri): Promise<Secret> {
  const path = key.pinFile ?? process.env['KEYLINE_PIN_FILE']
  if (path === undefined || path === '') {
    throw new CliError('CLI_PIN', 'no file is named that holds the PIN of the token')
  }
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new CliError('CLI_PIN', `the PIN file ${path} cannot be read`, { cause })
  })
  const [line = ''] = text.split(/\r?\n/)
  if (line === '') throw new CliError('CLI_PIN', `the PIN file ${path} begins with an empty line`)
  return new Secret(encodeUtf8(line))
}
