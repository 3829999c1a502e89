import {
  boardResultOf,
  boardResults,
  hostResults,
  type HostResult,
  type ResultProducer,
} from './result-code.ts'

/** L0 firmware only reports; L1 firmware is woken by `Init` and answers `Start_provisioning` (station 6.2, 6.3). */
export type FirmwareProfile = 'L0' | 'L1'

/** Times of the host in milliseconds, from the open of the port or from the synchronisation. */
export const resultDialogueTimes = {
  initEveryMs: 1000,
  syncLimitMs: 30_000,
  resultLimitMs: 30_000,
} as const

export interface DialogueResult {
  /** Code of station 6.4. */
  readonly code: number
  readonly reason: string
  /** Who found it: the meaning of 4 depends on it. */
  readonly producer: ResultProducer
  readonly endedAtMs: number
}

/** What the host knows; a value, so that each step can be tested and journaled. */
export type ResultDialogue =
  | {
      readonly phase: 'synchronising'
      readonly nextInitMs: number
      readonly limitMs: number
      readonly text: string
    }
  | { readonly phase: 'waiting'; readonly limitMs: number; readonly text: string }
  | { readonly phase: 'ended'; readonly result: DialogueResult }

/** Milliseconds count from the open of the port. */
export type DialogueEvent =
  | { readonly kind: 'time'; readonly atMs: number }
  | { readonly kind: 'received'; readonly atMs: number; readonly octets: Uint8Array }
  | { readonly kind: 'interrupted'; readonly atMs: number }
  | { readonly kind: 'port-error'; readonly atMs: number }
  | { readonly kind: 'open-error'; readonly atMs: number }

export interface DialogueStep {
  readonly dialogue: ResultDialogue
  /** When `Init\n` is to be sent, in their order. */
  readonly initAtMs: readonly number[]
}

const startWord = 'Start_provisioning'
const finishWord = /finish:(\d{3})/

/** The dialogue at the open of the port; the first step (at 0 ms) sends the first `Init`. */
export function openResultDialogue(profile: FirmwareProfile): ResultDialogue {
  const { syncLimitMs, resultLimitMs } = resultDialogueTimes
  return profile === 'L0'
    ? { phase: 'waiting', limitMs: resultLimitMs, text: '' }
    : { phase: 'synchronising', nextInitMs: 0, limitMs: syncLimitMs, text: '' }
}

/** When the host must call again with `time`, if nothing comes before; `undefined` at the end. */
export function dialogueDueMs(dialogue: ResultDialogue): number | undefined {
  if (dialogue.phase === 'ended') return undefined
  if (dialogue.phase === 'waiting') return dialogue.limitMs
  return Math.min(dialogue.nextInitMs, dialogue.limitMs)
}

/**
 * One step of the host. What is due by the time of the event happens first: what arrives exactly at a limit
 * is too late, and no `Init` is sent at it.
 */
export function stepResultDialogue(dialogue: ResultDialogue, event: DialogueEvent): DialogueStep {
  if (event.kind === 'open-error') {
    return { dialogue: hostEnd('openFailed', event.atMs), initAtMs: [] }
  }
  const initAtMs: number[] = []
  const current = passTime(dialogue, event.atMs, initAtMs)
  if (current.phase === 'ended') return { dialogue: current, initAtMs }
  switch (event.kind) {
    case 'time':
      return { dialogue: current, initAtMs }
    case 'received': {
      const text = Buffer.from(event.octets).toString('latin1')
      return { dialogue: receive(current, text, event.atMs), initAtMs }
    }
    case 'interrupted':
      return { dialogue: hostEnd('interrupted', event.atMs), initAtMs }
    case 'port-error':
      return { dialogue: hostEnd('portError', event.atMs), initAtMs }
    default:
      return event satisfies never
  }
}

function passTime(dialogue: ResultDialogue, atMs: number, initAtMs: number[]): ResultDialogue {
  if (dialogue.phase === 'ended') return dialogue
  if (dialogue.phase === 'waiting') {
    return atMs < dialogue.limitMs ? dialogue : hostEnd('resultTimeout', dialogue.limitMs)
  }
  let { nextInitMs } = dialogue
  for (; nextInitMs <= atMs && nextInitMs < dialogue.limitMs;) {
    initAtMs.push(nextInitMs)
    nextInitMs += resultDialogueTimes.initEveryMs
  }
  if (atMs >= dialogue.limitMs) return hostEnd('syncTimeout', dialogue.limitMs)
  return { ...dialogue, nextInitMs }
}

function receive(
  dialogue: Exclude<ResultDialogue, { readonly phase: 'ended' }>,
  received: string,
  atMs: number,
): ResultDialogue {
  const text = dialogue.text + received
  if (dialogue.phase === 'synchronising') {
    const at = text.indexOf(startWord)
    if (at < 0) return { ...dialogue, text: text.slice(1 - startWord.length) }
    const limitMs = atMs + resultDialogueTimes.resultLimitMs
    const waiting = { phase: 'waiting', limitMs, text: '' } as const
    return receive(waiting, text.slice(at + startWord.length), atMs)
  }
  const digits = finishWord.exec(text)?.[1]
  if (digits === undefined) return { ...dialogue, text: text.slice(-'finish:00'.length) }
  const result = boardResultOf(Number(digits))
  if (result === undefined) return hostEnd('unknownCode', atMs)
  const { code, reason } = boardResults[result]
  return { phase: 'ended', result: { code, reason, producer: 'board', endedAtMs: atMs } }
}

function hostEnd(result: HostResult, endedAtMs: number): ResultDialogue {
  const { code, reason } = hostResults[result]
  return { phase: 'ended', result: { code, reason, producer: 'host', endedAtMs } }
}
