import type { Clock } from '@keyline/bytes'
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
  type SenderStep,
} from '@keyline/matter/pxp'
import { StationError } from '../errors.ts'
import type { SerialPort } from '../port/serial-port.ts'
import { KeywordScanner, type Keyword } from './keyword-scanner.ts'
import { Mailbox } from './mailbox.ts'
import { resultError } from './result-error.ts'

/** What arrives from the board: messages of the session, keywords, or the end of the line. */
export type LinkEvent =
  | { readonly kind: 'message'; readonly message: Message }
  | { readonly kind: 'keyword'; readonly keyword: Keyword }
  | { readonly kind: 'closed'; readonly error: StationError }

type Answer = { readonly kind: 'answer'; readonly frame: Frame } | Interrupting
type Interrupting = Exclude<LinkEvent, { readonly kind: 'message' }>

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
   * @throws StationError `STATION_PROTOCOL`, `STATION_RESTARTED`, `STATION_PORT`, or the result of the board
   */
  async send(type: MessageType, payload?: Uint8Array): Promise<void> {
    this.#isSending = true
    try {
      let step = this.#sender.start(type, payload)
      while (step.kind !== 'sent') {
        if (step.kind === 'failed') {
          throw new StationError(
            'STATION_PROTOCOL',
            `the board did not take ${type}: ${step.reason}`,
          )
        }
        step = await this.#sendStep(step, type)
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

  /** Both sides count from 0 again, as after a restart of the board. */
  restart(): void {
    this.#assembler.restart()
    this.#sender.restart()
  }

  async close(): Promise<void> {
    await this.#options.port.close()
    await this.#reading
  }

  async #sendStep(step: SenderStep, type: MessageType): Promise<SenderStep> {
    if (step.kind === 'send') await this.text(step.line)
    const { clock, signal } = this.#options
    const answer = await this.#answers.take({
      clock,
      signal,
      timeoutMs: pxpLimits.answerTimeoutMs,
    })
    if (answer === undefined) return this.#sender.timedOut()
    if (answer.kind === 'answer') return this.#sender.answered(answer.frame)
    if (answer.kind === 'closed') throw answer.error
    if (answer.keyword.kind === 'start') {
      throw new StationError('STATION_RESTARTED', `the board restarted while it was sent ${type}`)
    }
    if (answer.keyword.code !== 0) throw resultError(answer.keyword.code)
    throw new StationError('STATION_PROTOCOL', `the board finished while it was sent ${type}`)
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
      if (this.#isSending) this.#answers.push({ kind: 'answer', frame })
      return
    }
    const reception = this.#assembler.accept(frame)
    await this.text(reception.answer)
    if (reception.kind === 'message') this.#events.push(reception)
  }

  #keywords(keywords: readonly Keyword[]): void {
    for (const keyword of keywords) {
      if (keyword.kind === 'start' && this.#isStartIgnored) continue
      this.#tell({ kind: 'keyword', keyword })
    }
  }

  #closed(error: StationError): void {
    this.#tell({ kind: 'closed', error })
  }

  /** An event that also ends the wait for an answer goes to whoever waits. */
  #tell(event: Interrupting): void {
    if (this.#isSending) this.#answers.push(event)
    else this.#events.push(event)
  }
}

/** Octets of a board as text that is safe in a log: no control characters, at most 200 characters. */
function printable(text: string): string {
  const safe = text.replace(
    /[^\x20-\x7e]/g,
    (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`,
  )
  return safe.length > 200 ? `${safe.slice(0, 200)}…` : safe
}
