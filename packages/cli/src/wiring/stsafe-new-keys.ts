import { rm } from 'node:fs/promises'
import { isKeylineError, Secret, systemRandom } from '@keyline/bytes'
import { StsafeError, type TypedHostKeys } from '@keyline/stsafe'
import { hostKeyLength, type HostKeyType } from '@keyline/stsafe/layout'
import { CliError } from '../errors.ts'
import type { Output } from '../terminal/output.ts'
import { hostKeysText, readHostKeys, requireNewFile, writeSecret } from './stsafe-keys.ts'

/** Where new host keys come from, as a command line names it. */
export interface NewKeyOptions {
  readonly keys?: string
  readonly generate?: HostKeyType
  readonly out?: string
}

export type DisposableKeys = TypedHostKeys & Disposable

/**
 * The file of keys that were made here. It is on the disk before the chip can have them, goes again when the chip certainly
 * does not have them, and stays when nobody knows.
 */
export class KeyFile {
  readonly #output: Output
  readonly #path: string
  readonly #remedy: string
  #state: 'none' | 'kept' | 'begun' | 'written' = 'none'

  /** @param remedy what to do when nobody knows */
  constructor(output: Output, path: string, remedy: string) {
    this.#output = output
    this.#path = path
    this.#remedy = remedy
  }

  /** @throws CliError `CLI_EXISTS`, `CLI_FILE` */
  async keep(content: string): Promise<void> {
    await writeSecret(this.#path, content)
    this.#state = 'kept'
  }

  /** From here on the chip may get the keys. */
  begin(): void {
    this.#state = 'begun'
  }

  /** The chip has them. */
  end(): void {
    this.#state = 'written'
  }

  /** Does the work; when it fails, decides whether the file stays. */
  async during<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      if (this.#state === 'none' || this.#state === 'written') throw error
      if (this.#state === 'begun' && mayBeWritten(error)) throw this.#kept(error)
      await rm(this.#path, { force: true })
      throw error
    }
  }

  #kept(error: unknown): unknown {
    const where = `the keys stay in ${this.#path}`
    if (!(error instanceof StsafeError)) {
      this.#output.err(`${where}\n`)
      return error
    }
    const { code, details, message } = error
    const remedy = this.#remedy
    return new StsafeError(code, `${message}; ${where}`, { cause: error, details, remedy })
  }
}

/** The file of host keys, which the chip itself can be asked about. */
export function hostKeyFile(output: Output, path: string): KeyFile {
  const remedy = `run keyline stsafe host-keys prove --keys ${path} to learn whether the chip holds them`
  return new KeyFile(output, path, remedy)
}

/**
 * Has new host keys written to a chip. Keys that are drawn lie in their file before.
 * @param write gets the file of drawn keys
 * @throws CliError `CLI_KEYS`, `CLI_EXISTS`, `CLI_FILE`, and what `write` throws
 */
export async function withNewKeys<T>(
  output: Output,
  { keys: path, generate, out }: NewKeyOptions,
  write: (keys: TypedHostKeys, file: KeyFile | undefined) => Promise<T>,
): Promise<T> {
  if (path !== undefined && generate === undefined) {
    if (out !== undefined) throw new CliError('CLI_USAGE', '--out takes keys that --generate draws')
    using given = disposable(await readHostKeys(output, path))
    return await write(given, undefined)
  }
  if (path !== undefined || generate === undefined || out === undefined) {
    throw new CliError('CLI_KEYS', 'the new host keys are not given', {
      remedy: 'name their file with --keys, or pass --generate AES-128 --out FILE',
    })
  }
  await requireNewFile(out)
  using drawn = drawKeys(generate)
  const file = hostKeyFile(output, out)
  await file.keep(hostKeysText(drawn))
  return await file.during(() => write(drawn, file))
}

/** The answer of a command that cannot be repeated is waited for: all other errors are from before it was taken. */
function mayBeWritten(error: unknown): boolean {
  if (!isKeylineError(error)) return true
  if (!(error instanceof StsafeError)) return false
  return error.code === 'STSAFE_OUTCOME_UNKNOWN' || error.details['written'] === true
}

function drawKeys(type: HostKeyType): DisposableKeys {
  const draw = (): Secret => new Secret(systemRandom.bytes(hostKeyLength[type]))
  return disposable({ type, macKey: draw(), cipherKey: draw() })
}

/** The same keys, wiped when their scope ends. */
export function disposable(keys: TypedHostKeys): DisposableKeys {
  return {
    ...keys,
    [Symbol.dispose]: () => {
      keys.macKey.wipe()
      keys.cipherKey.wipe()
    },
  }
}
