import { readFile } from 'node:fs/promises'
import type { Clock } from '@keyline/bytes'
import type { RsseExport, RsseExportOptions } from '@keyline/psa'
import type { Bench, BenchProbe, BenchTarget } from '../bench/bench.ts'
import { massErase, type BenchCallOptions } from '../bench/probe.ts'
import { exportWrappedKey } from '../bench/wrapped-key.ts'
import { coprocessorOf, startWirelessStack, upgradeCoprocessor } from '../bench/wireless.ts'
import { BoardError } from '../errors.ts'
import type { OptionValues } from '../option/option-bytes.ts'
import { runScript } from '../script/run-script.ts'
import type { ScriptName, ScriptSecurity } from '../script/script-table.ts'
import type { Platform } from '../part/part-table.ts'

export interface BenchProgrammerOptions {
  readonly bench: Bench
  readonly clock: Clock
  /** Loader for every external address; that of the board when absent. */
  readonly externalLoader?: string | undefined
}

/** A platform script for the board of a probe. */
export interface BenchScript {
  readonly script: ScriptName
  readonly probe: string
  readonly platform: Platform
  readonly security: ScriptSecurity
  /** Signed provisioning firmware in place of the one that the bench brings. */
  readonly firmware?: Uint8Array | undefined
  readonly signal?: AbortSignal | undefined
}

/**
 * The programmer of a bench without a process or a text between: the acts of the platform flows, with typed errors.
 * What is fast enough for campaigns with thousands of boards.
 */
export class BenchProgrammer {
  readonly #bench: Bench
  readonly #clock: Clock
  readonly #externalLoader: string | undefined

  constructor({ bench, clock, externalLoader }: BenchProgrammerOptions) {
    this.#bench = bench
    this.#clock = clock
    this.#externalLoader = externalLoader
  }

  list(options?: BenchCallOptions): Promise<readonly BenchProbe[]> {
    return this.#bench.list(options)
  }

  /** @throws BoardError as {@link Bench.connect} */
  connect(probe: string, options?: BenchCallOptions): Promise<BenchTarget> {
    return this.#bench.connect(probe, options)
  }

  /** @throws BoardError as {@link Bench.download} */
  download(
    probe: string,
    address: number,
    octets: Uint8Array,
    options?: BenchCallOptions,
  ): Promise<void> {
    return this.#bench.download(probe, address, octets, this.#withLoader(probe, options))
  }

  /** @throws BoardError as {@link Bench.read} */
  read(
    probe: string,
    address: number,
    length: number,
    options?: BenchCallOptions,
  ): Promise<Uint8Array> {
    return this.#bench.read(probe, address, length, this.#withLoader(probe, options))
  }

  /** @throws BoardError as {@link Bench.reset} */
  reset(probe: string, options?: BenchCallOptions): Promise<void> {
    return this.#bench.reset(probe, options)
  }

  /** Erases the internal flash. @throws BoardError `BOARD_PROTECTED`, `BOARD_ERASE` */
  eraseAll(probe: string, options: BenchCallOptions = {}): Promise<void> {
    return this.#bench.onTarget(probe, options, (board) => massErase(board, options.signal))
  }

  /** Programs option bytes; they take effect at the next reset. @throws BoardError `BOARD_OPTION_BYTE`, `BOARD_PROTECTED` */
  setOptionBytes(
    probe: string,
    values: OptionValues,
    options: BenchCallOptions = {},
  ): Promise<void> {
    return this.#bench.onTarget(probe, options, (board) => {
      board.programOptions(values)
      return Promise.resolve()
    })
  }

  /** @throws BoardError `BOARD_COPROCESSOR` */
  startWirelessStack(probe: string, options: BenchCallOptions = {}): Promise<void> {
    return this.#bench.onTarget(probe, options, (board) => {
      startWirelessStack(board)
      return Promise.resolve()
    })
  }

  /** Sets the option bytes that start the update service, then upgrades the coprocessor. @throws BoardError `BOARD_COPROCESSOR` */
  async upgradeCoprocessor(
    probe: string,
    address: number,
    file: string,
    options: BenchCallOptions = {},
  ): Promise<void> {
    const image = Uint8Array.from(await this.#clock.during(() => readFile(file)))
    return this.#bench.onTarget(probe, options, async (board) => {
      board.programOptions({ nSWBOOT0: 0, nBOOT1: 1, nBOOT0: 1 })
      coprocessorOf(board).startService()
      await upgradeCoprocessor(board, { address, image, startsStack: false }, options.signal)
    })
  }

  /** Exports a wrapped key with the RSSe-KW service. @throws BoardError `BOARD_RSSE` */
  exportWrappedKey(
    probe: string,
    exported: RsseExportOptions,
    options: BenchCallOptions = {},
  ): Promise<RsseExport> {
    return this.#bench.onTarget(probe, options, (board) =>
      exportWrappedKey(board, exported, options.signal),
    )
  }

  /** Runs a platform script; its one question is answered 0. @returns its output @throws BoardError `BOARD_SCRIPT` */
  async runScript(script: BenchScript): Promise<string> {
    const { platform, security, probe, firmware, signal } = script
    let output = ''
    const exitCode = await runScript({
      bench: this.#bench,
      clock: this.#clock,
      name: script.script,
      folder: { platform, security },
      probe,
      isAuto: true,
      firmware,
      signal,
      write: (text) => {
        output += text
      },
      ask: (question) =>
        isAboutProtection(question)
          ? Promise.resolve('0')
          : Promise.reject(scriptFailed(`${script.script} asks: ${question}`)),
    })
    if (exitCode !== 0) throw scriptFailed(output.trim().split('\n').at(-1) ?? script.script)
    return output
  }

  #withLoader(probe: string, options: BenchCallOptions = {}): BenchCallOptions {
    const { part } = this.#bench.board(this.#bench.slotNumberOf(probe))
    return { loader: this.#externalLoader ?? part.external?.loader, ...options }
  }
}

function isAboutProtection(question: string): boolean {
  return question.includes('RDP')
}

function scriptFailed(reason: string): BoardError {
  return new BoardError('BOARD_SCRIPT', reason, { details: { class: 'other' } })
}
