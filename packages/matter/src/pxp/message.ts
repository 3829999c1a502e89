import { concat } from '@keyline/bytes'
import { encodeAck, encodeNak, type Frame } from './frame.ts'
import { isMessageType, pxpLimits, type MessageType, type NakReason } from './message-type.ts'

/** A complete message. */
export interface Message {
  readonly type: MessageType
  readonly seq: number
  readonly payload: Uint8Array
}

/** What became of a received fragment, and the line that answers it. */
export type Reception =
  | { readonly kind: 'message'; readonly message: Message; readonly answer: string }
  | { readonly kind: 'fragment'; readonly answer: string }
  | { readonly kind: 'duplicate'; readonly answer: string }
  | { readonly kind: 'refused'; readonly reason: NakReason; readonly answer: string }

/** The message before or in work: enough to know its fragments again. */
interface Progress {
  readonly type: string
  readonly seq: number
  readonly count: number
  readonly crcs: string[]
  readonly payloads: Uint8Array[]
}

/**
 * The receiving half of a PXP/1 session (station 7.3): puts fragments together in order,
 * recognises repeated ones, and says what to answer. Pure: it neither waits nor writes.
 * ACK and NAK are not for it; they belong to `MessageSender`.
 */
export class MessageAssembler {
  #previous: Progress | undefined
  #current: Progress | undefined
  #expectedSeq = 0

  /** Sequence number of the message that comes next or is under way. */
  get expectedSeq(): number {
    return this.#expectedSeq
  }

  accept(frame: Frame): Reception {
    if (!isMessageType(frame.type)) return this.#refuse(frame, 'type')
    if (isPartOf(this.#current, frame) || isPartOf(this.#previous, frame)) {
      return { kind: 'duplicate', answer: encodeAck(frame) }
    }
    if (!this.#isNext(frame)) return this.#refuse(frame, 'order')
    const offset = (frame.index - 1) * pxpLimits.fragmentLength
    const isTooLong =
      offset + frame.payload.length > pxpLimits.messageLength ||
      (frame.count - 1) * pxpLimits.fragmentLength >= pxpLimits.messageLength
    if (isTooLong) return this.#refuse(frame, 'size')

    this.#current ??= {
      type: frame.type,
      seq: frame.seq,
      count: frame.count,
      crcs: [],
      payloads: [],
    }
    this.#current.crcs.push(frame.crc)
    this.#current.payloads.push(frame.payload)
    if (frame.index < frame.count) return { kind: 'fragment', answer: encodeAck(frame) }

    const { payloads } = this.#current
    const [only] = payloads
    const payload = only !== undefined && payloads.length === 1 ? only : concat(...payloads)
    this.#previous = this.#current
    this.#current = undefined
    this.#expectedSeq = nextSeq(frame.seq)
    const message = { type: frame.type, seq: frame.seq, payload }
    return { kind: 'message', message, answer: encodeAck(frame) }
  }

  /** Begins a new session: the other side counts from 0 again. */
  restart(): void {
    this.#previous = undefined
    this.#current = undefined
    this.#expectedSeq = 0
  }

  #isNext(frame: Frame): boolean {
    if (frame.seq !== this.#expectedSeq) return false
    const current = this.#current
    if (current === undefined) return frame.index === 1
    return (
      frame.type === current.type &&
      frame.count === current.count &&
      frame.index === current.crcs.length + 1
    )
  }

  #refuse(frame: Frame, reason: NakReason): Reception {
    return { kind: 'refused', reason, answer: encodeNak(frame, reason) }
  }
}

/** Sequence numbers return to 0 behind 65 535. */
export function nextSeq(seq: number): number {
  return seq === pxpLimits.sequenceMax ? 0 : seq + 1
}

/** The CRC covers type, numbers and payload: an equal one at the same place is the same fragment. */
function isPartOf(progress: Progress | undefined, frame: Frame): boolean {
  return (
    progress !== undefined &&
    progress.seq === frame.seq &&
    progress.crcs[frame.index - 1] === frame.crc
  )
}
