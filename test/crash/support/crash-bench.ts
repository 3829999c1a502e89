import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdir, mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import type { SlotFault } from '@keyline/board'
import { systemRandom, toBase64, type Random, uniformBelow } from '@keyline/bytes'
import { p256ToPkcs8 } from '@keyline/crypto'
import { createPki } from '@keyline/issuer'
import type { RunSummary } from '@keyline/station'
import { checkOutputs } from '../../checker/check-outputs.ts'
import { describeViolation } from '../../checker/violation.ts'
import { bundledProgram } from '../../support/bundled-program.ts'
import { writeDeviceOrder } from '../../line/support/device-line.ts'
import { flowCases, writeFlowOrder } from '../../line/support/flow-case.ts'
import { writeOrder } from '../../support/line.ts'
import { checkBothEnds } from './check-both-ends.ts'
import { CrashPoints } from './crash-points.ts'
import { LineJob, type FlowName, type LineJobFile, type Sabotage } from './line-job.ts'
import { runWatchedLine } from './watched-line.ts'

export interface Scenario {
  readonly quantity: number
  readonly slots: number
  /** Certificates beyond the quantity, for those whose keys a crash loses. */
  readonly spare?: number
  readonly faults?: readonly SlotFault[]
  /** STM32WBA6 security 0 unless given. */
  readonly flow?: FlowName
  readonly sabotage?: Sabotage
  /** The issuer has a ledger of its own. */
  readonly isRemote?: boolean
}

/** Where a run of the child process ended. */
export interface ChildRun {
  /** Name of the crash point; absent when the run came to its end. */
  readonly killedAt?: string
  /** Every crash point of a run that came to its end. */
  readonly points?: readonly string[]
}

/** Runs lines in processes that are killed, and keeps what all of them share: the program and the PKI. */
export class CrashBench implements AsyncDisposable {
  readonly #program: string
  readonly #folder: string
  readonly #pki: LineJobFile['pki']
  #places = 0

  private constructor(folder: string, program: string, pki: LineJobFile['pki']) {
    this.#folder = folder
    this.#program = program
    this.#pki = pki
  }

  static async start(): Promise<CrashBench> {
    const program = await bundledProgram(resolve(import.meta.dirname, '../child.ts'))
    const folder = await mkdtemp(join(tmpdir(), 'keyline-crash-'))
    return new CrashBench(folder, program, await makePki())
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true })
  }

  /** An empty station with its order. */
  async place(scenario: Scenario): Promise<CrashPlace> {
    const folder = await this.#makeFolder()
    const { quantity, slots, spare = 4, faults = [], flow, sabotage, isRemote = false } = scenario
    const order =
      flow === undefined
        ? await writeOrder(folder, { quantity, certificateLimit: quantity + spare })
        : flow === 'u3'
          ? await writeDeviceOrder(folder, { quantity })
          : await writeFlowOrder(flowCases[flow], { folder, quantity, spare })
    return this.#open(folder, { order, slots, faults: [...faults], flow, sabotage, isRemote })
  }

  /** The same station once more, as it stands now. */
  async copy(place: CrashPlace): Promise<CrashPlace> {
    const folder = await this.#makeFolder()
    await cp(place.folder, folder, { recursive: true })
    return this.#open(folder, { ...place.job, isRemote: place.job.issuer !== undefined })
  }

  async #makeFolder(): Promise<string> {
    const folder = join(this.#folder, String(++this.#places))
    await mkdir(folder)
    return folder
  }

  async #open(
    folder: string,
    job: Pick<LineJobFile, 'order' | 'slots' | 'faults' | 'flow' | 'sabotage'> & {
      readonly isRemote: boolean
    },
  ): Promise<CrashPlace> {
    const { order, slots, faults, flow, sabotage } = job
    const file: LineJobFile = {
      home: join(folder, 'home'),
      results: join(folder, 'results', 'order-1'),
      pki: this.#pki,
      order,
      slots,
      faults,
      flow,
      sabotage,
      ...(job.isRemote && { issuer: join(folder, 'issuer.db') }),
    }
    await writeFile(join(folder, 'job.json'), JSON.stringify(file))
    return new CrashPlace(folder, file, this.#program)
  }
}

/** One station on disk, and the runs on it. */
export class CrashPlace implements AsyncDisposable {
  readonly folder: string
  readonly job: LineJobFile
  readonly #program: string

  constructor(folder: string, job: LineJobFile, program: string) {
    this.folder = folder
    this.job = job
    this.#program = program
  }

  [Symbol.asyncDispose](): Promise<void> {
    return rm(this.folder, { recursive: true, force: true })
  }

  /** Runs the line in a process that is killed at the N-th crash point; 0: at none. */
  async runChild(place: number, options: { readonly resume?: boolean } = {}): Promise<ChildRun> {
    const args = [this.#program, join(this.folder, 'job.json'), String(place)]
    if (options.resume === true) args.push('--resume')
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    const [said, complaint, [code, signal]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, 'close'),
    ])
    if (code === 0 || signal === 'SIGKILL') return JSON.parse(said)
    throw new Error(`the child ended with ${String(code ?? signal)}: ${complaint}`)
  }

  /** Takes up the line in this process, to its end, with the faults of the job unless others are given. */
  resume(faults: readonly SlotFault[] = this.job.faults): Promise<RunSummary> {
    const job = LineJob.parse({ ...this.job, faults })
    return runWatchedLine(job, { points: new CrashPoints(), resume: true })
  }

  /** What the checker says of the outputs. */
  violations(isFinished: boolean): readonly string[] {
    const results = join(this.folder, 'results')
    const { home, issuer } = this.job
    const found = checkOutputs({ home, results, isFinished }).map(describeViolation)
    if (issuer === undefined || !isFinished) return found
    return [...found, ...checkBothEnds(join(home, 'ledger.db'), issuer)]
  }

  /** Cuts the last record of the journal at any octet, as a power cut does that comes before the sync. */
  async tearJournal(random: Random): Promise<void> {
    const file = join(this.job.home, 'journal', 'journal.jsonl')
    const octets = await readFile(file)
    const start = octets.lastIndexOf(0x0a, octets.length - 2) + 1
    await truncate(file, start + uniformBelow(random, octets.length - start))
  }
}

async function makePki(): Promise<LineJobFile['pki']> {
  const notBefore = new Date(Date.UTC(2026, 0, 1))
  const { paa, pai } = await createPki({ vendorId: 0xfff1, notBefore, random: systemRandom })
  return {
    paa: toBase64(paa.certificate),
    pai: toBase64(pai.certificate),
    key: toBase64(p256ToPkcs8(pai.keyPair).reveal()),
  }
}
