import { constants } from 'node:fs'
import { access, stat } from 'node:fs/promises'
import { basename, dirname, extname, resolve } from 'node:path'
import { StationError } from '../errors.ts'
import type { ProvisioningManager } from '../port/manager.ts'
import { moduleAdapter } from './module-adapter.ts'
import { processManager, type ProcessManagerOptions } from './process-manager.ts'
import { pythonAdapter } from './python-adapter.ts'

export interface FindManagerOptions {
  /** What one board may take, milliseconds; 120 000 unless given. */
  readonly limitMs?: number | undefined
  readonly environment?: Readonly<Record<string, string | undefined>> | undefined
}

const managerLimitMs = 120_000

/** The name of the manager that is no file. */
const builtIn = 'built-in'

/**
 * The provisioning manager that a text names: `built-in` is the dialogue of this station and gives nothing; a file
 * `.mjs`, `.js` or `.cjs` and a file `.py` have a function `Provisioning`; any other file is a program that speaks
 * JSON lines. KEYLINE_PYTHON names the interpreter, `python3` unless given. Source: provisioning-station section 6.6.
 * @throws StationError `STATION_MANAGER_FORM`
 */
export async function findManager(
  script: string,
  options: FindManagerOptions = {},
): Promise<ProvisioningManager | undefined> {
  if (script === builtIn) return undefined
  const { limitMs = managerLimitMs, environment = process.env } = options
  const path = resolve(script)
  await requireFile(path)
  const start = startOf(path, environment)
  if (start.isProgram) await requireProgram(path)
  return processManager({
    ...start,
    name: basename(path),
    folder: dirname(path),
    limitMs,
    environment,
  })
}

type Start = Pick<ProcessManagerOptions, 'command' | 'verbatim'> & { readonly isProgram: boolean }

function startOf(path: string, environment: Readonly<Record<string, string | undefined>>): Start {
  const isWindows = process.platform === 'win32'
  switch (extname(path).toLowerCase()) {
    case '.mjs':
    case '.js':
    case '.cjs': {
      const node = [process.execPath, '--input-type=module', '-e', moduleAdapter] as const
      return { command: [...node, path], isProgram: false }
    }
    case '.py': {
      const named = environment['KEYLINE_PYTHON'] ?? ''
      const python = named === '' ? (isWindows ? 'python' : 'python3') : named
      return { command: [python, '-c', pythonAdapter, path], isProgram: false }
    }
    case '.bat':
    case '.cmd':
      if (isWindows) {
        const command = ['cmd.exe', '/d', '/s', '/c', `""${path}""`] as const
        return { command, verbatim: true, isProgram: false }
      }
      return { command: [path], isProgram: true }
    default:
      return { command: [path], isProgram: true }
  }
}

async function requireFile(path: string): Promise<void> {
  const isFile = await stat(path).then(
    (entry) => entry.isFile(),
    () => false,
  )
  if (!isFile) throw new StationError('STATION_MANAGER_FORM', `${path} is no file`)
}

async function requireProgram(path: string): Promise<void> {
  if (process.platform === 'win32') return
  try {
    await access(path, constants.X_OK)
  } catch (cause) {
    throw new StationError(
      'STATION_MANAGER_FORM',
      `${path} is neither .py, .mjs nor .js, and may not be executed`,
      { cause, remedy: `run \`chmod +x ${basename(path)}\`, or name the file by its form` },
    )
  }
}
