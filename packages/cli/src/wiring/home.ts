import { mkdir, open, readFile, rename, stat } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { fromHex, Secret, toHex, type Random } from '@keyline/bytes'
import type { Policy } from '@keyline/ledger/records'
import { CliError } from '../errors.ts'

/** The folder of a station: ledger, journal, keys and simulated boards. */
export interface Home {
  readonly folder: string
  readonly ledgerFile: string
  readonly journalFolder: string
  readonly pkiFolder: string
  /** The PKI of the demo, whose passphrase nobody knows. */
  readonly demoPkiFolder: string
  readonly benchFolder: string
  readonly lockFolder: string
}

export function homeAt(folder: string): Home {
  const root = resolve(folder)
  return {
    folder: root,
    ledgerFile: join(root, 'ledger.db'),
    journalFolder: join(root, 'journal'),
    pkiFolder: join(root, 'pki'),
    demoPkiFolder: join(root, 'demo-pki'),
    benchFolder: join(root, 'bench'),
    lockFolder: join(root, 'locks'),
  }
}

/**
 * Where a server notes outside its database what was committed: the folder that KEYLINE_CHECKPOINTS names, else one of the
 * home. Beside a SQLite file it would be restored together with it, and notice nothing.
 */
export function checkpointFolder(home: Home): string {
  const named = process.env['KEYLINE_CHECKPOINTS']
  return named === undefined || named === '' ? join(home.folder, 'checkpoint') : resolve(named)
}

/** Makes the folders of a station; the tree is readable by its owner alone. */
export async function makeHome(home: Home): Promise<void> {
  try {
    await mkdir(home.folder, { recursive: true, mode: 0o700 })
    await mkdir(home.journalFolder, { recursive: true, mode: 0o700 })
  } catch (cause) {
    throw new CliError('CLI_FILE', `the folder ${home.folder} cannot be made`, { cause })
  }
}

/** @throws CliError `CLI_NO_STATION` when no station was ever opened in the folder */
export async function requireHome(home: Home): Promise<void> {
  if ((await stat(home.journalFolder).catch(() => undefined)) !== undefined) return
  throw new CliError('CLI_NO_STATION', `${home.folder} holds no station`)
}

export interface StoreKeyOptions {
  readonly home: Home
  readonly policy: Policy
  readonly random: Random
}

/**
 * The key that seals secrets at rest: from the file that KEYLINE_STORE_KEY_FILE names, else from a 0600 file
 * made at the first start. Policy `production` refuses the latter. Source: security, section 3.
 * @throws CliError `CLI_STORE_KEY`
 */
export async function storeKey(options: StoreKeyOptions): Promise<Secret> {
  const named = process.env['KEYLINE_STORE_KEY_FILE']
  if (named !== undefined && named !== '') return readStoreKey(named)
  if (options.policy === 'production') {
    throw new CliError('CLI_STORE_KEY', 'policy "production" needs KEYLINE_STORE_KEY_FILE')
  }
  const path = join(options.home.folder, 'store.key')
  if ((await stat(path).catch(() => undefined)) === undefined) {
    await makeStoreKey(path, options.random)
  }
  return readStoreKey(path)
}

/** The key is whole and on the disk before anything is sealed with it: without it the ledger's secrets are lost. */
async function makeStoreKey(path: string, random: Random): Promise<void> {
  const beside = `${path}.part`
  const file = await open(beside, 'w', 0o600)
  try {
    await file.writeFile(`${toHex(random.bytes(32))}\n`)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(beside, path)
  if (process.platform === 'win32') return
  const folder = await open(dirname(path), 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

async function readStoreKey(path: string): Promise<Secret> {
  let text: string
  try {
    const { mode } = await stat(path)
    if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
      throw new CliError('CLI_STORE_KEY', `${path} can be read by others`, {
        remedy: `run chmod 600 ${path}, and think about who has read it`,
      })
    }
    text = (await readFile(path, 'utf8')).trim()
  } catch (cause) {
    if (cause instanceof CliError) throw cause
    throw new CliError('CLI_STORE_KEY', `${path} cannot be read`, { cause })
  }
  if (!/^[0-9a-fA-F]{64}$/.test(text)) {
    throw new CliError('CLI_STORE_KEY', `${path} does not hold 64 hexadecimal digits`)
  }
  return new Secret(fromHex(text))
}
