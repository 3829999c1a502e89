import { VirtualClock } from '@keyline/bytes'
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

describe('a provisioning dialogue', () => {
  it('says what the session of the specification says, line by line, and closes the port once', async () => {
    const { board, calls, error } = await runTrial()
    expect(error).toBeUndefined()
    expect(board.lines).toEqual(hostLines)
    expect(calls).toEqual(complete)
    expect(board.closings).toBe(1)
  })

  it('does not mind how the driver delivers the octets', async () => {
    const asOne = await runTrial({ reply: (line) => joined(vectorReply(line)) })
    expect(asOne).toMatchObject({ error: undefined, calls: complete, elapsedMs: 0 })
    const octetwise = await runTrial({ reply: (line) => vectorReply(line).join('').split('') })
    expect(octetwise).toMatchObject({ error: undefined, calls: complete, elapsedMs: 0 })
    expect(octetwise.board.lines).toEqual(hostLines)
  })

  it('hands the log lines of the board on, made safe, and no frame', async () => {
    const noise = '\u0000\u00ff\u001b[31mboot\r\n'
    const { error, log } = await runTrial({
      reply: (line) => vectorReply(line).flatMap((piece) => [noise, piece]),
    })
    expect(error).toBeUndefined()
    expect(new Set(log)).toEqual(new Set(['\\x00\\xff\\x1b[31mboot\\x0d']))
  })

  it('lets the board log in messages too', async () => {
    const { error, calls } = await runTrial({
      reply: (line) => {
        const log = (seq: number): string => frame('LOG', seq, `heard ${line}`)
        if (line === challenge) return [ackOf(line), log(3), frame('PROOF', 4, session.proof)]
        return line === done ? [ackOf(line), log(5), 'finish:000\n'] : vectorReply(line)
      },
    })
    expect(error).toBeUndefined()
    expect(calls).toEqual(complete)
  })
})

describe('the limits of a dialogue', () => {
  it('send Init every second, end at 30 s exactly and send none at the limit', async () => {
    const { board, error, elapsedMs } = await runTrial({ reply: () => [] })
    expect(error).toMatchObject({ code: 'STATION_SYNC_TIMEOUT', fault: 'wire' })
    expect(elapsedMs).toBe(30_000)
    const inits = board.heard.filter(({ line }) => line === 'Init\n')
    expect(inits.map(({ at }) => at)).toEqual(
      Array.from({ length: 30 }, (_, second) => second * 1000),
    )
    expect(board.closings).toBe(1)
  })

  it.each([
    [29_999, undefined],
    [30_000, 'STATION_SYNC_TIMEOUT'],
  ])('take an answer to Init after %i ms: %s', async (afterMs, code) => {
    const clock = new VirtualClock()
    const board: ScriptedBoard = new ScriptedBoard(clock, (line, turn) => {
      if (line !== 'Init\n') return vectorReply(line)
      if (turn === 1) sayAfter(clock, afterMs, board)
      return []
    })
    const { error } = await runTrial({ clock, board })
    if (code === undefined) expect(error).toBeUndefined()
    else expect(error).toMatchObject({ code })
  })

  it.each([
    ['HELLO to be taken', hello, []],
    ['IDENT', hello, [ackOf(hello)]],
    ['CSR', vectorLine('@ACK 0 1/1'), []],
    ['the DAC to be taken', lastOfDac, []],
  ])('wait 30 s for %s and not a millisecond more', async (_, last, said) => {
    let isDead = false
    const { board, error, elapsedMs } = await runTrial({
      reply: (line) => {
        if (isDead) return []
        isDead = line === last
        return isDead ? said : vectorReply(line)
      },
    })
    expect(error).toMatchObject({ code: 'STATION_RESULT_TIMEOUT', fault: 'wire' })
    expect(elapsedMs).toBe(30_000)
    expect(board.closings).toBe(1)
  })

  it.each([
    ['STORED', commit],
    ['PROOF', challenge],
    ['finish', done],
  ])('wait 30 s for %s behind COMMIT', async (_, line) => {
    const { error, elapsedMs } = await runTrial({ reply: except(line, () => [ackOf(line)]) })
    expect(error).toMatchObject({ code: 'STATION_RESULT_TIMEOUT', fault: 'wire' })
    expect(elapsedMs).toBe(30_000)
  })

  it('are no part of the time that the host itself needs', async () => {
    const clock = new VirtualClock()
    const certificateFor = async () => {
      await clock.sleep(24_000)
      return { dac: session.dac, pai: session.pai }
    }
    const { error, elapsedMs } = await runTrial({ clock, host: { certificateFor } })
    expect(error).toBeUndefined()
    expect(elapsedMs).toBe(24_000)
  })

  it('cap a flood, whether it has lines or none', async () => {
    for (const end of ['', '\n']) {
      const piece = '.'.repeat(1023) + (end === '' ? '.' : end)
      const { board, error } = await runTrial({
        reply: except(hello, () => Array.from({ length: 1100 }, () => piece)),
      })
      expect(error).toMatchObject({ code: 'STATION_FLOOD', fault: 'wire' })
      expect(board.closings).toBe(1)
    }
  })
})

function sayAfter(clock: VirtualClock, ms: number, board: ScriptedBoard): void {
  void clock.sleep(ms).then(() => {
    board.say(start)
    return undefined
  })
}

describe('the end of a dialogue', () => {
  it.each(rows(hostLines.slice(0, -1)))(
    'closes the port when it is interrupted at %s',
    async (_, line) => {
      const interrupt = new AbortController()
      const { board, error, elapsedMs } = await runTrial({
        signal: interrupt.signal,
        reply: (heard) => {
          if (heard === line) interrupt.abort()
          return vectorReply(heard)
        },
      })
      expect(error).toMatchObject({ code: 'INTERRUPTED', fault: 'operator' })
      expect(board.closings).toBe(1)
      expect(board.lines.join('')).toMatch(/^@ABORT \d+ 1\/1 /m)
      expect(elapsedMs).toBe(0)
    },
  )

  it.each(rows(hostLines))('closes the port when the cable is pulled at %s', async (_, line) => {
    const clock = new VirtualClock()
    const board: ScriptedBoard = new ScriptedBoard(clock, (heard) => {
      if (heard !== line) return vectorReply(heard)
      board.vanish(new Error('read EIO'))
      return []
    })
    const { error, elapsedMs } = await runTrial({ clock, board })
    expect(error).toMatchObject({ code: 'STATION_PORT', fault: 'wire' })
    expect(board.closings).toBe(1)
    expect(elapsedMs).toBe(0)
  })

  it('closes the port when the line ends while the host is busy with the certificate', async () => {
    const clock = new VirtualClock()
    const board = new ScriptedBoard(clock)
    const certificateFor = async () => {
      board.vanish()
      await clock.sleep(1)
      return { dac: session.dac, pai: session.pai }
    }
    const { error, elapsedMs } = await runTrial({ clock, board, host: { certificateFor } })
    expect(error).toMatchObject({ code: 'STATION_PORT', fault: 'wire' })
    expect(elapsedMs).toBe(1)
  })

  it('is that of the host when the host refuses, and the board is told', async () => {
    const refusal = new Error('not this board')
    const calls = ['identified', 'certificateFor', 'beforeCommit', 'stored', 'proven'] as const
    for (const call of calls) {
      const { board, error } = await runTrial({ host: { [call]: () => Promise.reject(refusal) } })
      expect(error, call).toBe(refusal)
      expect(board.lines.join(''), call).toMatch(/^@ABORT \d+ 1\/1 /m)
      expect(board.lines, call).not.toContain(done)
      expect(board.closings, call).toBe(1)
    }
  })
})
