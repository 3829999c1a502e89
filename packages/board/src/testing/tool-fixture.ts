import { VirtualClock } from '@keyline/bytes'
import { openBench, type Bench, type BenchOptions } from '../bench/bench.ts'
import type { SlotFault } from '../fault/fault-plan.ts'
import type { Part } from '../part/part.ts'
import type { Platform } from '../part/part-table.ts'
import { runProgrammer } from '../programmer/run-programmer.ts'
import { runScript } from '../script/run-script.ts'
import type { ScriptName, ScriptSecurity } from '../script/script-table.ts'
import { exchange, ScriptedHost, type Exchange } from './scripted-host.ts'

export interface CallResult {
  readonly exitCode: number
  readonly output: string
}

export interface ToolFixtureOptions extends Partial<Omit<BenchOptions, 'part' | 'faults'>> {
  readonly part: Part
  readonly fault?: Omit<SlotFault, 'slot'> | undefined
}

/** One board with the tools of a line: programmer and platform scripts in process, files in memory. */
export class ToolFixture {
  readonly clock = new VirtualClock()
  readonly bench: Bench
  readonly files = new Map<string, Uint8Array>()
  readonly questions: string[] = []
  readonly #part: Part

  constructor(options: ToolFixtureOptions) {
    const { part, fault, ...benchOptions } = options
    this.#part = part
    this.bench = openBench({
      slots: 1,
      clock: this.clock,
      seed: 'tools',
      part,
      ...(fault === undefined ? {} : { faults: [{ ...fault, slot: 1 }] }),
      ...benchOptions,
    })
  }

  /** A call of the programmer; words of one text are split at blanks. */
  async call(words: string, signal?: AbortSignal): Promise<CallResult> {
    let output = ''
    const exitCode = await runProgrammer({
      bench: this.bench,
      clock: this.clock,
      argv: words.split(' '),
      signal,
      write: (text) => {
        output += text
      },
      readFile: (path) => {
        const octets = this.files.get(path)
        return octets === undefined ? Promise.reject(new TypeError(path)) : Promise.resolve(octets)
      },
      writeFile: (path, octets) => {
        this.files.set(path, octets)
        return Promise.resolve()
      },
    })
    return { exitCode, output }
  }

  /** A call on the target under reset. */
  target(words: string, mode = 'UR'): Promise<CallResult> {
    return this.call(`-c port=SWD sn=SIM000000001 mode=${mode} ${words}`)
  }

  /** Programs and verifies octets. @throws when the call does not succeed */
  async program(address: number, octets: Uint8Array, loader?: string): Promise<void> {
    this.files.set('file.bin', octets)
    const el = loader === undefined ? '' : `-el ${loader}.stldr `
    const { exitCode, output } = await this.target(`${el}-d file.bin 0x${address.toString(16)} -v`)
    if (exitCode !== 0 || !output.includes('Download verified successfully')) {
      throw new TypeError(output)
    }
  }

  async script(
    name: ScriptName,
    options: { readonly security?: ScriptSecurity; readonly rdp?: string } = {},
  ): Promise<CallResult> {
    const { security = 1, rdp = '0' } = options
    let output = ''
    const platform: Platform = this.#part.platform === 'u5' ? 'u5' : 'wba'
    const exitCode = await runScript({
      bench: this.bench,
      clock: this.clock,
      name,
      folder: { platform, security },
      isAuto: true,
      write: (text) => {
        output += text
      },
      ask: (question) => {
        this.questions.push(question)
        return Promise.resolve(rdp)
      },
    })
    return { exitCode, output }
  }

  host(): Promise<ScriptedHost> {
    return this.bench.open('sim:1').then((port) => new ScriptedHost(port, this.clock))
  }

  /** Runs the certificate exchange with the firmware that runs. */
  async provision(mode: 'test' | 'production'): Promise<Exchange> {
    const host = await this.host()
    const result = await exchange(host, mode)
    await host.close()
    return result
  }

  /** Waits until the board has booted, installation of an image included. */
  async boot(): Promise<void> {
    await this.clock.sleep(60_000)
  }

  /** @throws what a firmware has thrown: a defect of the model */
  [Symbol.dispose](): void {
    this.bench.close()
    const { crash } = this.bench.board(1)
    if (crash !== undefined) throw crash
  }
}
