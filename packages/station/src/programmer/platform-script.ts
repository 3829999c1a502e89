import { stat } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { startTimer, systemClock } from '@keyline/bytes'
import { StationError } from '../errors.ts'
import type { ScriptName } from '../gen-factory-data/plan.ts'
import { takeLock, type Lock } from '../line/lock.ts'
import type { PlatformScripts } from '../port/platform-scripts.ts'
import { maskSecrets } from './capped-output.ts'
import { runProcess, type RunningProcess } from './run-process.ts'

export interface PlatformScript {
  /** Folder of the scripts. */
  readonly folder: string
  readonly script: ScriptName
  /** Serial number of the probe; scripts that know `STLINK_SN` address it, ST's own take the first. */
  readonly probe: string
  readonly signal?: AbortSignal | undefined
  readonly timeoutMs?: number | undefined
  /** How long an unfinished line may stand before it is taken for a question. */
  readonly questionMs?: number | undefined
}

const scriptLimitMs = 120_000
const questionMs = 3_000

/** One process at a time works with the first probe: the scripts of every station of this computer take turns. */
const turnLock = 'platform-scripts'
/** How often a station asks whether its turn has come. */
const turnPollMs = 200

export interface ScriptRunnerOptions {
  /** Where the stations of this computer keep their locks; without it turns are taken in this process alone. */
  readonly lockFolder?: string | undefined
}

/**
 * Gives what runs scripts of the platform with `AUTO`, one after the other: ST's own address the first probe that they
 * find. The question for the read-out protection is answered 0; a script ends when it asks anything else.
 * The call throws StationError `STATION_SCRIPT` and BytesError `INTERRUPTED`.
 */
export function createScriptRunner(
  options: ScriptRunnerOptions = {},
): (script: PlatformScript) => Promise<void> {
  let turn: Promise<unknown> = Promise.resolve()
  return (script) => {
    const run = turn.then(() => runInTurn(script, options.lockFolder))
    turn = run.catch(() => undefined)
    return run
  }
}

/** The scripts of a folder, as the flows of boards with a boot loader call them. */
export function createPlatformScripts(
  options: ScriptRunnerOptions & { readonly folder: string },
): PlatformScripts {
  const { folder, lockFolder } = options
  const runScript = createScriptRunner({ lockFolder })
  return {
    run: (probe, script, { signal } = {}) => runScript({ folder, script, probe, signal }),
  }
}

async function runInTurn(script: PlatformScript, lockFolder: string | undefined): Promise<void> {
  if (lockFolder === undefined) return runAlone(script)
  const lock = await waitForTurn(lockFolder, script.signal)
  try {
    await runAlone(script)
  } finally {
    await lock.release()
  }
}

async function waitForTurn(folder: string, signal: AbortSignal | undefined): Promise<Lock> {
  for (;;) {
    try {
      return await takeLock(folder, turnLock)
    } catch (error) {
      if (!(error instanceof StationError) || error.code !== 'STATION_BUSY') throw error
      await systemClock.sleep(turnPollMs, signal)
    }
  }
}

async function runAlone(options: PlatformScript): Promise<void> {
  const { folder, script, probe, signal } = options
  const path = scriptPath(folder, script)
  const questions = new Questions(options.questionMs ?? questionMs)
  try {
    const end = await runProcess({
      ...commandOf(path),
      folder,
      environment: { STLINK_SN: probe },
      timeoutMs: options.timeoutMs ?? scriptLimitMs,
      signal,
      listen: (text, process) => questions.hear(text, process),
    })
    if (end.stopped === undefined && end.exitCode === 0) return
    const words = maskSecrets(end.output).trim().slice(-600)
    throw new StationError(
      'STATION_SCRIPT',
      `${script} ${end.reason ?? `ended with ${end.exitCode ?? 'nothing'}`}`,
      { details: { class: end.stopped === 'hung' ? 'timeout' : 'other', output: words } },
    )
  } finally {
    questions.dispose()
  }
}

/** The script of a folder. Source: provisioning-station section 5.7. */
function scriptPath(folder: string, script: ScriptName): string {
  return join(folder, `${script}${process.platform === 'win32' ? '.bat' : '.sh'}`)
}

function commandOf(path: string): {
  readonly command: readonly [string, ...string[]]
  readonly verbatim?: boolean
} {
  if (process.platform !== 'win32') return { command: ['bash', path, 'AUTO'] }
  return { command: ['cmd.exe', '/d', '/s', '/c', `""${path}" AUTO"`], verbatim: true }
}

const heading = /^.*\b(?:define|select|choose|enter)\b.*\bRDP\b.*$/gim
/** Text that a question may stand in; a flood without line ends would cost its square. */
const mostHeard = 4_096
const choices = /\[\s*0\s*\|\s*1\s*\|\s*2\s*\]/g

/** Listens for questions. A shell shows the choices on a terminal alone: the heading before them tells as well. */
class Questions {
  readonly #questionMs: number
  #heard = ''
  #answered = 0
  #cancel: (() => void) | undefined

  constructor(limitMs: number) {
    this.#questionMs = limitMs
  }

  hear(text: string, process: RunningProcess): void {
    this.dispose()
    this.#heard = `${this.#heard}${text}`.slice(-mostHeard)
    const lines = this.#heard.slice(0, this.#heard.lastIndexOf('\n') + 1)
    const asked = Math.max(countOf(heading, this.#heard), countOf(choices, this.#heard))
    if (asked > this.#answered && this.#answered === 0) {
      this.#answered = 1
      process.write('0\n')
      return
    }
    if (asked > this.#answered) {
      process.stop('asked for the read-out protection again')
      return
    }
    const open = this.#heard.slice(lines.length).trim()
    const isAboutProtection = countOf(heading, open) + countOf(choices, open) > 0
    if (open === '' || isAboutProtection) return
    this.#cancel = startTimer(systemClock, this.#questionMs, () => {
      process.stop(`waits for an answer to "${open.slice(-120)}"`)
    })
  }

  dispose(): void {
    this.#cancel?.()
    this.#cancel = undefined
  }
}

function countOf(pattern: RegExp, text: string): number {
  return text.match(pattern)?.length ?? 0
}

export interface ScriptFolder {
  /** `--scripts`: the folder itself. */
  readonly given?: string | undefined
  readonly platform: 'wba' | 'u5'
  readonly security: 1 | 2
  readonly scripts: readonly ScriptName[]
  readonly workingFolder: string
}

/**
 * The folder that has every script of a flow: the one that is named, or that of X-CUBE-MATTER in a `Projects` folder
 * beside the working directory or above it. Nothing when there is none. Source: provisioning-station section 5.7.
 */
export async function findScripts(wanted: ScriptFolder): Promise<string | undefined> {
  const { given, scripts } = wanted
  const folders = given === undefined ? projectFolders(wanted) : [resolve(given)]
  for (const folder of folders) {
    const found = await Promise.all(scripts.map((script) => isFile(scriptPath(folder, script))))
    if (found.every(Boolean)) return folder
  }
  return undefined
}

const platformFolders = {
  wba: ['STM32WBA6', 'STM32WBA65I-DK1'],
  u5: ['STM32U5', 'NUCLEO-U575ZI-Q'],
}

function projectFolders({ platform, security, workingFolder }: ScriptFolder): readonly string[] {
  const application = `ROT_Provisioning_STM_Prov_${security === 1 ? 'OEMiRoT' : 'TFM'}`
  const above: string[] = []
  for (let at = resolve(workingFolder); ; at = dirname(at)) {
    above.push(at)
    if (dirname(at) === at) break
  }
  return above.flatMap((folder) =>
    platformFolders[platform].map((name) => join(folder, 'Projects', name, application, 'OEMiROT')),
  )
}

async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (entry) => entry.isFile(),
    () => false,
  )
}
