import { VirtualClock } from '@keyline/bytes'
import { describe, expect, it } from 'vitest'
import {
  challenge,
  commit,
  complete,
  done,
  except,
  hello,
  lastOfDac,
  rows,
  runTrial,
  start,
} from '../testing/provisioning-trial.ts'
import { ScriptedBoard, session, vectorLine, vectorReply } from '../testing/scripted-board.ts'

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
    const { error, calls } = await runTrial({
      reply: except(line, (_, turn) => (turn === 1 ? [start] : vectorReply(line))),
    })
    expect(error).toBeUndefined()
    expect(calls.filter((call) => call === 'restarted')).toHaveLength(1)
    expect(calls.slice(calls.indexOf('restarted') + 1)).toEqual(complete)
  })

  it.each(rows(beforeCommit))('at %s and says so twice gets one new session', async (_, line) => {
    const { error, calls } = await runTrial({
      reply: except(line, (_, turn) => (turn === 1 ? [start + start] : vectorReply(line))),
    })
    expect(error).toBeUndefined()
    expect(calls.filter((call) => call === 'restarted')).toHaveLength(1)
  })

  it.each(rows([hello, ...beforeCommit]))(
    'without a word at %s answers Init again and gets one new session',
    async (_, line) => {
      let isAsleep = false
      let sleeps = 0
      const { board, error, calls, elapsedMs } = await runTrial({
        reply: (heard) => {
          if (heard === line && sleeps++ === 0) isAsleep = true
          if (heard === 'Init\n') isAsleep = false
          return isAsleep ? [] : vectorReply(heard)
        },
      })
      expect(error).toBeUndefined()
      expect(calls.slice(calls.indexOf('restarted'))).toEqual(['restarted', ...complete])
      expect(board.lines.filter((heard) => heard === 'Init\n')).toHaveLength(2)
      expect(elapsedMs).toBeLessThanOrEqual(25_000)
    },
  )

  it.each(rows([commit, challenge, done]))(
    'without a word behind COMMIT, at %s, is not asked to begin anew',
    async (_, line) => {
      let isAsleep = false
      const { board, error, calls } = await runTrial({
        reply: (heard) => {
          isAsleep ||= heard === line
          return isAsleep ? [] : vectorReply(heard)
        },
      })
      expect(error).toMatchObject({ code: 'STATION_RESULT_TIMEOUT', fault: 'wire' })
      expect(calls).not.toContain('restarted')
      expect(board.lines.filter((heard) => heard === 'Init\n')).toHaveLength(1)
    },
  )

  it('while the host is busy with the certificate gets one new session', async () => {
    const clock = new VirtualClock()
    const board = new ScriptedBoard(clock)
    const restarts: string[] = []
    const certificateFor = async () => {
      if (restarts.length === 0) board.say(start)
      await clock.sleep(1)
      return { dac: session.dac, pai: session.pai }
    }
    const restarted = () => {
      restarts.push('restarted')
      return Promise.resolve()
    }
    const { error } = await runTrial({ clock, board, host: { certificateFor, restarted } })
    expect(error).toBeUndefined()
    expect(restarts).toEqual(['restarted'])
    expect(board.lines.filter((line) => line === hello)).toHaveLength(2)
  })

  it('a second time gets none', async () => {
    const { board, error, calls } = await runTrial({ reply: except(lastOfDac, () => [start]) })
    expect(error).toMatchObject({ code: 'STATION_RESTARTED', fault: 'wire' })
    expect(calls.filter((call) => call === 'restarted')).toHaveLength(1)
    expect(board.closings).toBe(1)
  })

  it.each(rows([commit, vectorLine('@ACK 2 1/1'), challenge, vectorLine('@ACK 3 1/1'), done]))(
    'behind COMMIT, at %s, gets none: the board must be asked',
    async (_, line) => {
      const { board, error, calls } = await runTrial({ reply: except(line, () => [start]) })
      expect(error).toMatchObject({ code: 'STATION_RESTARTED', fault: 'wire' })
      expect(calls).not.toContain('restarted')
      expect(board.lines.filter((heard) => heard === hello)).toHaveLength(1)
    },
  )

  it('is not one that answers a doubled Init', async () => {
    const { error, calls } = await runTrial({
      reply: (line) => {
        if (line === 'Init\n') return [start + start]
        return line === hello ? [start, ...vectorReply(line)] : vectorReply(line)
      },
    })
    expect(error).toBeUndefined()
    expect(calls).toEqual(complete)
  })
})
