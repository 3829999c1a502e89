import { readFileSync } from 'node:fs'
import {
  concat,
  encodeUtf8,
  fromHex,
  parseJson,
  seededRandom,
  type Clock,
  type JsonValue,
  type Random,
} from '@keyline/bytes'
import { LineSplitter } from '@keyline/matter/pxp'
import type { SerialPort } from '../port/serial-port.ts'

const serialVectors = new URL('../../../../test/vectors/matter/serial/', import.meta.url)

interface SessionLine {
  readonly from: string
  readonly line: string
}

/** The complete session of the specification: what each side says, line by line. */
export const session = readSession('pxp-session.json')

function readSession(file: string) {
  const members = membersOf(parseJson(readFileSync(new URL(file, serialVectors), 'utf8'), file))
  const octets = (name: string) => fromHex(textOf(members, name))
  const lines = members['vectors']
  if (!Array.isArray(lines)) throw new TypeError(`${file} has no vectors`)
  return {
    csr: octets('csr'),
    dac: octets('dac'),
    pai: octets('pai'),
    challenge: octets('challenge'),
    proof: octets('proof'),
    lines: lines.map((item: JsonValue): SessionLine => {
      const members = membersOf(item)
      return { from: textOf(members, 'from'), line: textOf(members, 'line') }
    }),
  } as const
}

type Members = Readonly<Record<string, JsonValue | undefined>>

function membersOf(value: JsonValue): Members {
  if (value === null || typeof value !== 'object') throw new TypeError('not a JSON object')
  return Object.fromEntries(Object.entries(value))
}

function textOf(members: Members, name: string): string {
  const value = members[name]
  if (typeof value !== 'string') throw new TypeError(`${name} is not a text`)
  return value
}

export const hostLines: readonly string[] = session.lines
  .filter(({ from }) => from === 'host')
  .map(({ line }) => line)

/** What the board says behind each line of the host. A repeated line gets the same answer again. */
const replies: ReadonlyMap<string, readonly string[]> = repliesOf(session.lines)

function repliesOf(lines: readonly SessionLine[]): ReadonlyMap<string, readonly string[]> {
  const byHostLine = new Map<string, string[]>()
  let current: string[] = []
  for (const { from, line } of lines) {
    if (from === 'board') current.push(line)
    else byHostLine.set(line, (current = []))
  }
  return byHostLine
}

/** The lines that the board of the session says behind a line of the host. */
export function vectorReply(line: string): readonly string[] {
  return replies.get(line) ?? []
}

/** The line of the session that begins so, such as `@CSR 1 1/2`. */
export function vectorLine(start: string): string {
  const found = session.lines.find(({ line }) => line.startsWith(start))
  if (found === undefined) throw new TypeError(`no line of the session begins with ${start}`)
  return found.line
}

/** Draws the challenge of the session. */
export const sessionRandom: Random = {
  bytes: (length) =>
    length === session.challenge.length ? session.challenge : seededRandom('other').bytes(length),
}

/** What a board says to a line of the host, as pieces of the octet stream. `turn` counts equal lines from 1. */
export type Reply = (line: string, turn: number) => readonly (string | Uint8Array)[]

/** A serial line with a board behind it that follows a script. */
export class ScriptedBoard implements SerialPort {
  /** Lines of the host with their times, milliseconds of the clock. */
  readonly heard: { readonly line: string; readonly at: number }[] = []
  closings = 0
  readonly #clock: Clock
  readonly #reply: Reply
  readonly #splitter = new LineSplitter()
  readonly #turns = new Map<string, number>()
  readonly #waiting: Uint8Array[] = []
  #isEnded = false
  #failure: Error | undefined
  #wake: () => void = () => undefined

  constructor(clock: Clock, reply: Reply = vectorReply) {
    this.#clock = clock
    this.#reply = reply
  }

  get lines(): readonly string[] {
    return this.heard.map(({ line }) => line)
  }

  readonly received: AsyncIterable<Uint8Array> = { [Symbol.asyncIterator]: () => this.#read() }

  write(octets: Uint8Array): Promise<void> {
    for (const text of this.#splitter.push(octets)) {
      const line = `${text}\n`
      this.heard.push({ line, at: this.#clock.monotonicMs() })
      const turn = (this.#turns.get(line) ?? 0) + 1
      this.#turns.set(line, turn)
      for (const piece of this.#reply(line, turn)) this.say(piece)
    }
    return Promise.resolve()
  }

  close(): Promise<void> {
    this.closings++
    this.#end()
    return Promise.resolve()
  }

  /** Sends a piece as it is, now. */
  say(piece: string | Uint8Array): void {
    this.#waiting.push(typeof piece === 'string' ? Buffer.from(piece, 'latin1') : piece)
    this.#wake()
  }

  /** The cable is pulled: the stream ends, with an error if one is given. */
  vanish(failure?: Error): void {
    this.#failure = failure
    this.#end()
  }

  #end(): void {
    this.#isEnded = true
    this.#wake()
  }

  async *#read(): AsyncGenerator<Uint8Array> {
    for (;;) {
      const piece = this.#waiting.shift()
      if (piece !== undefined) {
        yield piece
        continue
      }
      if (this.#failure !== undefined) throw this.#failure
      if (this.#isEnded) return
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }
}

/** All pieces as one: how a driver delivers what it has buffered. */
export function joined(pieces: readonly (string | Uint8Array)[]): readonly Uint8Array[] {
  return [concat(...pieces.map((piece) => (typeof piece === 'string' ? encodeUtf8(piece) : piece)))]
}
