import { readFileSync } from 'node:fs'
import { fromHex, parseJson, VirtualClock, type JsonValue } from '@keyline/bytes'
import { describe, expect, it } from 'vitest'
import { ScriptedBoard, sessionRandom } from '../testing/scripted-board.ts'
import { runProvisioningDialogue, type ExchangeHost } from './provisioning-dialogue.ts'

const vectors = new URL('../../../../test/vectors/matter/serial/transcripts.json', import.meta.url)

interface TimedPiece {
  readonly atMs: number
  readonly octets: Uint8Array
}

interface Transcript {
  readonly id: string
  readonly profile: string
  readonly pieces: readonly TimedPiece[]
  readonly ok: boolean
  readonly endedAtMs: number
  readonly initSentAtMs: readonly number[]
}

/** What the board sends, and nothing else: no pulled cables, no Ctrl+C. */
const transcripts = readTranscripts().filter(({ profile }) => profile === 'L1')

describe('the dialogue with firmware that only reports', () => {
  it('has transcripts to follow', () => {
    expect(transcripts.length).toBeGreaterThan(8)
  })

  it.each(transcripts.map((one) => [one.id, one] as const))(
    'follows the transcript %s to the millisecond',
    async (_, transcript) => {
      const { error, endedAtMs, initAtMs } = await listen(transcript.pieces)
      expect({ ok: error === undefined, endedAtMs, initAtMs }).toEqual({
        ok: transcript.ok,
        endedAtMs: transcript.endedAtMs,
        initAtMs: transcript.initSentAtMs,
      })
    },
  )

  it('takes a board for L0 at its third report, where its platform has such', async () => {
    const reports = every3s('finish:000\0 1234', 5)
    expect(await listen(reports, true)).toMatchObject({ profile: 'L0', endedAtMs: 9000 })
    const elsewhere = await listen(reports, false)
    expect(elsewhere.error).toMatchObject({ code: 'STATION_SYNC_TIMEOUT' })
  })

  it.each([
    [4, 'STATION_BOARD_REPORTED'],
    [1, 'STATION_BOARD_REPORTED'],
    [42, 'STATION_PROTOCOL'],
  ] as const)('fails with the report %i of L0', async (code, expected) => {
    const text = `finish:${String(code).padStart(3, '0')}\0 1234`
    expect((await listen(every3s(text, 3), true)).error).toMatchObject({ code: expected })
  })

  it('asks the host before it waits for a result, and ends where the host refuses', async () => {
    const refusal = new Error('not under this policy')
    const pieces = [{ atMs: 10, octets: Buffer.from('Start_provisioning\n') }]
    const { error, endedAtMs } = await listen(pieces, true, () => Promise.reject(refusal))
    expect(error).toBe(refusal)
    expect(endedAtMs).toBe(10)
  })
})

function every3s(text: string, times: number): readonly TimedPiece[] {
  return Array.from({ length: times }, (_, index) => ({
    atMs: 3000 * (index + 1),
    octets: Buffer.from(text, 'latin1'),
  }))
}

const never = (): Promise<never> => Promise.reject(new Error('nothing is exchanged'))

async function listen(
  pieces: readonly TimedPiece[],
  allowsL0 = false,
  reportsOnly: ExchangeHost['reportsOnly'] = () => Promise.resolve(),
) {
  const clock = new VirtualClock()
  const board = new ScriptedBoard(clock, () => [])
  for (const { atMs, octets } of pieces) {
    void clock.sleep(atMs).then(() => board.say(octets))
  }
  const host: ExchangeHost = {
    reportsOnly,
    identified: never,
    certificateFor: never,
    beforeCommit: never,
    stored: never,
    proven: never,
    restarted: never,
  }
  const { signal } = new AbortController()
  const options = { port: board, clock, random: sessionRandom, signal, host, allowsL0 }
  const outcome = await runProvisioningDialogue({ ...options, mode: 'test' }).then(
    (profile) => ({ profile, error: undefined }),
    (error: unknown) => ({ profile: undefined, error }),
  )
  const initAtMs = board.heard.filter(({ line }) => line === 'Init\n').map(({ at }) => at)
  return { ...outcome, endedAtMs: clock.monotonicMs(), initAtMs }
}

function readTranscripts(): readonly Transcript[] {
  const document = membersOf(parseJson(readFileSync(vectors, 'utf8'), 'transcripts'))
  return listOf(document['vectors']).flatMap((item) => {
    const members = membersOf(item)
    const events = listOf(members['events']).map(membersOf)
    if (events.some((event) => event['rxHex'] === undefined)) return []
    const expected = membersOf(members['expect'] ?? null)
    return [
      {
        id: textOf(members, 'id'),
        profile: textOf(members, 'profile'),
        pieces: events.map((event) => ({
          atMs: Number(event['atMs']),
          octets: fromHex(textOf(event, 'rxHex')),
        })),
        ok: expected['ok'] === true,
        endedAtMs: Number(expected['endedAtMs']),
        initSentAtMs: listOf(expected['initSentAtMs']).map(Number),
      },
    ]
  })
}

type Members = Readonly<Record<string, JsonValue | undefined>>

function membersOf(value: JsonValue): Members {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
  return isObject ? Object.fromEntries(Object.entries(value)) : {}
}

function textOf(members: Members, name: string): string {
  const value = members[name]
  if (typeof value !== 'string') throw new TypeError(`${name} is not a text`)
  return value
}

function listOf(value: JsonValue | undefined): readonly JsonValue[] {
  return Array.isArray(value) ? value : []
}
