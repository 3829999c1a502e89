import { VirtualClock } from '@keyline/bytes'
import { boardResults, encodeFrames, encodeNak, finishText } from '@keyline/matter/pxp'
import { describe, expect, it } from 'vitest'
import {
  hostLines,
  joined,
  ScriptedBoard,
  session,
  sessionRandom,
  vectorLine,
  vectorReply,
  type Reply,
} from '../testing/scripted-board.ts'
import { runProvisioningDialogue, type ExchangeHost } from './provisioning-dialogue.ts'

const start = 'Start_provisioning PXP/1\n'
const hello = vectorLine('@HELLO')
const lastOfDac = vectorLine('@DAC 1 3/3')
const commit = vectorLine('@COMMIT')
const challenge = vectorLine('@CHAL')
const done = vectorLine('@DONE')

/** The acknowledgement that the board gives to a line of the host. */
function ackOf(line: string): string {
  return vectorReply(line)[0] ?? ''
}

/** Lines as rows of a table of tests, with their first words as names. */
function rows(lines: readonly string[]): readonly (readonly [string, string])[] {
  return lines.map((line) => [line.split(' ').slice(0, 3).join(' ').trim(), line])
}

/** The board of the session, but for the answer to one line. */
function except(line: string, reply: Reply): Reply {
  return (heard, turn) => (heard === line ? reply(heard, turn) : vectorReply(heard))
}

interface Trial {
  readonly reply?: Reply
  readonly host?: Partial<ExchangeHost>
  readonly signal?: AbortSignal
  /** Told each line of the host before the board answers. */
  readonly onLine?: (line: string) => void
}

/** Runs a dialogue to its end and tells all that could be seen of it. */
async function run(trial: Trial = {}) {
  const clock = new VirtualClock()
  const { reply = vectorReply, onLine } = trial
  const board = new ScriptedBoard(clock, (line, turn) => {
    onLine?.(line)
    return reply(line, turn)
  })
  const calls: string[] = []
  const log: string[] = []
  const told =
    (name: string) =>
    (...values: readonly unknown[]): Promise<void> => {
      calls.push(values.length === 0 ? name : `${name} ${JSON.stringify(values[0])}`)
      return Promise.resolve()
    }
  const host: ExchangeHost = {
    identified: () => told('identified')(),
    certificateFor: async (csr) => {
      await told('certificateFor')()
      expect(csr).toEqual(session.csr)
      return { dac: session.dac, pai: session.pai }
    },
    beforeCommit: () => told('beforeCommit')(),
    stored: (store) => told('stored')(store),
    proven: async (proof) => {
      await told('proven')()
      expect(proof).toEqual({ challenge: session.challenge, signature: session.proof })
    },
    restarted: () => told('restarted')(),
    ...trial.host,
  }
  const error: unknown = await runProvisioningDialogue({
    port: board,
    clock,
    random: sessionRandom,
    signal: trial.signal ?? new AbortController().signal,
    mode: 'production',
    host,
    onLog: (text) => log.push(text),
  }).then(
    () => undefined,
    (reason: unknown) => reason,
  )
  return { board, calls, log, error, elapsedMs: clock.monotonicMs() }
}

const complete = ['identified', 'certificateFor', 'beforeCommit', 'stored "its"', 'proven']

describe('a provisioning dialogue', () => {
  it('says what the session of the specification says, line by line, and closes the port once', async () => {
    const { board, calls, error } = await run()
    expect(error).toBeUndefined()
    expect(board.lines).toEqual(hostLines)
    expect(calls).toEqual(complete)
    expect(board.closings).toBe(1)
  })

  it('does not mind how the driver delivers the octets', async () => {
    const asOne = await run({ reply: (line) => joined(vectorReply(line)) })
    expect(asOne).toMatchObject({ error: undefined, calls: complete, elapsedMs: 0 })
    const octetwise = await run({ reply: (line) => [...vectorReply(line).join('')] })
    expect(octetwise).toMatchObject({ error: undefined, calls: complete, elapsedMs: 0 })
    expect(octetwise.board.lines).toEqual(hostLines)
  })

  it('hands the log lines of the board on, made safe, and no frame', async () => {
    const noise = '\u0000\u00ff\u001b[31mboot\r\n'
    const { error, log } = await run({
      reply: (line) => vectorReply(line).flatMap((piece) => [noise, piece]),
    })
    expect(error).toBeUndefined()
    expect(new Set(log)).toEqual(new Set(['\\x00\\xff\\x1b[31mboot\\x0d']))
  })

  it('lets the board log in messages too', async () => {
    const log = (seq: number): string => encodeFrames('LOG', seq, Buffer.from('proving'))[0] ?? ''
    const proof = encodeFrames('PROOF', 4, session.proof)
    const { error, calls } = await run({
      reply: (line) => {
        if (line === challenge) return [ackOf(challenge), log(3), ...proof]
        return line === done ? [ackOf(done), log(5), 'finish:000\n'] : vectorReply(line)
      },
    })
    expect(error).toBeUndefined()
    expect(calls).toEqual(complete)
  })
})

describe('the limits of a dialogue', () => {
  it('send Init every second, end at 30 s exactly and send none at the limit', async () => {
    const { board, error, elapsedMs } = await run({ reply: () => [] })
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
      if (turn === 1) void clock.sleep(afterMs).then(() => board.say(start))
      return []
    })
    const outcome = runProvisioningDialogue({
      port: board,
      clock,
      random: sessionRandom,
      signal: new AbortController().signal,
      mode: 'production',
      host: quietHost,
    })
    if (code === undefined) await expect(outcome).resolves.toBeUndefined()
    else await expect(outcome).rejects.toMatchObject({ code })
  })

  it.each([
    ['IDENT', hello],
    ['CSR', vectorLine('@ACK 0 1/1')],
  ])('wait 30 s for %s and not a millisecond more', async (_, line) => {
    const { board, error, elapsedMs } = await run({
      reply: except(line, () => (line === hello ? [ackOf(hello)] : [])),
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
    const { error, elapsedMs } = await run({ reply: except(line, () => [ackOf(line)]) })
    expect(error).toMatchObject({ code: 'STATION_RESULT_TIMEOUT', fault: 'wire' })
    expect(elapsedMs).toBe(30_000)
  })

  it('are no part of the time that the host itself needs', async () => {
    const clock = new VirtualClock()
    const board = new ScriptedBoard(clock)
    const slow: ExchangeHost = {
      ...quietHost,
      certificateFor: async (csr) => {
        await clock.sleep(24_000)
        return quietHost.certificateFor(csr)
      },
    }
    await runProvisioningDialogue({
      port: board,
      clock,
      random: sessionRandom,
      signal: new AbortController().signal,
      mode: 'production',
      host: slow,
    })
    expect(clock.monotonicMs()).toBe(24_000)
  })

  it('cap a flood, whether it has lines or none', async () => {
    for (const end of ['', '\n']) {
      const piece = '.'.repeat(1023) + (end === '' ? '.' : end)
      const { board, error } = await run({
        reply: except(hello, () => Array.from({ length: 1100 }, () => piece)),
      })
      expect(error).toMatchObject({ code: 'STATION_FLOOD', fault: 'wire' })
      expect(board.closings).toBe(1)
    }
  })
})

const quietHost: ExchangeHost = {
  identified: () => Promise.resolve(),
  certificateFor: () => Promise.resolve({ dac: session.dac, pai: session.pai }),
  beforeCommit: () => Promise.resolve(),
  stored: () => Promise.resolve(),
  proven: () => Promise.resolve(),
  restarted: () => Promise.resolve(),
}

describe('a bad line', () => {
  it.each(rows(hostLines.slice(1)))(
    'loses what the board says behind %s once, and nothing changes',
    async (_, line) => {
      // The board repeats its own frames; a repeated frame of the host brings everything again.
      const isLost = !line.startsWith('@ACK')
      const { error, calls } = await run({
        reply: except(line, (_, turn) => (turn === 1 && isLost ? [] : vectorReply(line))),
      })
      expect(error).toBeUndefined()
      expect(calls).toEqual(complete)
    },
  )

  it.each(['crc', 'syntax'] as const)(
    'makes the host repeat a frame after NAK %s',
    async (reason) => {
      const { board, error } = await run({
        reply: except(lastOfDac, (line, turn) =>
          turn <= 3 ? [encodeNak(undefined, reason)] : vectorReply(line),
        ),
      })
      expect(error).toBeUndefined()
      expect(board.lines.filter((line) => line === lastOfDac)).toHaveLength(4)
    },
  )

  it('ends the session when a frame was refused four times', async () => {
    const { board, error } = await run({
      reply: except(lastOfDac, () => [encodeNak(undefined, 'crc')]),
    })
    expect(error).toMatchObject({ code: 'STATION_PROTOCOL', fault: 'wire' })
    expect(board.lines.filter((line) => line === lastOfDac)).toHaveLength(4)
  })

  it('doubles every line of the board, and nothing changes', async () => {
    const { error, calls } = await run({
      reply: (line) => vectorReply(line).flatMap((piece) => [piece, piece]),
    })
    expect(error).toBeUndefined()
    expect(calls).toEqual(complete)
  })

  it('doubles every line of the board in one delivery, and nothing changes', async () => {
    const { error, calls } = await run({
      reply: (line) => joined(vectorReply(line).flatMap((piece) => [piece, piece])),
    })
    expect(error).toBeUndefined()
    expect(calls).toEqual(complete)
  })

  it('damages a fragment: the host says NAK crc, and takes the repetition', async () => {
    const line = vectorLine('@CSR 1 1/2')
    const damaged = line.replace('@CSR 1 1/2 M', '@CSR 1 1/2 N')
    const { board, error, calls } = await run({
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
      const { error, calls } = await run({
        reply: except('Init\n', (_, turn) => (turn === 1 ? [stale] : [`\n${start}`])),
      })
      expect(error).toBeUndefined()
      expect(calls).toEqual(complete)
    }
  })

  it('is known in pieces, without line end, with octets behind it', async () => {
    const pieces = ['fin', 'ish:', '0', '00\u0000\u0012\u0034']
    const { error, calls } = await run({ reply: except(done, () => [ackOf(done), ...pieces]) })
    expect(error).toBeUndefined()
    expect(calls).toEqual(complete)
  })

  it('is heard when it comes together with the last acknowledgement', async () => {
    const { error, elapsedMs } = await run({
      reply: except(done, (line) => joined(vectorReply(line))),
    })
    expect(error).toBeUndefined()
    expect(elapsedMs).toBe(0)
  })

  it('is no success before DONE, wherever it comes', async () => {
    const early = hostLines.filter((line) => line.startsWith('@') && line !== done)
    for (const line of early) {
      const { board, error, calls } = await run({
        reply: except(line, () => [...vectorReply(line), 'finish:000\n']),
      })
      expect(board.lines, line).not.toContain(done)
      expect(error, line).toMatchObject({ code: 'STATION_PROTOCOL', fault: 'wire' })
      expect(calls, line).not.toContain('restarted')
    }
  })

  it('decides by the first of two different codes', async () => {
    const { error } = await run({
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
        const { board, error } = await run({
          reply: except(line, () => [ackOf(line), `${finishText(result)}\n`]),
        })
        expect(error, place).toMatchObject({ code, fault, details: { result } })
        expect(board.closings).toBe(1)
      }
    },
  )

  it('is heard while the host is busy with the certificate', async () => {
    const clock = new VirtualClock()
    const board: ScriptedBoard = new ScriptedBoard(clock, (line) =>
      line.startsWith('@DAC') ? [] : vectorReply(line),
    )
    const certificateFor: ExchangeHost['certificateFor'] = async (csr) => {
      await clock.sleep(31_000)
      board.say('finish:017\n')
      await clock.sleep(1)
      return quietHost.certificateFor(csr)
    }
    await expect(
      runProvisioningDialogue({
        port: board,
        clock,
        random: sessionRandom,
        signal: new AbortController().signal,
        mode: 'production',
        host: { ...quietHost, certificateFor },
      }),
    ).rejects.toMatchObject({ code: 'STATION_BOARD_REFUSED', details: { result: 'hostTimeout' } })
    expect(board.lines.some((line) => line.startsWith('@DAC'))).toBe(false)
  })

  it.each(['021', '099', '255', '999'])('%s, of no table, blames the line', async (digits) => {
    const { error } = await run({
      reply: except(done, () => [ackOf(done), `finish:${digits}\n`]),
    })
    expect(error).toMatchObject({ code: 'STATION_PROTOCOL', fault: 'wire' })
  })
})

describe('a board that leaves the order', () => {
  it('sends another message than the one whose turn it is', async () => {
    const asOther = (type: 'CSR' | 'STORED' | 'PROOF', seq: number): string =>
      encodeFrames(type, seq, new Uint8Array(8))[0] ?? ''
    const places = [
      [hello, [ackOf(hello), asOther('STORED', 0)]],
      [vectorLine('@ACK 0 1/1'), [asOther('PROOF', 1)]],
      [commit, [ackOf(commit), asOther('PROOF', 2)]],
      [challenge, [ackOf(challenge), asOther('STORED', 3)]],
      [done, [ackOf(done), asOther('PROOF', 4)]],
    ] as const
    for (const [line, said] of places) {
      const { error } = await run({ reply: except(line, () => said) })
      expect(error, line).toMatchObject({ code: 'STATION_PROTOCOL', fault: 'wire' })
    }
  })

  it('sends two requests: the session ends before COMMIT', async () => {
    const behindCsr = vectorLine('@ACK 1 2/2')
    const { board, calls, error } = await run({
      reply: except(behindCsr, () => encodeFrames('CSR', 2, session.csr)),
    })
    expect(error).toMatchObject({ code: 'STATION_PROTOCOL' })
    expect(calls).not.toContain('beforeCommit')
    expect(board.lines).not.toContain(commit)
  })

  it('aborts: its reason is told, made safe', async () => {
    const abort = (seq: number): string =>
      encodeFrames('ABORT', seq, Buffer.from('no\u001b entropy'))[0] ?? ''
    for (const [line, seq] of [
      [hello, 0],
      [commit, 2],
      [challenge, 3],
    ] as const) {
      const { error } = await run({ reply: except(line, () => [ackOf(line), abort(seq)]) })
      expect(error, line).toMatchObject({
        code: 'STATION_PROTOCOL',
        message: expect.stringContaining('no? entropy'),
      })
    }
  })

  it('aborts while it is sent the certificate: the host does not go on', async () => {
    const second = vectorLine('@DAC 1 2/3')
    const abort = encodeFrames('ABORT', 2, Buffer.from('no room'))[0] ?? ''
    const { board, error, elapsedMs } = await run({ reply: except(second, () => [abort]) })
    expect(error).toMatchObject({ message: expect.stringContaining('no room') })
    expect(board.lines).not.toContain(lastOfDac)
    expect(elapsedMs).toBe(0)
  })

  it('does not speak PXP', async () => {
    const { error } = await run({ reply: () => ['Start_provisioning\r\n'] })
    expect(error).toMatchObject({ code: 'STATION_PROTOCOL', remedy: expect.stringContaining('X1') })
  })

  it('tells nonsense in a whole message: it is to blame', async () => {
    const nonsense = encodeFrames('IDENT', 0, Buffer.from('{"v":2}'))[0] ?? ''
    const { error } = await run({ reply: except(hello, () => [ackOf(hello), nonsense]) })
    expect(error).toMatchObject({ code: 'PXP_PAYLOAD', fault: 'board' })
  })
})

describe('a board that restarts', () => {
  const beforeCommit = [
    vectorLine('@ACK 0 1/1'),
    vectorLine('@ACK 1 1/2'),
    vectorLine('@ACK 1 2/2'),
    vectorLine('@DAC 1 1/3'),
    lastOfDac,
    vectorLine('@PAI 2 1/2'),
    vectorLine('@PAI 2 2/2'),
  ]

  it.each(rows(beforeCommit))('at %s gets one new session', async (_, line) => {
    const { error, calls } = await run({
      reply: except(line, (_, turn) => (turn === 1 ? [start] : vectorReply(line))),
    })
    expect(error).toBeUndefined()
    expect(calls.filter((call) => call === 'restarted')).toHaveLength(1)
    expect(calls.slice(calls.indexOf('restarted') + 1)).toEqual(complete)
  })

  it.each(rows(beforeCommit))('at %s and says so twice gets one new session', async (_, line) => {
    const { error, calls } = await run({
      reply: except(line, (_, turn) => (turn === 1 ? [start + start] : vectorReply(line))),
    })
    expect(error).toBeUndefined()
    expect(calls.filter((call) => call === 'restarted')).toHaveLength(1)
  })

  it('while the host is busy with the certificate gets one new session', async () => {
    let board: ScriptedBoard | undefined
    const clock = new VirtualClock()
    board = new ScriptedBoard(clock, (line) => vectorReply(line))
    const calls: string[] = []
    await runProvisioningDialogue({
      port: board,
      clock,
      random: sessionRandom,
      signal: new AbortController().signal,
      mode: 'production',
      host: {
        ...quietHost,
        certificateFor: async (csr) => {
          if (!calls.includes('restarted')) board.say(start)
          await clock.sleep(1)
          return quietHost.certificateFor(csr)
        },
        restarted: () => {
          calls.push('restarted')
          return Promise.resolve()
        },
      },
    })
    expect(calls).toEqual(['restarted'])
    expect(board.lines.filter((line) => line === hello)).toHaveLength(2)
  })

  it('a second time gets none', async () => {
    const { board, error, calls } = await run({ reply: except(lastOfDac, () => [start]) })
    expect(error).toMatchObject({ code: 'STATION_RESTARTED', fault: 'wire' })
    expect(calls.filter((call) => call === 'restarted')).toHaveLength(1)
    expect(board.closings).toBe(1)
  })

  it.each(rows([commit, vectorLine('@ACK 2 1/1'), challenge, vectorLine('@ACK 3 1/1'), done]))(
    'behind COMMIT, at %s, gets none: the board must be asked',
    async (_, line) => {
      const { board, error, calls } = await run({ reply: except(line, () => [start]) })
      expect(error).toMatchObject({ code: 'STATION_RESTARTED', fault: 'wire' })
      expect(calls).not.toContain('restarted')
      expect(board.lines.filter((heard) => heard === hello)).toHaveLength(1)
    },
  )

  it('is not one that answers a doubled Init', async () => {
    const { error, calls } = await run({
      reply: (line) => {
        if (line === 'Init\n') return [start + start]
        return line === hello ? [start, ...vectorReply(line)] : vectorReply(line)
      },
    })
    expect(error).toBeUndefined()
    expect(calls).toEqual(complete)
  })
})

describe('the end of a dialogue', () => {
  it.each(rows(hostLines.slice(0, -1)))(
    'closes the port when it is interrupted at %s',
    async (_, line) => {
      const interrupt = new AbortController()
      const { board, error, elapsedMs } = await run({
        signal: interrupt.signal,
        onLine: (heard) => {
          if (heard === line) interrupt.abort()
        },
      })
      expect(error).toMatchObject({ code: 'INTERRUPTED', fault: 'operator' })
      expect(board.closings).toBe(1)
      expect(board.lines.join('')).toMatch(/^@ABORT \d+ 1\/1 /m)
      expect(elapsedMs).toBe(0)
    },
  )

  it.each(rows(hostLines))('closes the port when the cable is pulled at %s', async (_, line) => {
    let cut: ScriptedBoard | undefined
    const clock = new VirtualClock()
    const board = new ScriptedBoard(clock, (heard) => {
      if (heard === line) cut?.vanish(new Error('read EIO'))
      return heard === line ? [] : vectorReply(heard)
    })
    cut = board
    await expect(
      runProvisioningDialogue({
        port: board,
        clock,
        random: sessionRandom,
        signal: new AbortController().signal,
        mode: 'production',
        host: quietHost,
      }),
    ).rejects.toMatchObject({ code: 'STATION_PORT', fault: 'wire' })
    expect(board.closings).toBe(1)
    expect(clock.monotonicMs()).toBe(0)
  })

  it('is that of the host when the host refuses, and the board is told', async () => {
    const refusal = new Error('not this board')
    const calls = ['identified', 'certificateFor', 'beforeCommit', 'stored', 'proven'] as const
    for (const call of calls) {
      const { board, error } = await run({ host: { [call]: () => Promise.reject(refusal) } })
      expect(error, call).toBe(refusal)
      expect(board.lines.join(''), call).toMatch(/^@ABORT \d+ 1\/1 /m)
      expect(board.lines, call).not.toContain(done)
      expect(board.closings, call).toBe(1)
    }
  })
})
