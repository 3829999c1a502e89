import { seededRandom, toHex, VirtualClock } from '@keyline/bytes'
import {
  encodeAck,
  encodeBasic,
  encodeFrames,
  encodeNak,
  MessageAssembler,
  parseFrame,
  type MessageType,
} from '@keyline/matter/pxp'
import { describe, expect, it } from 'vitest'
import { ScriptedBoard } from '../testing/scripted-board.ts'
import { runApplicationDialogue } from './application-dialogue.ts'

const elements = seededRandom('elements').bytes(600)
const signature = seededRandom('signature').bytes(64)
const basic = { vendorId: 0xfff1, productId: 0x8004, serialNumber: 'KL-000001' }
const log = 'I: thread attached\r\n'

/** What the application says to a request, in place of what it should say. */
type Lies = Partial<Record<'ATTREQ' | 'BASIC', () => readonly string[]>>

function frame(type: MessageType, seq: number, payload?: Uint8Array): readonly string[] {
  return encodeFrames(type, seq, payload)
}

function truth(type: string): readonly string[] {
  if (type === 'ATTREQ')
    return [log, ...frame('ATTRSP', 0, elements), ...frame('ATTSIG', 1, signature)]
  return type === 'BASIC' ? frame('BASIC', 2, encodeBasic(basic)) : []
}

async function ask(lies: Lies = {}, signal = new AbortController().signal) {
  const clock = new VirtualClock()
  const requests: { readonly type: string; readonly payload: Uint8Array }[] = []
  const assembler = new MessageAssembler()
  const said: string[] = []
  const board = new ScriptedBoard(clock, (line) => {
    const parsed = parseFrame(line)
    if (!parsed.ok || parsed.frame.type === 'ACK') return []
    const { type } = parsed.frame
    const lie = type === 'ATTREQ' || type === 'BASIC' ? lies[type] : undefined
    if (lie !== undefined) return lie()
    const reception = assembler.accept(parsed.frame)
    if (reception.kind !== 'message') return [reception.answer]
    requests.push(reception.message)
    return [reception.answer, ...truth(type)]
  })
  const outcome = await runApplicationDialogue({
    port: board,
    clock,
    random: seededRandom('application'),
    signal,
    onLog: (text) => said.push(text),
  }).then(
    (answers) => ({ answers, error: undefined }),
    (error: unknown) => ({ answers: undefined, error }),
  )
  return { ...outcome, board, requests, said, elapsedMs: clock.monotonicMs() }
}

const ackOfFirst = encodeAck({ type: 'ACK', seq: 0, index: 1, count: 1 })

describe('an application dialogue', () => {
  it('brings the attestation over a fresh nonce, and the basic information', async () => {
    const { answers, board, requests, said } = await ask()
    expect(answers).toMatchObject({ elements, signature, basicInformation: basic })
    const asked = toHex(requests[0]?.payload ?? new Uint8Array(0))
    expect(answers?.nonce).toHaveLength(32)
    expect(answers?.challenge).toHaveLength(16)
    expect(asked).toBe(toHex(answers?.nonce ?? signature) + toHex(answers?.challenge ?? signature))
    expect(requests.map(({ type }) => type)).toEqual(['ATTREQ', 'BASIC'])
    expect(said).toEqual(['I: thread attached\\x0d'])
    expect(board.closings).toBe(1)
  })

  it('says neither Init nor HELLO', async () => {
    const { board } = await ask()
    expect(board.lines.filter((line) => !/^@(ATTREQ|BASIC|ACK) /.test(line))).toEqual([])
  })

  it('blames the board that refuses, answers another message or nonsense', async () => {
    const { board, error } = await ask({
      ATTREQ: () => [encodeNak({ type: 'NAK', seq: 0, index: 1, count: 1 }, 'type')],
    })
    expect(error).toMatchObject({ code: 'STATION_ANSWER', fault: 'board' })
    expect(board.closings).toBe(1)
    const abort = frame('ABORT', 0, Buffer.from('no factory data'))
    const aborted = await ask({ ATTREQ: () => [ackOfFirst, ...abort] })
    expect(aborted.error).toMatchObject({
      code: 'STATION_ANSWER',
      fault: 'board',
      message: expect.stringContaining('no factory data'),
    })
    const other = frame('TOKEN', 0, signature)
    const another = await ask({ ATTREQ: () => [ackOfFirst, ...other] })
    expect(another.error).toMatchObject({ code: 'STATION_ANSWER', fault: 'board' })
    const ackOfSecond = encodeAck({ type: 'ACK', seq: 1, index: 1, count: 1 })
    const nonsense = await ask({
      BASIC: () => [ackOfSecond, ...frame('BASIC', 2, Buffer.from('[]'))],
    })
    expect(nonsense.error).toMatchObject({ code: 'PXP_PAYLOAD', fault: 'board' })
  })

  it('blames the line for silence before and after the request, at the limits of the protocol', async () => {
    const deaf = await ask({ ATTREQ: () => [] })
    expect(deaf.error).toMatchObject({ code: 'STATION_RESULT_TIMEOUT', fault: 'wire' })
    expect(deaf.elapsedMs).toBe(8000)
    const mute = await ask({ ATTREQ: () => [ackOfFirst] })
    expect(mute.error).toMatchObject({ code: 'STATION_RESULT_TIMEOUT', fault: 'wire' })
    expect(mute.elapsedMs).toBe(30_000)
    expect(mute.board.closings).toBe(1)
  })

  it('blames the line for noise', async () => {
    const { error } = await ask({ ATTREQ: () => [encodeNak(undefined, 'crc')] })
    expect(error).toMatchObject({ code: 'STATION_PROTOCOL', fault: 'wire' })
  })

  it('is interrupted at once, and closes the port', async () => {
    const interrupt = new AbortController()
    const { board, error, elapsedMs } = await ask(
      {
        ATTREQ: () => {
          interrupt.abort()
          return []
        },
      },
      interrupt.signal,
    )
    expect(error).toMatchObject({ code: 'INTERRUPTED' })
    expect(board.closings).toBe(1)
    expect(elapsedMs).toBe(0)
  })
})
