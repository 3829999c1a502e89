import { concat, toHex } from '@keyline/bytes'
import {
  encodeAck,
  dialogueDueMs,
  encodeFrames,
  isMessageType,
  LineSplitter,
  MessageAssembler,
  openResultDialogue,
  parseFrame,
  resultCodeText,
  stepResultDialogue,
  type DialogueEvent,
  type Message,
} from '@keyline/matter/pxp'
import type { CaseResult, VectorCheck, VectorFile } from './case.ts'
import { casesOf, compared, VectorReader } from './vector-reader.ts'

/** Frames and sessions of PXP/1, and the dialogue with firmware that only reports a result. */
export const check: VectorCheck = async (file) => {
  if (file.path.endsWith('frames.json')) return casesOf(file).map(frameCase)
  if (file.path.endsWith('pxp-session.json')) return sessionCases(file)
  if (file.path.endsWith('transcripts.json')) return casesOf(file).map(transcriptCase)
  throw new TypeError(`${file.path} is no file of serial vectors that is known here`)
}

function frameCase(vector: VectorReader): CaseResult {
  if (!vector.flag('valid')) {
    const parsed = parseFrame(vector.text('line'))
    return compared(vector.id, vector.text('error'), parsed.ok ? 'a frame' : parsed.fault)
  }
  const lines = vector.texts('lines')
  const type = vector.text('type')
  const seq = vector.number('seq')
  const payload = vector.octets('payload')
  if (!isMessageType(type)) return compared(vector.id, type, 'an unknown type')
  const encoded = encodeFrames(type, seq, payload).join('')
  if (encoded !== lines.join('')) return compared(vector.id, lines.join(''), encoded)
  const decoded = lines.map((line) => {
    const parsed = parseFrame(line)
    return parsed.ok ? parsed.frame : undefined
  })
  const isComplete = decoded.every(
    (frame, index) =>
      frame?.type === type &&
      frame.seq === seq &&
      frame.index === index + 1 &&
      frame.count === lines.length,
  )
  if (!isComplete) return compared(vector.id, 'frames of the message', 'other frames')
  const back = concat(...decoded.map((frame) => frame?.payload ?? new Uint8Array(0)))
  return compared(vector.id, toHex(payload), toHex(back))
}

/**
 * Each line of a session is a case: a frame of the protocol must be the next fragment of its sender,
 * an ACK the answer to the line before it, and the payloads are those the file names.
 */
function sessionCases(file: VectorFile): readonly CaseResult[] {
  const whole = new VectorReader(file.path, file.json)
  const receivers = { host: new MessageAssembler(), board: new MessageAssembler() }
  const splitter = new LineSplitter()
  let answer = ''
  const results: CaseResult[] = []
  for (const [index, vector] of casesOf(file).entries()) {
    const id = `line ${index + 1}`
    const text = vector.text('line')
    const [line = ''] = splitter.push(Buffer.from(text, 'latin1'))
    const parsed = parseFrame(line)
    if (!parsed.ok) {
      results.push(compared(id, 'not-a-frame', parsed.fault))
    } else if (parsed.frame.type === 'ACK') {
      results.push(compared(id, text, answer))
    } else {
      const receiver = vector.text('from') === 'host' ? receivers.board : receivers.host
      const reception = receiver.accept(parsed.frame)
      answer = reception.answer
      const actual =
        reception.kind === 'message' ? messageProblem(whole, reception.message) : reception.kind
      const expected = parsed.frame.index === parsed.frame.count ? 'as in the file' : 'fragment'
      const isAnswered = answer === encodeAck(parsed.frame)
      results.push(compared(id, expected, isAnswered ? actual : 'not acknowledged'))
    }
  }
  return results
}

const payloadMembers: Readonly<Record<string, string>> = {
  CSR: 'csr',
  DAC: 'dac',
  PAI: 'pai',
  CHAL: 'challenge',
  PROOF: 'proof',
}

function messageProblem(whole: VectorReader, message: Message): string {
  const member = payloadMembers[message.type]
  const isAsNamed = member === undefined || whole.text(member) === toHex(message.payload)
  const again = encodeFrames(message.type, message.seq, message.payload)
  const lines = casesOfMessage(whole, message.type)
  const isSame = again.join('') === lines.join('')
  return isAsNamed && isSame ? 'as in the file' : `another ${message.type}`
}

function casesOfMessage(whole: VectorReader, type: string): readonly string[] {
  return whole
    .objects('vectors')
    .map((vector) => vector.text('line'))
    .filter((line) => line.startsWith(`@${type} `))
}

/** The events at their times, then the time that is due until the dialogue has ended. */
function transcriptCase(vector: VectorReader): CaseResult {
  const profile = vector.text('profile')
  if (profile !== 'L0' && profile !== 'L1') throw new TypeError(`${vector.id}: profile ${profile}`)
  const initAtMs: number[] = []
  let dialogue = openResultDialogue(profile)
  const take = (event: DialogueEvent): void => {
    const step = stepResultDialogue(dialogue, event)
    dialogue = step.dialogue
    initAtMs.push(...step.initAtMs)
  }
  for (const event of vector.objects('events')) take(eventOf(event))
  for (let dueMs = dialogueDueMs(dialogue); dueMs !== undefined; dueMs = dialogueDueMs(dialogue)) {
    take({ kind: 'time', atMs: dueMs })
  }
  if (dialogue.phase !== 'ended') throw new TypeError(`${vector.id} did not end`)
  const { code, reason, endedAtMs } = dialogue.result
  const expect = vector.object('expect')
  const wanted = [
    expect.text('code'),
    `ok ${expect.flag('ok')}`,
    `${expect.number('endedAtMs')} ms`,
  ]
  const actual = [resultCodeText(code), `ok ${code === 0}`, `${endedAtMs} ms`]
  if (expect.has('reason')) {
    wanted.push(expect.text('reason'))
    actual.push(reason)
  }
  if (expect.has('initSentAtMs')) {
    wanted.push(`Init ${expect.numbers('initSentAtMs').join()}`)
    actual.push(`Init ${initAtMs.join()}`)
  }
  return compared(vector.id, wanted.join(', '), actual.join(', '))
}

function eventOf(event: VectorReader): DialogueEvent {
  const atMs = event.number('atMs')
  if (event.has('rxHex')) return { kind: 'received', atMs, octets: event.octets('rxHex') }
  if (event.has('interrupt')) return { kind: 'interrupted', atMs }
  if (event.has('portError')) return { kind: 'port-error', atMs }
  if (event.has('openError')) return { kind: 'open-error', atMs }
  throw new TypeError('an event of an unknown kind')
}
