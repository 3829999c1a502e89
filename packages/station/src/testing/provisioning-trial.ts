import { toHex, VirtualClock } from '@keyline/bytes'
import { encodeFrames, type MessageType } from '@keyline/matter/pxp'
import { runProvisioningDialogue, type ExchangeHost } from '../dialogue/provisioning-dialogue.ts'
import {
  ScriptedBoard,
  session,
  sessionRandom,
  vectorLine,
  vectorReply,
  type Reply,
} from './scripted-board.ts'

export const start = 'Start_provisioning PXP/1\n'
export const hello = vectorLine('@HELLO')
export const lastOfDac = vectorLine('@DAC 1 3/3')
export const commit = vectorLine('@COMMIT')
export const challenge = vectorLine('@CHAL')
export const done = vectorLine('@DONE')

/** A message of one frame. */
export function frame(type: MessageType, seq: number, payload: string | Uint8Array): string {
  return encodeFrames(type, seq, Buffer.from(payload)).join('')
}

/** The acknowledgement that the board gives to a line of the host. */
export function ackOf(line: string): string {
  return vectorReply(line)[0] ?? ''
}

/** Lines as rows of a table of tests, with their first words as names. */
export function rows(lines: readonly string[]): readonly (readonly [string, string])[] {
  return lines.map((line) => [line.split(' ').slice(0, 3).join(' ').trim(), line])
}

/** The board of the session, but for the answer to one line. */
export function except(line: string, reply: Reply): Reply {
  return (heard, turn) => (heard === line ? reply(heard, turn) : vectorReply(heard))
}

export interface Trial {
  readonly reply?: Reply
  readonly host?: Partial<ExchangeHost>
  readonly signal?: AbortSignal
  readonly clock?: VirtualClock
  /** The board, if it is made elsewhere. */
  readonly board?: ScriptedBoard
}

/** What the host is told in an undisturbed session. */
export const complete: readonly string[] = [
  'identified 003a00413438510b34313939',
  `certificate for ${toHex(session.csr)}`,
  'commit',
  'stored its',
  `proven ${toHex(session.challenge)} ${toHex(session.proof)}`,
]

/** Runs a dialogue to its end and tells all that could be seen of it. */
export async function runTrial(trial: Trial = {}) {
  const { clock = new VirtualClock() } = trial
  const { board = new ScriptedBoard(clock, trial.reply) } = trial
  const calls: string[] = []
  const log: string[] = []
  const tell = (call: string): Promise<void> => {
    calls.push(call)
    return Promise.resolve()
  }
  const host: ExchangeHost = {
    identified: ({ uid }) => tell(`identified ${toHex(uid)}`),
    certificateFor: async (csr) => {
      await tell(`certificate for ${toHex(csr)}`)
      return { dac: session.dac, pai: session.pai }
    },
    beforeCommit: () => tell('commit'),
    stored: (store) => tell(`stored ${store}`),
    proven: ({ challenge, signature }) => tell(`proven ${toHex(challenge)} ${toHex(signature)}`),
    restarted: () => tell('restarted'),
    reportsOnly: (profile) => tell(`reports only ${profile}`),
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
