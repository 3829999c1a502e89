import {
  link,
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  type FileHandle,
} from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { encodeUtf8, Secret, toHex, type Random } from '@keyline/bytes'
import { sha256 } from '@keyline/crypto'
import { pemDecode } from '@keyline/x509'
import { IssuerError } from '../errors.ts'

/** One certificate of a pool, with its key where that was made outside of the device. */
export interface PoolItem {
  /** Name of its folder. */
  readonly name: string
  /** X.509 DER. */
  readonly dac: Uint8Array
  /** PEM of PKCS#8; absent where the device holds its key. */
  readonly key?: Secret | undefined
}

const certificateFile = 'dac.cert.pem'
const keyFile = 'dac.key.pem'

/**
 * A folder of issued certificates. `free/NAME/` holds one each. What a key of idempotency takes lies in `taken/KEY/`,
 * where KEY is its hash: the file `choice.1` names an item, which is then moved there; if another key was faster,
 * `choice.2` names the next one, and so on.
 * A choice is linked under its name, and an item is moved, each in a single act of the file system that one of many
 * can do once. So everyone who asks with a key follows the same choices, and an item goes to one key: processes need no
 * lock, and a crash leaves nothing that the same key does not find again.
 */
export class PoolFolder {
  readonly #free: string
  readonly #taken: string
  readonly #random: Random

  constructor(folder: string, random: Random) {
    this.#free = join(folder, 'free')
    this.#taken = join(folder, 'taken')
    this.#random = random
  }

  /** Names of what nobody has taken, in their order. @throws IssuerError `ISSUER_POOL` */
  async free(): Promise<readonly string[]> {
    const entries = await readdir(this.#free, { withFileTypes: true }).catch((cause: unknown) => {
      throw new IssuerError('ISSUER_POOL', `${this.#free} cannot be read`, { cause })
    })
    return entries
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name)
      .toSorted()
  }

  /** DER of a free certificate; undefined when it was taken meanwhile. @throws X509Error `PEM_MALFORMED` */
  async certificateOf(name: string): Promise<Uint8Array | undefined> {
    const text = await readText(join(this.#free, name, certificateFile))
    return text === undefined ? undefined : pemDecode(text, 'CERTIFICATE')
  }

  /** Whether a free item comes with its key. */
  hasKey(name: string): Promise<boolean> {
    return isThere(join(this.#free, name, keyFile))
  }

  /**
   * The item of a key: the one that it has, or else a new one.
   * @param pick names a free item that is not among the lost ones, if there is any
   * @throws IssuerError `ISSUER_POOL`
   */
  async take(
    idempotencyKey: string,
    pick: (lost: ReadonlySet<string>) => Promise<string | undefined>,
  ): Promise<PoolItem | undefined> {
    const place = join(this.#taken, toHex(sha256(encodeUtf8(idempotencyKey))))
    const lost = new Set<string>()
    for (let turn = 1; ; turn++) {
      const choice = join(place, `choice.${turn}`)
      const name = (await readText(choice)) ?? (await this.#choose(choice, await pick(lost)))
      if (name === undefined) return undefined
      if (await this.#move(place, name)) return this.#read(place, name)
      lost.add(name)
    }
  }

  /** Makes an item the choice of this turn. @returns the choice, which a twin may have made */
  async #choose(choice: string, name: string | undefined): Promise<string | undefined> {
    if (name === undefined) return undefined
    const draft = `${choice}.${toHex(this.#random.bytes(8))}`
    const refuse = (cause: unknown): never => {
      throw new IssuerError('ISSUER_POOL', `${choice} cannot be written`, { cause })
    }
    await mkdir(dirname(choice), { recursive: true, mode: 0o700 }).catch(refuse)
    try {
      await writeAndClose(await open(draft, 'wx', 0o600), encodeUtf8(name))
      await link(draft, choice)
      await syncFolder(dirname(choice))
      return name
    } catch (cause) {
      if (hasCode(cause, 'EEXIST')) return await readText(choice)
      return refuse(cause)
    } finally {
      await rm(draft, { force: true })
    }
  }

  /** True when the item lies with its key: moved now, or before. */
  async #move(place: string, name: string): Promise<boolean> {
    const target = join(place, name)
    try {
      await rename(join(this.#free, name), target)
      await Promise.all([syncFolder(this.#free), syncFolder(place)])
      return true
    } catch (cause) {
      if (hasCode(cause, 'ENOENT')) return isThere(target)
      throw new IssuerError('ISSUER_POOL', `${name} cannot be moved to ${place}`, { cause })
    }
  }

  async #read(place: string, name: string): Promise<PoolItem> {
    const folder = join(place, name)
    const [text, key] = await Promise.all([
      readText(join(folder, certificateFile)),
      readFile(join(folder, keyFile)).catch(() => undefined),
    ])
    if (text === undefined) {
      throw new IssuerError('ISSUER_POOL', `${folder} has no ${certificateFile}`)
    }
    const dac = pemDecode(text, 'CERTIFICATE')
    return { name, dac, ...(key === undefined ? {} : { key: new Secret(Uint8Array.from(key)) }) }
  }
}

function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}

async function readText(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch((cause: unknown) => {
    if (hasCode(cause, 'ENOENT')) return undefined
    throw new IssuerError('ISSUER_POOL', `${path} cannot be read`, { cause })
  })
}

async function writeAndClose(file: FileHandle, octets: Uint8Array): Promise<void> {
  try {
    await file.writeFile(octets)
    await file.sync()
  } finally {
    await file.close()
  }
}

/** A name that moved is on the disk only when its folder is. */
async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}
