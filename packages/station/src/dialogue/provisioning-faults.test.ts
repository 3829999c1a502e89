import { VirtualClock } from '@keyline/bytes'
import { boardResults, encodeNak, finishText } from '@keyline/matter/pxp'
import { describe, expect, it } from 'vitest'
import {
  ackOf,
  challenge,
  commit,
  complete,
  done,
  except,
  frame,
  hello,
  lastOfDac,
  rows,
  runTrial,
  start,
} from '../testing/provisioning-trial.ts'
import {
  hostLines,
  joined,
  ScriptedBoard,
  session,
  vectorLine,
  vectorReply,
} from '../testing/scripted-board.ts'

describe('a bad line', () => {
  it.each(rows(hostLines.filter((line) => !/^@ACK|^Init/.test(line))))(
    'loses what the board says behind %s once, and nothing changes',
    async (_, line) => {
      const { board, error, calls, elapsedMs } = await runTrial({
        reply: except(line, (_, turn) => (turn === 1 ? [] : vectorReply(line))),
      })
      expect(error).toBeUndefined()
      expect(calls).toEqual(complete)
      expect(board.lines.filter((heard) => heard === line)).toHaveLength(2)
      expect(elapsedMs).toBe(2000)
    },
  )

  it('is repeated three times, 2 s apart, however many strange answers come', async () => {
    const strange = vectorLine('@ACK 3 1/1')
    const { board, error } = await runTrial({
      reply: (line, turn) => {
        if (line === 'Init\n' && turn > 1) return []
        return line === lastOfDac ? [strange, strange] : vectorReply(line)
      },
    })
    expect(error).toMatchObject({ code: 'STATION_RESULT_TIMEOUT', fault: 'wire' })
    const sent = board.heard.filter(({ line }) => line === lastOfDac)
    expect(sent.map(({ at }) => at)).toEqual([0, 2000, 4000, 6000])
  })

  it.each(['crc', 'syntax'] as const)(
    'makes the host repeat a frame after NAK %s',
    async (reason) => {
      const { board, error } = await runTrial({
        reply: except(lastOfDac, (line, turn) =>
          turn <= 3 ? [encodeNak(undefined, reason)] : vectorReply(line),
        ),
      })
      expect(error).toBeUndefined()
      expect(board.lines.filter((line) => line === lastOfDac)).toHaveLength(4)
    },
  )

  it('ends the session when a frame was refused four times', async () => {
    const { board, error } = await runTrial({
      reply: except(lastOfDac, () => [encodeNak(undefined, 'crc')]),
    })
    expect(error).toMatchObject({ code: 'STATION_PROTOCOL', fault: 'wire' })
    expect(board.lines.filter((line) => line === lastOfDac)).toHaveLength(4)
  })

  it('doubles every line of the board, and nothing changes', async () => {
    const { error, calls } = await runTrial({
      reply: (line) => vectorReply(line).flatMap((piece) => [piece, piece]),
    })
    expect(error).toBeUndefined()
    expect(calls).toEqual(complete)
  })

  it('doubles every line of the board in one delivery, and nothing changes', async () => {
    const { error, calls } = await runTrial({
      reply: (line) => joined(vectorReply(line).flatMap((piece) => [piece, piece])),
    })
    expect(error).toBeUndefined()
    expect(calls).toEqual(complete)
  })

  it('damages a fragment: the host says NAK crc, and takes the repetition', async () => {
    const line = vectorLine('@CSR 1 1/2')
    const damaged = line.replace('@CSR 1 1/2 M', '@CSR 1 1/2 N')
    const { board, error, calls } = await runTrial({
      reply: (heard) =>
        heard.startsWith('@NAK')
          ? [line]
          : vectorReply(heard).map((said) => (said === line ? damaged : said)),
    })
    expect(error).toBeUndefined()
    expect(calls).toEqual(complete)
    expect(board.lines.filter((heard) => heard.startsWith('@NAK 1 1/2 '))).toHaveLength(1)
  })
})

describe('the keyword finish', () => {
  it('of an earlier run, in front of the start, is stale', async () => {
    for (const stale of ['finish:000\n', 'finish:013', 'finish:000\u0000']) {
      const { error, calls } = await runTrial({
        reply: except('Init\n', (_, turn) => (turn === 1 ? [stale] : [`\n${start}`])),
      })
      expect(error).toBeUndefined()
      expect(calls).toEqual(complete)
    }
  })

  it('is known in pieces, without line end, with octets behind it', async () => {
    const pieces = ['fin', 'ish:', '0', '00\u0000\u0012\u0034']
    const { error, calls } = await runTrial({ reply: except(done, () => [ackOf(done), ...pieces]) })
    expect(error).toBeUndefined()
    expect(calls).toEqual(complete)
  })

  it('is heard when it comes together with the last acknowledgement', async () => {
    const { error, elapsedMs } = await runTrial({
      reply: except(done, (line) => joined(vectorReply(line))),
    })
    expect(error).toBeUndefined()
    expect(elapsedMs).toBe(0)
  })

  it('is no success before DONE, wherever it comes', async () => {
    const early = hostLines.filter((line) => line.startsWith('@') && line !== done)
    for (const line of early) {
      const { board, error, calls } = await runTrial({
        reply: except(line, () => [...vectorReply(line), 'finish:000\n']),
      })
      expect(board.lines, line).not.toContain(done)
      expect(error, line).toMatchObject({ code: 'STATION_PROTOCOL', fault: 'wire' })
      expect(calls, line).not.toContain('restarted')
    }
  })

  it('decides by the first of two different codes', async () => {
    const { error } = await runTrial({
      reply: except(done, () => [ackOf(done), 'finish:014\nfinish:000\n']),
    })
    expect(error).toMatchObject({ code: 'STATION_BOARD_REPORTED' })
  })
})

/** Provisioning-station section 6.4: whom each code blames. */
const blames = [
  ['dataNotFound', 'STATION_BOARD_REPORTED', 'board'],
  ['bufferTooSmall', 'STATION_BOARD_REPORTED', 'board'],
  ['parameterError', 'STATION_BOARD_REPORTED', 'board'],
  ['secureStorageWrite', 'STATION_BOARD_REPORTED', 'board'],
  ['csrFailed', 'STATION_BOARD_REPORTED', 'board'],
  ['certificateRejected', 'STATION_BOARD_REPORTED', 'board'],
  ['keyMismatch', 'STATION_BOARD_REPORTED', 'board'],
  ['secureStorageRefused', 'STATION_BOARD_REPORTED', 'board'],
  ['flashWrite', 'STATION_BOARD_REPORTED', 'board'],
  ['alreadyProvisioned', 'STATION_BOARD_REFUSED', 'operator'],
  ['protocolError', 'STATION_BOARD_REFUSED', 'operator'],
  ['hostTimeout', 'STATION_BOARD_REFUSED', 'operator'],
  ['modeUnsupported', 'STATION_BOARD_REFUSED', 'operator'],
  ['proofFailed', 'STATION_BOARD_REPORTED', 'board'],
  ['noSecureStore', 'STATION_BOARD_REFUSED', 'operator'],
] as const

/** Where a board may end the session: in place of a message, while it is sent one, and at the end. */
const endings = [
  ['in place of IDENT', hello],
  ['while it is sent the DAC', vectorLine('@DAC 1 2/3')],
  ['in place of STORED', commit],
  ['in place of PROOF', challenge],
  ['at the end', done],
] as const

describe('a result of the board', () => {
  it('is tried with every code of the table but success', () => {
    const tried: readonly string[] = blames.map(([result]) => result)
    expect(['ok', ...tried].toSorted()).toEqual(Object.keys(boardResults).toSorted())
  })

  it.each(blames)(
    '%s is %s, the fault of the %s, wherever it comes',
    async (result, code, fault) => {
      for (const [place, line] of endings) {
        const { board, error } = await runTrial({
          reply: except(line, () => [ackOf(line), `${finishText(result)}\n`]),
        })
        expect(error, place).toMatchObject({ code, fault, details: { result } })
        expect(board.closings).toBe(1)
      }
    },
  )

  it('is heard while the host is busy with the certificate', async () => {
    const clock = new VirtualClock()
    const board = new ScriptedBoard(clock)
    const certificateFor = async () => {
      await clock.sleep(31_000)
      board.say(`${finishText('hostTimeout')}\n`)
      await clock.sleep(1)
      return { dac: session.dac, pai: session.pai }
    }
    const { error } = await runTrial({ clock, board, host: { certificateFor } })
    expect(error).toMatchObject({
      code: 'STATION_BOARD_REFUSED',
      details: { result: 'hostTimeout' },
    })
    expect(board.lines.join('')).not.toContain('@DAC')
  })

  it.each(['021', '099', '255', '999'])('%s, of no table, blames the line', async (digits) => {
    const { error } = await runTrial({
      reply: except(done, () => [ackOf(done), `finish:${digits}\n`]),
    })
    expect(error).toMatchObject({ code: 'STATION_PROTOCOL', fault: 'wire' })
  })
})

describe('a board that leaves the order', () => {
  it('sends another message than the one whose turn it is', async () => {
    const other = new Uint8Array(8)
    const places = [
      [hello, [ackOf(hello), frame('STORED', 0, other)]],
      [vectorLine('@ACK 0 1/1'), [frame('PROOF', 1, other)]],
      [commit, [ackOf(commit), frame('PROOF', 2, other)]],
      [challenge, [ackOf(challenge), frame('STORED', 3, other)]],
      [done, [ackOf(done), frame('PROOF', 4, other)]],
    ] as const
    for (const [line, said] of places) {
      const { error } = await runTrial({ reply: except(line, () => said) })
      expect(error, line).toMatchObject({ code: 'STATION_PROTOCOL', fault: 'wire' })
    }
  })

  it('sends two requests: the session ends before COMMIT', async () => {
    const behindCsr = vectorLine('@ACK 1 2/2')
    const { board, calls, error } = await runTrial({
      reply: except(behindCsr, () => [frame('CSR', 2, session.csr)]),
    })
    expect(error).toMatchObject({ code: 'STATION_PROTOCOL' })
    expect(calls).not.toContain('commit')
    expect(board.lines).not.toContain(commit)
  })

  it('aborts: its reason is told, made safe', async () => {
    for (const [line, seq] of [
      [hello, 0],
      [commit, 2],
      [challenge, 3],
    ] as const) {
      const { error } = await runTrial({
        reply: except(line, () => [ackOf(line), frame('ABORT', seq, 'no\u001b entropy')]),
      })
      expect(error, line).toMatchObject({
        code: 'STATION_PROTOCOL',
        message: expect.stringContaining('no? entropy'),
      })
    }
  })

  it('aborts while it is sent the certificate: the host does not go on', async () => {
    const second = vectorLine('@DAC 1 2/3')
    const abort = frame('ABORT', 2, 'no room')
    const { board, error, elapsedMs } = await runTrial({ reply: except(second, () => [abort]) })
    expect(error).toMatchObject({ message: expect.stringContaining('no room') })
    expect(board.lines).not.toContain(lastOfDac)
    expect(elapsedMs).toBe(0)
  })

  it('tells nonsense in a whole message: it is to blame', async () => {
    const nonsense = frame('IDENT', 0, '{"v":2}')
    const { error } = await runTrial({ reply: except(hello, () => [ackOf(hello), nonsense]) })
    expect(error).toMatchObject({ code: 'PXP_PAYLOAD', fault: 'board' })
  })
})
