import { BytesError, encodeUtf8, throwIfInterrupted, type Clock } from '@keyline/bytes'
import {
  encodeNak,
  LineSplitter,
  MessageAssembler,
  MessageSender,
  parseFrame,
  pxpLimits,
  type Frame,
  type Message,
  type MessageType,
  type Reception,
} from '@keyline/matter/pxp'
import type { Hardware } from './hardware.ts'

/** What the host said. */
export type Arrival =
  | { readonly kind: 'init' }
  | { readonly kind: 'message'; readonly message: Message }
  | { readonly kind: 'silence' }

export interface PxpLinkOptions {
  /** True: frames are ignored until {@link PxpLink.open}. False: `Init` is ignored. */
  readonly needsInit: boolean
}

/** What waits for the firmware is bounded; a message beyond is not acknowledged, so the host repeats it. */
const queueLimit = 8

/** Why a timer ends early. One value for all: an error with its stack costs more than the frame it waits for. */
const answered = new BytesError('INTERRUPTED', 'the wait has ended')

/** The board's end of PXP/1: frames, acknowledgements, repetitions (provisioning-station section 7.3). */
export class PxpLink {
  readonly #hardware: Hardware
  readonly #needsInit: boolean
  readonly #splitter = new LineSplitter()
  readonly #assembler = new MessageAssembler()
  readonly #sender = new MessageSender()
  readonly #inbox: Message[] = []
  readonly #answers: Frame[] = []
  #isInitPending = false
  #state: 'deaf' | 'open' | 'ended'
  #wake: (() => void) | undefined

  /** Listens on the serial line of the board from now on. */
  constructor(hardware: Hardware, options: PxpLinkOptions) {
    this.#hardware = hardware
    this.#needsInit = options.needsInit
    this.#state = options.needsInit ? 'deaf' : 'open'
    hardware.power.addEventListener('abort', () => this.#wake?.(), { once: true })
    hardware.listen((octets) => {
      for (const line of this.#splitter.push(octets)) this.#take(line)
    })
  }

  /** Begins a session: both sides count from 0. */
  open(): void {
    this.#state = 'open'
    this.#isInitPending = false
    this.#inbox.length = 0
    this.#assembler.restart()
    this.#sender.restart()
  }

  /** Ends a session: what was received already is acknowledged again, anything else refused. */
  end(): void {
    this.#state = 'ended'
    this.#inbox.length = 0
  }

  /** The next thing the host says; `silence` after the time. @throws BytesError `INTERRUPTED` */
  async next(timeoutMs: number = Infinity): Promise<Arrival> {
    const { clock } = this.#hardware
    const deadline = clock.monotonicMs() + timeoutMs
    for (;;) {
      if (this.#isInitPending) {
        this.#isInitPending = false
        return { kind: 'init' }
      }
      const message = this.#inbox.shift()
      if (message !== undefined) return { kind: 'message', message }
      if (!(await this.#event(deadline))) return { kind: 'silence' }
    }
  }

  /** Sends a message. False when the host did not take it, or has begun a new session. */
  async send(type: MessageType, payload?: Uint8Array): Promise<boolean> {
    const { clock } = this.#hardware
    this.#mayRestart()
    throwIfInterrupted(this.#hardware.power)
    this.#answers.length = 0
    let step = this.#sender.start(type, payload)
    let deadline = 0
    for (;;) {
      switch (step.kind) {
        case 'sent':
          return true
        case 'failed':
          return false
        case 'send':
          this.#transmit(step.line)
          deadline = clock.monotonicMs() + pxpLimits.answerTimeoutMs
          break
        case 'ignored':
          break
      }
      const answer = await this.#nextAnswer(deadline)
      if (this.#isInitPending) return false
      step = answer === undefined ? this.#sender.timedOut() : this.#sender.answered(answer)
    }
  }

  async #nextAnswer(deadline: number): Promise<Frame | undefined> {
    while (this.#answers.length === 0 && !this.#isInitPending) {
      if (!(await this.#event(deadline))) return undefined
    }
    return this.#answers.shift()
  }

  #take(line: string): void {
    if (this.#hardware.power.aborted) return
    if (!line.startsWith('@')) {
      if (!this.#needsInit || !line.includes('Init')) return
      this.#isInitPending = true
      this.#wake?.()
      return
    }
    if (this.#state === 'deaf') return
    const parsed = parseFrame(line)
    if (parsed.ok) this.#takeFrame(parsed.frame)
    else if (parsed.fault !== 'not-a-frame') this.#transmit(encodeNak(parsed.header, parsed.fault))
  }

  #takeFrame(frame: Frame): void {
    if (frame.type === 'ACK' || frame.type === 'NAK') {
      if (this.#answers.length < queueLimit) this.#answers.push(frame)
      this.#wake?.()
      return
    }
    if (this.#inbox.length >= queueLimit) return
    const reception = this.#accept(frame)
    if (this.#state === 'ended' && reception.kind !== 'duplicate') {
      this.#transmit(encodeNak(frame, 'state'))
      return
    }
    if (reception.kind === 'message') {
      this.#mayRestart()
      if (this.#hardware.power.aborted) return
      this.#inbox.push(reception.message)
      this.#wake?.()
    }
    this.#transmit(reception.answer)
  }

  /** Without `Init`, a host that opens the port anew shows it by counting from 0 again. */
  #accept(frame: Frame): Reception {
    const reception = this.#assembler.accept(frame)
    const isNewHost =
      !this.#needsInit &&
      reception.kind === 'refused' &&
      reception.reason === 'order' &&
      frame.seq === 0 &&
      frame.index === 1
    if (!isNewHost) return reception
    this.open()
    return this.#assembler.accept(frame)
  }

  /** True when something arrived before the deadline. @throws BytesError `INTERRUPTED` without power */
  async #event(deadline: number): Promise<boolean> {
    const { clock, power } = this.#hardware
    throwIfInterrupted(power)
    const timer = new AbortController()
    const arrived = new Promise<true>((resolve) => {
      this.#wake = () => resolve(true)
    })
    const isInTime = await (deadline === Infinity
      ? arrived
      : Promise.race([arrived, expiry(clock, deadline, timer.signal)]))
    timer.abort(answered)
    throwIfInterrupted(power)
    return isInTime
  }

  #transmit(line: string): void {
    this.#hardware.transmit(encodeUtf8(line))
  }

  #mayRestart(): void {
    if (this.#hardware.faults.strikes('restart-at-message')) this.#hardware.restart()
  }
}

/** False at the deadline, or when it is no longer waited for. */
async function expiry(clock: Clock, deadline: number, signal: AbortSignal): Promise<false> {
  await clock.sleep(deadline - clock.monotonicMs(), signal).catch(() => undefined)
  return false
}
