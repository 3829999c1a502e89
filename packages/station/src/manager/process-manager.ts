import {
  interruption,
  isKeylineError,
  startTimer,
  systemClock,
  throwIfInterrupted,
} from '@keyline/bytes'
import type { ManagerOutcome, ManagerRequest, ProvisioningManager } from '../port/manager.ts'
import { bareEnvironment } from './bare-environment.ts'
import { startChild, type Child, type ChildCaps, type ChildEnd } from './child.ts'
import { logText } from './log-text.ts'
import {
  decodeManagerMessage,
  encodeStationAnswer,
  type ManagerMessage,
  type StationAnswer,
} from './manager-message.ts'
import { managerFailed, type ManagerFault } from './outcome.ts'

export interface ProcessManagerOptions {
  readonly name: string
  readonly command: readonly [program: string, ...args: readonly string[]]
  /** Working folder of the manager. */
  readonly folder: string
  readonly verbatim?: boolean | undefined
  /** From start to end of one board, milliseconds. */
  readonly limitMs: number
  /** What the manager is not told is taken out of this. */
  readonly environment: Readonly<Record<string, string | undefined>>
}

const caps: ChildCaps = { lineOctets: 65_536, runOctets: 1_048_576 }
/** Log lines of one board that are passed on. */
const mostLogs = 1000
/** Time to end after the result, or after a refused request. */
const farewellMs = 5000

/**
 * A manager that is a program: one process a board, which speaks JSON lines and ends. Whatever it does, it does to its
 * own board. Source: provisioning-station section 6.6.
 */
export function processManager(options: ProcessManagerOptions): ProvisioningManager {
  return {
    name: options.name,
    provision: async (request, { signal }) => {
      throwIfInterrupted(signal)
      return new Conversation(options, request).run(signal)
    },
  }
}

type Result = Extract<ManagerMessage, { readonly type: 'result' }>

/** What a manager and the station have said to each other about one board. */
class Conversation {
  readonly #options: ProcessManagerOptions
  readonly #request: ManagerRequest
  readonly #child: Child
  #certifying: Promise<void> | undefined
  #isCertified = false
  #refusal: unknown
  #result: Result | undefined
  #failure: ManagerOutcome | undefined
  #logs = 0
  #lastNote = ''
  #cancelLimit: () => void = () => undefined

  constructor(options: ProcessManagerOptions, request: ManagerRequest) {
    this.#options = options
    this.#request = request
    this.#child = startChild({
      command: options.command,
      folder: options.folder,
      environment: environmentOf(options, request),
      verbatim: options.verbatim,
      caps,
      onLine: (text) => this.#hear(text),
      onNote: (text) => {
        this.#lastNote = text
        this.#log(text)
      },
      onFlood: (detail) => this.#fail('flood', detail),
    })
  }

  /** @throws BytesError `INTERRUPTED`, or what `certificateFor` has thrown */
  async run(signal: AbortSignal): Promise<ManagerOutcome> {
    const { limitMs } = this.#options
    const onAbort = (): void => this.#child.stop()
    signal.addEventListener('abort', onAbort, { once: true })
    this.#limit(limitMs, `${limitMs} ms`)
    const end = await this.#child.ended
    this.#cancelLimit()
    // A request that is under way is finished, so that no certificate is issued behind the back of the flow.
    await this.#certifying
    signal.removeEventListener('abort', onAbort)
    if (signal.aborted) throw interruption(signal)
    if (this.#refusal !== undefined) throw this.#refusal
    return this.#failure ?? this.#outcomeOf(end)
  }

  #hear(line: string): void {
    let message: ManagerMessage
    try {
      message = decodeManagerMessage(line)
    } catch (error) {
      const why = isKeylineError(error) ? error.message : String(error)
      this.#fail('protocol', `${logText(why)}: ${logText(line).slice(0, 120)}`)
      return
    }
    if (message.type === 'log') this.#log(message.text)
    else if (this.#result !== undefined) this.#fail('protocol', `${message.type} after the result`)
    else if (message.type === 'csr') this.#certify(message.csr)
    else this.#take(message)
  }

  #certify(csr: Uint8Array): void {
    if (this.#certifying === undefined) this.#certifying = this.#answer(csr)
    else this.#fail('protocol', 'a second csr')
  }

  async #answer(csr: Uint8Array): Promise<void> {
    let answer: StationAnswer
    try {
      answer = { type: 'certificate', ...(await this.#request.certificateFor(csr)) }
      this.#isCertified = true
    } catch (error) {
      this.#refusal = error
      answer = { type: 'refused', message: isKeylineError(error) ? error.message : 'refused' }
      this.#limit(farewellMs, `${farewellMs} ms after its request was refused`)
    }
    this.#child.write(encodeStationAnswer(answer))
  }

  #take(result: Result): void {
    if (result.code === 0 && this.#certifying !== undefined && !this.#isCertified) {
      this.#fail('protocol', 'success before the certificate was given')
      return
    }
    this.#result = result
    this.#limit(farewellMs, `${farewellMs} ms after its result`)
  }

  #limit(ms: number, detail: string): void {
    this.#cancelLimit()
    this.#cancelLimit = startTimer(systemClock, ms, () => this.#fail('time-out', detail))
  }

  #fail(fault: ManagerFault, detail: string): void {
    this.#failure ??= managerFailed(fault, detail)
    this.#child.stop()
  }

  #outcomeOf(end: ChildEnd): ManagerOutcome {
    const result = this.#result
    if (end.error !== undefined) return managerFailed('not-started', end.error.message)
    if (result !== undefined && result.code !== 0) {
      const { code, reason = 'failed', message } = result
      return { ok: false, code, reason, message: logText(message) }
    }
    if (end.exitCode !== 0) {
      const how = end.signal ?? `exit code ${end.exitCode ?? 'none'}`
      const word = this.#lastNote === '' ? '' : `: ${logText(this.#lastNote)}`
      return managerFailed('crashed', `${how}${word}`)
    }
    if (result === undefined) return managerFailed('no-result', 'exit code 0')
    return { ok: true, code: 0, reason: 'ok', message: logText(result.message) }
  }

  #log(text: string): void {
    if (text.trim() === '') return
    this.#logs++
    if (this.#logs <= mostLogs) this.#request.onLog(logText(text))
    else if (this.#logs === mostLogs + 1) this.#request.onLog('[further lines are left out]')
  }
}

function environmentOf(
  { environment }: ProcessManagerOptions,
  { port, mode, header, serialNumber, job }: ManagerRequest,
): Readonly<Record<string, string>> {
  return {
    ...bareEnvironment(environment),
    PORT: port,
    MODE: String(mode),
    HEADER: header,
    SERIAL: serialNumber,
    JOB: job,
  }
}
