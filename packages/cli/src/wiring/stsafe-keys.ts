import { access, constants, open, stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { decodeUtf8, fromHex, isKeylineError, parseJson, Secret, toHex } from '@keyline/bytes'
import type { TypedHostKeys } from '@keyline/stsafe'
import { hostKeyLength, type HostKeyType } from '@keyline/stsafe/layout'
import { CliError } from '../errors.ts'
import type { Output } from '../terminal/output.ts'
import { inputLimits, placeOf, readInput } from './pki-input.ts'
import { writeWhole } from './pki-output.ts'
import { promptSecret } from './stsafe-prompt.ts'

/**
 * Host keys of a JSON file: `macKey` and `cipherKey` in hexadecimal, 16 octets each for AES-128, 32 for AES-256.
 * @throws CliError `CLI_FILE`, `CLI_KEYS`
 */
export async function readHostKeys(output: Output, path: string): Promise<TypedHostKeys> {
  const text = await readSecretText(output, path)
  const json = within(path, () => parseJson(text, placeOf(path), { maxLength: inputLimits.text }))
  const members = new Map(Object.entries(json ?? {}))
  const macKey = keyMember(path, members, 'macKey')
  const cipherKey = keyMember(path, members, 'cipherKey')
  const type = (['AES-128', 'AES-256'] as const).find(
    (name) => macKey.length === hostKeyLength[name] && cipherKey.length === hostKeyLength[name],
  )
  if (type === undefined) {
    const message = `${placeOf(path)}: macKey and cipherKey must both have 16 or both have 32 octets`
    throw new CliError('CLI_KEYS', message)
  }
  const named = members.get('type')
  if (named !== undefined && named !== type) {
    throw new CliError('CLI_KEYS', `${placeOf(path)}: the type is not that of the keys, ${type}`)
  }
  return { type, macKey, cipherKey }
}

/** The text of a file of host keys. It is a secret. */
export function hostKeysText({ type, macKey, cipherKey }: TypedHostKeys): string {
  const members = {
    type: type satisfies HostKeyType,
    macKey: toHex(macKey.reveal()),
    cipherKey: toHex(cipherKey.reveal()),
  }
  return `${JSON.stringify(members, undefined, 2)}\n`
}

/**
 * A key or password: hexadecimal digits of a file, `-` for the standard input, or typed at a prompt where no file is named.
 * @param option names the file on the command line
 * @throws CliError `CLI_FILE`, `CLI_KEYS`
 */
export async function readKey(
  output: Output,
  path: string | undefined,
  { option, what }: { readonly option: string; readonly what: string },
): Promise<Secret> {
  const text =
    path === undefined ? await promptSecret(what, option) : await readSecretText(output, path)
  const digits = text.replaceAll(/\s/g, '')
  if (!/^(?:[0-9a-fA-F]{2})+$/.test(digits)) {
    const place = path === undefined ? what : placeOf(path)
    throw new CliError('CLI_KEYS', `${place} is not an even number of hexadecimal digits`)
  }
  return new Secret(fromHex(digits.toLowerCase()))
}

/**
 * Proves before the chip makes a key that its file can take it, as there is no second copy.
 * @throws CliError `CLI_EXISTS`, `CLI_FILE`
 */
export async function requireNewFile(path: string): Promise<void> {
  try {
    await access(path)
  } catch (cause) {
    if (!(cause instanceof Error) || !('code' in cause) || cause.code !== 'ENOENT') {
      throw new CliError('CLI_FILE', `${path} cannot be written`, { cause })
    }
    try {
      await access(dirname(resolve(path)), constants.W_OK)
    } catch {
      throw new CliError('CLI_FILE', `the folder of ${path} cannot be written`, { cause })
    }
    return
  }
  const remedy = 'name another file; keys are never overwritten'
  throw new CliError('CLI_EXISTS', `${path} exists`, { remedy })
}

/**
 * Writes a key to a new file that is whole and on the disk, with its name, when this returns.
 * @throws CliError `CLI_EXISTS`, `CLI_FILE`
 */
export async function writeSecret(path: string, content: Uint8Array | string): Promise<void> {
  await writeWhole({ path, content, isSecret: true })
  if (process.platform === 'win32') return
  const folder = await open(dirname(resolve(path)), 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

async function readSecretText(output: Output, path: string): Promise<string> {
  await warnOfReaders(output, path)
  const octets = await readInput(path, 'text')
  return within(path, () => decodeUtf8(octets))
}

/** A key that others of the machine may have read is worth a word; a pipe has no others. */
async function warnOfReaders({ err }: Output, path: string): Promise<void> {
  if (process.platform === 'win32' || path === '-') return
  const found = await stat(path).catch(() => undefined)
  if (found?.isFile() !== true || (found.mode & 0o077) === 0) return
  err(
    `warning: ${path} can be read by others; run chmod 600 ${path}, and think about who has read it\n`,
  )
}

function keyMember(path: string, members: ReadonlyMap<string, unknown>, name: string): Secret {
  const value = members.get(name)
  if (typeof value === 'string' && /^(?:[0-9a-fA-F]{2})+$/.test(value)) {
    return new Secret(fromHex(value.toLowerCase()))
  }
  throw new CliError('CLI_KEYS', `${placeOf(path)}: ${name} is missing, or not hexadecimal`)
}

/** What stood in the file is not repeated: it may be a key. */
function within<T>(path: string, read: () => T): T {
  try {
    return read()
  } catch (cause) {
    if (!isKeylineError(cause)) throw cause
    throw new CliError('CLI_KEYS', `${placeOf(path)} cannot be understood`, { cause })
  }
}
