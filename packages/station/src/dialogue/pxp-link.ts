import type { Clock } from '@keyline/bytes'
import {
  encodeNak,
  LineSplitter,
  MessageAssembler,
  MessageSender,
  parseFrame,
  pxpLimits,
  type Frame,
  type MessageType,
  type NakReason,
  type SenderStep,
} from '@keyline/matter/pxp'
import { StationError } from '../errors.ts'
import type { SerialPort } from '../port/serial-port.ts'
import { KeywordScanner, type Keyword } from './keyword-scanner.ts'
import { endsSession, isLog, outOfTurn, type LinkEvent } from './link-event.ts'
import { Mailbox } from './mailbox.ts'

/** What ends the wait of `send`: an ACK or NAK, or an event that makes the wait vain. */
type Answer = Frame | 'vain'

export interface LinkOptions {
  readonly port: SerialPort
  readonly clock: Clock
  readonly signal: AbortSignal
  /** Octets that one dialogue may bring; more is a flood. */
  readonly floodOctets?: number | undefined
  /** Log lines of the board, already free of control characters. */
  readonly onLog?: ((text: string) => void) | undefined
}

/**
 * The host's end of a PXP/1 line: one loop reads, answers and sorts; `send` is stop-and-wait.
 * Source: provisioning-station sections 7.2 and 7.3.
 */
export class PxpLink {
  readonly #options: LinkOptions
  readonly #splitter = new LineSplitter()
  readonly #scanner = new KeywordScanner()
  readonly #assembler = new MessageAssembler()
  readonly #sender = new MessageSender()
  readonly #events = new Mailbox<LinkEvent>()
  readonly #answers = new Mailbox<Answer>()
  readonly #reading: Promise<void>
  #isSending = false
  #isStartIgnored = false
  #received = 0

  constructor(options: LinkOptions) {
    this.#options = options
    this.#reading = this.#read()
  }

  /**
   * From the first `Start_provisioning` to IDENT a further one is the answer to a doubled `Init`;
   * at any other time it means that the board has restarted.
   */
  ignoreStarts(isIgnored: boolean): void {
    this.#isStartIgnored = isIgnored
    if (isIgnored) this.#events.drop(isStart)
  }

  /** The next event. `undefined`: none within the time. @throws BytesError `INTERRUPTED` */
  next(timeoutMs: number): Promise<LinkEvent | undefined> {
    const { clock, signal } = this.#options
    return this.#events.take({ clock, signal, timeoutMs })
  }

  /** Sends a text outside of frames. */
  async text(line: string): Promise<void> {
    await this.#options.port.write(Buffer.from(line, 'latin1'))
  }

  /**
   * Sends a message and waits until the board has taken it whole.
   * @throws StationError `STATION_RESULT_TIMEOUT`, `STATION_PROTOCOL`, `STATION_RESTARTED`, `STATION_PORT`,
   * or the result of the board
   */
  async send(type: MessageType, payload?: Uint8Array): Promise<void> {
    const { clock } = this.#options
    const early = this.#events.find((event) => !isLog(event))
    if (early !== undefined) throw outOfTurn(early, `before it was sent ${type}`)
    this.#answers.drop(() => true)
    this.#isSending = true
    try {
      let step = this.#sender.start(type, payload)
      for (let end = 0; step.kind !== 'sent';) {
        if (step.kind === 'failed') throw notTaken(type, step.reason)
        if (step.kind === 'send') {
          end = clock.monotonicMs() + pxpLimits.answerTimeoutMs
          await this.text(step.line)
        }
        step = await this.#answered(type, end - clock.monotonicMs())
      }
    } finally {
      this.#isSending = false
    }
  }

  /** Tells the board that the session is over; its answer is not awaited. */
  async abort(): Promise<void> {
    const step = this.#sender.start('ABORT', Buffer.from('host', 'latin1'))
    if (step.kind === 'send') await this.text(step.line)
  }

  /** Both sides count from 0 again, as after a restart of the board; what it said before is forgotten. */
  restart(): void {
    this.#assembler.restart()
    this.#sender.restart()
    this.#events.drop((event) => event.kind !== 'closed')
  }

  async close(): Promise<void> {
    await this.#options.port.close()
    await this.#reading
  }

  async #answered(type: MessageType, timeoutMs: number): Promise<SenderStep> {
    const { clock, signal } = this.#options
    const answer = await this.#answers.take({ clock, signal, timeoutMs })
    if (answer === undefined) return this.#sender.timedOut()
    if (answer !== 'vain') return this.#sender.answered(answer)
    const end = this.#events.find(endsSession)
    if (end === undefined) return { kind: 'ignored' }
    throw outOfTurn(end, `while it was sent ${type}`)
  }

  async #read(): Promise<void> {
    try {
      for await (const octets of this.#options.port.received) {
        this.#received += octets.length
        const limit = this.#options.floodOctets ?? 1_048_576
        if (this.#received > limit) {
          throw new StationError(
            'STATION_FLOOD',
            `more than ${limit} octets arrived in one dialogue`,
          )
        }
        for (const line of this.#splitter.push(octets)) await this.#line(line)
        this.#keywords(this.#scanner.pending(this.#splitter.pending))
      }
      this.#closed(new StationError('STATION_PORT', 'the serial line was closed'))
    } catch (cause) {
      const isOurs = cause instanceof StationError
      this.#closed(
        isOurs ? cause : new StationError('STATION_PORT', 'the serial line failed', { cause }),
      )
    }
  }

  async #line(text: string): Promise<void> {
    const parsed = parseFrame(text)
    if (parsed.ok) {
      await this.#frame(parsed.frame)
      return
    }
    if (parsed.fault === 'not-a-frame') {
      const keywords = this.#scanner.line(text)
      if (keywords.length === 0 && text.trim() !== '') this.#options.onLog?.(printable(text))
      this.#keywords(keywords)
      return
    }
    await this.text(encodeNak(parsed.header, parsed.fault))
  }

  async #frame(frame: Frame): Promise<void> {
    if (frame.type === 'ACK' || frame.type === 'NAK') {
      if (this.#isSending) this.#answers.push(frame)
      return
    }
    const reception = this.#assembler.accept(frame)
    await this.text(reception.answer)
    if (reception.kind === 'message') this.#tell(reception)
  }

  #keywords(keywords: readonly Keyword[]): void {
    for (const keyword of keywords) {
      const event: LinkEvent = { kind: 'keyword', keyword }
      if (!this.#isStartIgnored || !isStart(event)) this.#tell(event)
    }
  }

  #closed(error: StationError): void {
    this.#tell({ kind: 'closed', error })
  }

  /** One queue keeps the order of arrival; whoever waits for an answer is told that it waits in vain. */
  #tell(event: LinkEvent): void {
    this.#events.push(event)
    if (this.#isSending && endsSession(event)) this.#answers.push('vain')
  }
}

/** Silence is not a refusal: nobody knows yet whether the board is bad. */
function notTaken(type: MessageType, reason: NakReason | 'no-answer'): StationError {
  if (reason !== 'no-answer') {
    const message = `the board did not take ${type}: ${reason}`
    return new StationError('STATION_PROTOCOL', message, { details: { reason } })
  }
  const silentMs = pxpLimits.answerTimeoutMs * (pxpLimits.repetitions + 1)
  return new StationError(
    'STATION_RESULT_TIMEOUT',
    `the board did not answer while it was sent ${type} (0xFFFE)`,
    { details: { silentMs } },
  )
}

function isStart(event: LinkEvent): boolean {
  return event.kind === 'keyword' && event.keyword.kind === 'start'
}

/** Octets of a board as text that is safe in a log: no control characters, at most 200 characters. */
function printable(text: string): string {
  const safe = text.replace(
    /[^\x20-\x7e]/g,
    (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`,
  )
  return safe.length > 200 ? `${safe.slice(0, 200)}…` : safe
}
