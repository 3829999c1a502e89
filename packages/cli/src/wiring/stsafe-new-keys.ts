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

/** How far the writing of new host keys has come. */
export type Progress = 'begun' | 'written'

/**
 * Has new host keys written to a chip. Keys that are drawn lie in their file, on the disk, before the chip can have them. The
 * file goes again when the chip certainly does not have them, and stays when nobody knows.
 * @param write tells how far it has come
 * @throws CliError `CLI_KEYS`, `CLI_EXISTS`, `CLI_FILE`, and what `write` throws
 */
export async function withNewKeys<T>(
  output: Output,
  { keys: path, generate, out }: NewKeyOptions,
  write: (keys: TypedHostKeys, progress: (now: Progress) => void) => Promise<T>,
): Promise<T> {
  if (path !== undefined && generate === undefined) {
    if (out !== undefined) throw new CliError('CLI_USAGE', '--out takes keys that --generate draws')
    using given = disposable(await readHostKeys(output, path))
    return await write(given, () => undefined)
  }
  if (path !== undefined || generate === undefined || out === undefined) {
    throw new CliError('CLI_KEYS', 'the new host keys are not given', {
      remedy: 'name their file with --keys, or pass --generate AES-128 --out FILE',
    })
  }
  await requireNewFile(out)
  using drawn = drawKeys(generate)
  await writeSecret(out, hostKeysText(drawn))
  const reached = new Set<Progress>()
  try {
    return await write(drawn, (now) => reached.add(now))
  } catch (error) {
    if (reached.has('written')) throw error
    if (reached.has('begun') && mayBeWritten(error)) throw keptIn(output, out, error)
    await rm(out, { force: true })
    throw error
  }
}

/** The answer of a command that cannot be repeated is waited for: all other errors are from before it was taken. */
function mayBeWritten(error: unknown): boolean {
  if (!isKeylineError(error)) return true
  if (!(error instanceof StsafeError)) return false
  return error.code === 'STSAFE_OUTCOME_UNKNOWN' || error.details['written'] === true
}

function keptIn({ err }: Output, path: string, error: unknown): unknown {
  if (!(error instanceof StsafeError)) {
    err(`the drawn keys stay in ${path}\n`)
    return error
  }
  const { code, details, message } = error
  return new StsafeError(code, `${message}; the drawn keys stay in ${path}`, {
    cause: error,
    details,
    remedy: `run keyline stsafe host-keys prove --keys ${path} to learn whether the chip holds them`,
  })
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
