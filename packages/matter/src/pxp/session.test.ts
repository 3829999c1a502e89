import { describe, expect, it } from 'vitest'
import { encodeAck, encodeFrames, encodeNak, parseFrame, type Frame } from './frame.ts'
import { MessageAssembler } from './message.ts'
import { MessageSender } from './sender.ts'

const long = Uint8Array.from({ length: 700 }, (_, index) => index & 0xff)

function framesOf(...lines: readonly string[]): readonly [Frame, ...Frame[]] {
  const [first, ...rest] = lines.map((line) => {
    const parsed = parseFrame(line)
    if (!parsed.ok) throw new Error(parsed.fault)
    return parsed.frame
  })
  if (first === undefined) throw new Error('no line')
  return [first, ...rest]
}

describe('MessageAssembler', () => {
  it('acknowledges a repeated fragment and drops it, within a message and behind it', () => {
    const assembler = new MessageAssembler()
    const [first, second, third] = framesOf(...encodeFrames('DAC', 0, long))
    expect(assembler.accept(first).kind).toBe('fragment')
    expect(assembler.accept(first)).toEqual({ kind: 'duplicate', answer: encodeAck(first) })
    for (const frame of [second, third]) if (frame) assembler.accept(frame)
    expect(third && assembler.accept(third).kind).toBe('duplicate')
    expect(assembler.expectedSeq).toBe(1)
  })

  it('refuses a fragment out of order, a message out of order, and another fragment in its place', () => {
    const assembler = new MessageAssembler()
    const [first, second, third] = framesOf(...encodeFrames('DAC', 0, long))
    expect(third && assembler.accept(third)).toMatchObject({ kind: 'refused', reason: 'order' })
    assembler.accept(first)
    expect(third && assembler.accept(third)).toMatchObject({ kind: 'refused', reason: 'order' })
    const [other] = framesOf(
      ...encodeFrames(
        'DAC',
        0,
        long.map((octet) => octet ^ 1),
      ),
    )
    expect(assembler.accept(other)).toMatchObject({ kind: 'refused', reason: 'order' })
    const [later] = framesOf(...encodeFrames('PAI', 1, long))
    expect(assembler.accept(later)).toMatchObject({ kind: 'refused', reason: 'order' })
    expect(second && assembler.accept(second).kind).toBe('fragment')
  })

  it('refuses an unknown type and a message above 8192 octets', () => {
    const assembler = new MessageAssembler()
    const [frame] = framesOf(...encodeFrames('LOG', 0, long))
    expect(assembler.accept({ ...frame, type: 'FOO' })).toMatchObject({ reason: 'type' })
    expect(assembler.accept({ ...frame, count: 99 })).toMatchObject({ reason: 'size' })
  })

  it('begins a new session after a restart', () => {
    const assembler = new MessageAssembler()
    const [hello] = framesOf(...encodeFrames('HELLO', 0, Uint8Array.of(1)))
    assembler.accept(hello)
    assembler.restart()
    expect(assembler.accept(hello).kind).toBe('message')
  })
})

describe('MessageSender', () => {
  it('sends fragment behind fragment, each after the ACK of the one before', () => {
    const sender = new MessageSender()
    const lines = encodeFrames('PAI', 0, long)
    const [first, second, third] = framesOf(...lines)
    expect(sender.start('PAI', long)).toEqual({ kind: 'send', line: lines[0] })
    const [ack1, ack2, ack3] = framesOf(
      ...[first, second, third].map((frame) => encodeAck(frame ?? first)),
    )
    expect(sender.answered(ack1)).toEqual({ kind: 'send', line: lines[1] })
    expect(sender.answered(ack1)).toEqual({ kind: 'ignored' })
    expect(ack2 && sender.answered(ack2)).toEqual({ kind: 'send', line: lines[2] })
    expect(ack3 && sender.answered(ack3)).toEqual({ kind: 'sent' })
    const [next] = encodeFrames('DONE', 1)
    expect(sender.start('DONE')).toEqual({ kind: 'send', line: next })
  })

  it('repeats three times without an answer, then gives up', () => {
    const sender = new MessageSender()
    const [line] = encodeFrames('CHAL', 0, long.subarray(0, 32))
    sender.start('CHAL', long.subarray(0, 32))
    for (let turn = 0; turn < 3; turn++) expect(sender.timedOut()).toEqual({ kind: 'send', line })
    expect(sender.timedOut()).toEqual({ kind: 'failed', reason: 'no-answer' })
  })

  it('repeats after NAK crc and fails after NAK state', () => {
    const sender = new MessageSender()
    const [line = ''] = encodeFrames('DONE', 0)
    const [frame] = framesOf(line)
    sender.start('DONE')
    const [crc] = framesOf(encodeNak(undefined, 'crc'))
    const [state] = framesOf(encodeNak(frame, 'state'))
    expect(sender.answered(crc)).toEqual({ kind: 'send', line })
    expect(sender.answered(state)).toEqual({ kind: 'failed', reason: 'state' })
    expect(sender.answered(crc)).toEqual({ kind: 'ignored' })
  })

  it('ignores an ACK that belongs to no fragment under way', () => {
    const sender = new MessageSender()
    const [other] = framesOf(encodeAck({ type: 'ACK', seq: 9, index: 1, count: 1 }))
    sender.start('DONE')
    expect(sender.answered(other)).toEqual({ kind: 'ignored' })
  })
})
