import { concat, seededRandom, VirtualClock } from '@keyline/bytes'
import { encodeFrames, MessageAssembler, parseFrame, type MessageType } from '@keyline/matter/pxp'
import { describe, expect, it } from 'vitest'
import { AttestingDevice } from '../testing/attesting-device.ts'
import { ScriptedBoard } from '../testing/scripted-board.ts'
import { runTokenDialogue } from './token-dialogue.ts'

const { implementationId, point } = new AttestingDevice('device')
const certificate = seededRandom('certificate').bytes(430)
const token = seededRandom('token').bytes(300)

type Answers = Partial<Record<string, readonly [type: MessageType, payload: Uint8Array]>>

const truth: Answers = {
  IAKREQ: ['IAKRSP', concat(implementationId, point)],
  TOKREQ: ['TOKEN', token],
}

async function ask(answers: Answers = {}) {
  const clock = new VirtualClock()
  const assembler = new MessageAssembler()
  const requests: { readonly type: string; readonly payload: Uint8Array }[] = []
  const all = { ...truth, ...answers }
  const board = new ScriptedBoard(clock, (line) => {
    const parsed = parseFrame(line)
    if (!parsed.ok || parsed.frame.type === 'ACK') return []
    const reception = assembler.accept(parsed.frame)
    if (reception.kind !== 'message') return [reception.answer]
    const { type } = reception.message
    requests.push(reception.message)
    const said = all[type]
    const frames = said === undefined ? [] : encodeFrames(said[0], requests.length - 1, said[1])
    return [reception.answer, ...frames]
  })
  const { signal } = new AbortController()
  const random = seededRandom('station')
  const outcome = await runTokenDialogue({ port: board, clock, random, signal }).then(
    (value) => ({ value, error: undefined }),
    (error: unknown) => ({ value: undefined, error }),
  )
  return { ...outcome, board, requests }
}

describe('a token dialogue', () => {
  it('brings the key, and a token over a fresh challenge', async () => {
    const { value, requests, board } = await ask()
    expect(value).toMatchObject({ identity: { implementationId, publicKey: point }, token })
    expect(value?.identity.certificate).toHaveLength(0)
    expect(value?.challenge).toHaveLength(32)
    expect(requests.map(({ type }) => type)).toEqual(['IAKREQ', 'TOKREQ'])
    expect(requests[1]?.payload).toEqual(value?.challenge)
    expect(board.closings).toBe(1)
  })

  it('brings the certificate of a certified key', async () => {
    const { value } = await ask({
      IAKREQ: ['IAKRSP', concat(implementationId, point, certificate)],
    })
    expect(value?.identity.certificate).toEqual(certificate)
  })

  it.each(['IAKREQ', 'TOKREQ'] as const)(
    'says which request the application refused: %s',
    async (request) => {
      const { error, board } = await ask({ [request]: ['ABORT', Buffer.from('no key')] })
      expect(error).toMatchObject({
        code: 'STATION_ANSWER',
        fault: 'board',
        details: { request },
        message: expect.stringContaining('no key'),
      })
      expect(board.closings).toBe(1)
    },
  )

  it('blames the board for a key that is none, and the line for silence', async () => {
    const short = await ask({ IAKREQ: ['IAKRSP', implementationId] })
    expect(short.error).toMatchObject({ code: 'PXP_PAYLOAD', fault: 'board' })
    const silent = await ask({ TOKREQ: undefined })
    expect(silent.error).toMatchObject({ code: 'STATION_RESULT_TIMEOUT', fault: 'wire' })
    expect(silent.board.closings).toBe(1)
  })
})
