import { link, mkdir, open, readdir, readFile, rename, rm, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
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
const choiceFile = 'choice'

/**
 * A folder of issued certificates. `free/NAME/` holds one each; taking one moves its folder to `taken/KEY/NAME`, where
 * KEY is the hash of the idempotency key, and then links the file `taken/KEY/choice` that names it.
 * The move gives an item to one taker alone, the link one item to a key: both are single acts of the file system, so
 * that processes need no lock, and a crash between them leaves an item that the same key finds again.
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

  /** What was taken under the key before, whole or half. @throws IssuerError `ISSUER_POOL` */
  async taken(idempotencyKey: string): Promise<PoolItem | undefined> {
    const place = this.#placeOf(idempotencyKey)
    const choice = await readText(join(place, choiceFile))
    if (choice !== undefined) return this.#read(place, choice)
    const names = await readdir(place).catch(() => [])
    const half = names.find((name) => !isOwnFile(name))
    return half === undefined ? undefined : this.#choose(place, half)
  }

  /**
   * Takes an item for a key.
   * @returns the item that the key has, which another process may have taken for it; nothing when `name` is not free
   * @throws IssuerError `ISSUER_POOL`
   */
  async take(name: string, idempotencyKey: string): Promise<PoolItem | undefined> {
    const place = this.#placeOf(idempotencyKey)
    await mkdir(place, { recursive: true, mode: 0o700 })
    try {
      await rename(join(this.#free, name), join(place, name))
    } catch (cause) {
      if (hasCode(cause, 'ENOENT')) return undefined
      throw new IssuerError('ISSUER_POOL', `${name} cannot be moved to ${place}`, { cause })
    }
    await Promise.all([syncFolder(this.#free), syncFolder(place)])
    return this.#choose(place, name)
  }

  /** Makes an item the one of its key, unless it has one: then this one becomes free again. */
  async #choose(place: string, name: string): Promise<PoolItem> {
    const beside = join(place, `${choiceFile}.${toHex(this.#random.bytes(8))}`)
    const file = await open(beside, 'wx', 0o600)
    await writeAndClose(file, encodeUtf8(name))
    try {
      await link(beside, join(place, choiceFile))
      await syncFolder(place)
      return await this.#read(place, name)
    } catch (cause) {
      if (!hasCode(cause, 'EEXIST')) throw cause
    } finally {
      await rm(beside, { force: true })
    }
    const chosen = (await readText(join(place, choiceFile))) ?? ''
    if (chosen !== name) {
      await rename(join(place, name), join(this.#free, name)).catch((cause: unknown) => {
        if (!hasCode(cause, 'ENOENT')) throw cause
      })
    }
    return this.#read(place, chosen)
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

  #placeOf(idempotencyKey: string): string {
    return join(this.#taken, toHex(sha256(encodeUtf8(idempotencyKey))))
  }
}

function isOwnFile(name: string): boolean {
  return name === choiceFile || name.startsWith(`${choiceFile}.`)
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
