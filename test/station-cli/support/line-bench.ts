import {
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import {
  installTools,
  openBenchServer,
  parts,
  type Bench,
  type BenchServer,
  type Board,
  type Platform,
  type SlotFault,
} from '@keyline/board'
import { systemClock } from '@keyline/bytes'
import { root } from '../../../scripts/root.ts'
import { builtPrograms, bundledProgram } from '../../support/bundled-program.ts'
import { KeylineProcess, type Ended } from '../../cli/support/keyline.ts'

const { genFactoryData, keyline } = builtPrograms

export interface LineBenchOptions {
  readonly boards: readonly Platform[]
  readonly faults?: readonly SlotFault[]
}

/**
 * A line PC with simulated boards: each has a tty, and STM32_Programmer_CLI and the platform scripts reach it from
 * processes of their own. The working folder of its user has the files of ST's examples.
 */
export class LineBench implements AsyncDisposable {
  /** Working folder of the user. */
  readonly folder: string
  readonly programmer: string
  readonly #top: string
  readonly #server: BenchServer

  private constructor(top: string, programmer: string, server: BenchServer) {
    this.#top = top
    this.folder = join(top, 'line')
    this.programmer = programmer
    this.#server = server
  }

  static async open({ boards, faults = [] }: LineBenchOptions): Promise<LineBench> {
    const top = mkdtempSync(join(tmpdir(), 'keyline-line-'))
    const boardsFolder = join(top, 'boards')
    const line = join(top, 'line')
    for (const folder of [line, join(top, 'tmp')]) mkdirSync(folder)
    // The scripts lie above the working folder, as X-CUBE-MATTER has them.
    const { programmer, images } = installTools(top, boardsFolder)
    await startFaster(top)
    for (const file of filesBelow(images)) copyFileSync(file, join(line, nameOf(file)))
    writeFileSync(join(line, 'STM32_provisioning.py'), '# of ST\n')
    const server = await openBenchServer({
      folder: boardsFolder,
      slots: boards.length,
      part: boards.map((platform) => parts[platform]),
      faults,
      clock: systemClock,
      timing: 'none',
      seed: 'line',
    })
    return new LineBench(top, programmer, server)
  }

  get bench(): Bench {
    return this.#server.bench
  }

  board(slot: number): Board {
    return this.bench.board(slot)
  }

  /** What a debug probe reads, external memory included. */
  read(slot: number, address: number, length: number): Promise<Uint8Array> {
    const { external } = this.board(slot).part
    const loader = external === undefined ? {} : { loader: external.loader }
    return this.bench.read(probeOf(slot), address, length, loader)
  }

  /** Writes a file into the working folder. */
  write(name: string, content: string | Uint8Array, mode = 0o644): void {
    writeFileSync(join(this.folder, name), content, { mode })
  }

  file(name: string): Uint8Array {
    return Uint8Array.from(readFileSync(join(this.folder, name)))
  }

  /** The executable on the boards of these slots, with a station of its own unless one is named. */
  genFactoryData(line: string, options: RunOptions = {}): Promise<Ended> {
    return this.#run([genFactoryData, ...line.split(' ')], options)
  }

  keyline(line: string, options: RunOptions = {}): Promise<Ended> {
    return this.#run([keyline, ...line.split(' ')], options)
  }

  /** The executable while it runs. */
  startGenFactoryData(line: string, options: RunOptions = {}): KeylineProcess {
    return this.#start([genFactoryData, ...line.split(' ')], options)
  }

  async #run(words: readonly string[], options: RunOptions): Promise<Ended> {
    await using running = this.#start(words, options)
    return await running.ended
  }

  #start(
    [program = '', ...words]: readonly string[],
    { slots, home = `home-${++this.#runs}`, env = {} }: RunOptions,
  ): KeylineProcess {
    const boards = slots === undefined ? [] : ['--boards', slots.map(probeOf).join(',')]
    const command = [process.execPath, program, ...words, ...boards]
    return new KeylineProcess(command, {
      cwd: this.folder,
      // Benches of other tests have probes of the same names: their locks are on another computer, so to speak.
      env: {
        TMPDIR: join(this.#top, 'tmp'),
        KEYLINE_HOME: home,
        KEYLINE_PROGRAMMER: this.programmer,
        ...env,
      },
    })
  }

  #runs = 0

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.close()
    rmSync(this.#top, { recursive: true, force: true })
  }
}

export interface RunOptions {
  readonly slots?: readonly number[]
  readonly home?: string
  readonly env?: Readonly<Record<string, string>>
}

export function probeOf(slot: number): string {
  return `SIM${String(slot).padStart(9, '0')}`
}

/** The same programs as one file each: a run starts dozens of them. */
async function startFaster(top: string): Promise<void> {
  const support = join(root, 'test/station-cli/support')
  const faster = await Promise.all(
    [
      ['STM32_Programmer_CLI.js', 'programmer-program.ts'] as const,
      ['platform-script.js', 'script-program.ts'] as const,
    ].map(async ([name, source]) => {
      const bundled = await bundledProgram(join(support, source))
      const folder = join(top, 'programs', name)
      cpSync(dirname(bundled), folder, { recursive: true })
      return [name, join(folder, basename(bundled))] as const
    }),
  )
  for (const file of filesBelow(top)) {
    if (!/\.(?:sh|bat)$|CLI$/.test(file)) continue
    const text = readFileSync(file, 'utf8')
    const changed = faster.reduce(
      (before, [name, path]) => before.replace(join(root, 'packages/board/bin', name), path),
      text,
    )
    if (changed !== text) writeFileSync(file, changed)
  }
}

function filesBelow(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
}

/** The images of one platform have names of another. */
function nameOf(file: string): string {
  return file.includes('STM32WB5MM-DK') ? `wb55-${basename(file)}` : basename(file)
}
