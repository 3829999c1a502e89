import { encodeFrames, type Frame } from './frame.ts'
import { nextSeq } from './message.ts'
import { nakReasons, pxpLimits, type MessageType, type NakReason } from './message-type.ts'

/** What to do next. `send` restarts the wait for the answer (`pxpLimits.answerTimeoutMs`). */
export type SenderStep =
  | { readonly kind: 'send'; readonly line: string }
  | { readonly kind: 'sent' }
  /** The answer belongs to no fragment under way. */
  | { readonly kind: 'ignored' }
  | { readonly kind: 'failed'; readonly reason: NakReason | 'no-answer' }

/**
 * The sending half of a PXP/1 session: stop and wait, each fragment repeated at most three times
 * (station 7.3). Pure: the caller writes the lines, keeps the clock and passes ACK and NAK in.
 */
export class MessageSender {
  #seq = 0
  #lines: readonly string[] = []
  #place = 0
  #repetitions = 0

  /** Begins a message; the one before must have ended. */
  start(type: MessageType, payload?: Uint8Array): SenderStep {
    this.#lines = encodeFrames(type, this.#seq, payload)
    this.#place = 0
    this.#repetitions = 0
    return this.#current()
  }

  /** Takes an ACK or a NAK. */
  answered(frame: Frame): SenderStep {
    const isMine =
      this.#place < this.#lines.length &&
      frame.seq === this.#seq &&
      frame.index === this.#place + 1 &&
      frame.count === this.#lines.length
    if (frame.type === 'ACK') return isMine ? this.#advance() : { kind: 'ignored' }
    const reason = nakReason(frame.payload)
    if (this.#place >= this.#lines.length) return { kind: 'ignored' }
    if (reason === 'crc' || reason === 'syntax') return this.#repeat(reason)
    return isMine ? this.#fail(reason) : { kind: 'ignored' }
  }

  /** No answer came within `pxpLimits.answerTimeoutMs`. */
  timedOut(): SenderStep {
    return this.#repeat('no-answer')
  }

  /** Begins a new session: counts from 0 again. */
  restart(): void {
    this.#seq = 0
    this.#lines = []
    this.#place = 0
  }

  #advance(): SenderStep {
    this.#place++
    this.#repetitions = 0
    if (this.#place < this.#lines.length) return this.#current()
    this.#seq = nextSeq(this.#seq)
    return { kind: 'sent' }
  }

  #repeat(reason: NakReason | 'no-answer'): SenderStep {
    if (this.#repetitions >= pxpLimits.repetitions) return this.#fail(reason)
    this.#repetitions++
    return this.#current()
  }

  #fail(reason: NakReason | 'no-answer'): SenderStep {
    this.#lines = []
    this.#place = 0
    return { kind: 'failed', reason }
  }

  #current(): SenderStep {
    const line = this.#lines[this.#place]
    return line === undefined ? { kind: 'ignored' } : { kind: 'send', line }
  }
}

/** An unknown reason counts as `state`: the other side will not take the message. */
function nakReason(payload: Uint8Array): NakReason {
  const text = Buffer.from(payload).toString('latin1')
  return nakReasons.find((reason) => reason === text) ?? 'state'
}
