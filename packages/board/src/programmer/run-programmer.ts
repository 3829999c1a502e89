import { BytesError, throwIfInterrupted } from '@keyline/bytes'
import type { BenchProbe } from '../bench/bench.ts'
import type { FaultPlan } from '../fault/fault-plan.ts'
import type { Board } from '../mcu/board.ts'
import { acts } from './acts.ts'
import { GrammarRefusal, parseProgrammerCommand } from './grammar.ts'
import type { ConnectOperation, Operation } from './operation.ts'
import type { ProgrammerInput, Session } from './session.ts'
import { banner, connectionText, errorLine, listText, programmerVersion } from './text.ts'

/**
 * A call of STM32_Programmer_CLI on simulated boards (provisioning-station sections 4 and 12.1): its grammar, its
 * texts, and its exit code, which is 1 after a successful `-unlockRDP2` and otherwise lies only when a fault asks for it.
 * @throws BytesError `INTERRUPTED` when the signal fires
 */
export async function runProgrammer(input: ProgrammerInput): Promise<number> {
  const { argv, write } = input
  write(banner)
  let operations: readonly Operation[]
  try {
    operations = parseProgrammerCommand(argv)
  } catch (error) {
    if (!(error instanceof GrammarRefusal)) throw error
    write(`Error: Wrong command line: ${error.message}\n`)
    return 1
  }
  const connect = operations.find(isConnect)
  return connect === undefined
    ? runWithoutTarget(input, operations)
    : new Call(input, operations, connect).run()
}

async function runWithoutTarget(
  { bench, write }: ProgrammerInput,
  operations: readonly Operation[],
): Promise<number> {
  for (const { cmd } of operations) {
    if (cmd === 'list') write(listText(await bench.list()))
    if (cmd === 'version') write(`STM32CubeProgrammer version: ${programmerVersion} \n`)
  }
  return 0
}

/** That of a process which SIGSEGV has ended, as a shell tells it. */
const crashExitCode = 139

const floodLine = `Read progress: ${'.'.repeat(1008)}\n`
const floodLines = 32 * 1024

class Call {
  readonly #input: ProgrammerInput
  readonly #operations: readonly Operation[]
  readonly #connect: ConnectOperation
  #isFailed = false
  #isCut = false
  #isSilent = false
  #isFlood = false
  #endsAtConnection = false

  constructor(input: ProgrammerInput, operations: readonly Operation[], connect: ConnectOperation) {
    this.#input = input
    this.#operations = operations
    this.#connect = connect
  }

  async run(): Promise<number> {
    const probe = await this.#findProbe()
    if (probe === undefined) {
      const { sn } = this.#connect
      this.#print(
        sn === undefined
          ? 'Error: No debug probe detected.\n'
          : `Error: ST-LINK with the serial number ${sn} is not found\n`,
      )
      return 1
    }
    const faults = this.#faultsOf(probe.serialNumber)
    this.#isCut = faults.strikes('output-cut')
    const isCrash = faults.strikes('programmer-crashes')
    this.#isFlood = faults.strikes('output-flood')
    this.#endsAtConnection = isCrash
    const isTold = faults.strikes('exit-one-on-success')
    const isHidden = faults.strikes('exit-zero-on-error')
    await this.#work(probe)
    if (isCrash) return crashExitCode
    if (this.#isFailed) return isHidden || this.#isCut ? 0 : 1
    return isTold || this.#operations.some(({ cmd }) => cmd === 'unlockRdp2') ? 1 : 0
  }

  async #work(probe: BenchProbe): Promise<void> {
    const { bench, signal } = this.#input
    const mode = (this.#connect.mode ?? 'NORMAL').toUpperCase()
    const options = {
      signal,
      underReset: ['UR', 'HWRSTPULSE', 'POWERDOWN'].includes(mode),
      opensLevel2: this.#operations.some(({ cmd }) => cmd === 'unlockRdp2'),
    }
    let isConnected = false
    try {
      await bench.onTarget(probe.serialNumber, options, async (board) => {
        isConnected = true
        this.#print(connectionText({ probe: probe.serialNumber, part: board.part, mode }))
        await this.#perform(board)
      })
    } catch (error) {
      throwIfInterrupted(signal)
      if (error instanceof BytesError && error.code === 'INTERRUPTED') throw error
      if (!isConnected) this.#print(`ST-LINK SN  : ${probe.serialNumber}\n`)
      this.#fail(error)
    }
  }

  async #perform(board: Board): Promise<void> {
    const { clock, readFile, writeFile, signal } = this.#input
    const session: Session = {
      clock,
      readFile,
      writeFile,
      signal,
      board,
      operations: this.#operations,
      print: (text) => this.#print(text),
      fail: (error) => this.#fail(error),
    }
    if (this.#isFlood) for (let line = 0; line < floodLines; line++) this.#print(floodLine)
    if (this.#endsAtConnection) return
    for (const operation of this.#operations) await acts(session, operation)
  }

  async #findProbe(): Promise<BenchProbe | undefined> {
    const { port, sn } = this.#connect
    const index = this.#connect['index']
    if (!['SWD', 'JTAG'].includes(port.toUpperCase())) return undefined
    const probes = await this.#input.bench.list()
    if (sn !== undefined) return probes.find(({ serialNumber }) => serialNumber === sn)
    return probes[index === undefined ? 0 : Number(index)]
  }

  #faultsOf(probe: string): FaultPlan {
    const { bench } = this.#input
    return bench.board(bench.slotNumberOf(probe)).faults
  }

  #fail(error: unknown): void {
    this.#isFailed = true
    this.#print(`${errorLine(error)}\n`)
  }

  #print(text: string): void {
    if (this.#isSilent) return
    this.#input.write(text)
    const isDownload = this.#operations.some(({ cmd }) => cmd === 'download')
    const isEnd = text.includes(isDownload ? 'Time elapsed' : 'BL Version')
    if (!this.#isCut || !isEnd) return
    this.#isSilent = true
    this.#isFailed = true
  }
}

function isConnect(operation: Operation): operation is ConnectOperation {
  return operation.cmd === 'connect'
}
