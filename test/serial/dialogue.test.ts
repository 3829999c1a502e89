import { VirtualClock } from '@keyline/bytes'
import { encodeAck, encodeFrames, LineSplitter, parseFrame } from '@keyline/matter/pxp'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  ackOf,
  complete,
  done,
  except,
  runTrial,
  start,
} from '../../packages/station/src/testing/provisioning-trial.ts'
import {
  ScriptedBoard,
  session,
  vectorReply,
} from '../../packages/station/src/testing/scripted-board.ts'
import { scaled } from '../support/scale.ts'

const success = { calls: complete, error: undefined }

describe('SER-3: noise before and between the lines', () => {
  it.each([
    ['NUL and 0xFF', '\0\0\xff\xff\n'],
    ['escape codes', '\x1b[2J\x1b[31mred\x1b]0;title\x07\n'],
    ['invalid UTF-8', '\xc3\x28\xa0\xa1\xfe\xff\n'],
    ['the log of a boot', '[INF] Starting bootloader\r\n[INF] Image index: 0, Swap type: none\r\n'],
    ['half a word', 'Start_provi\nfinish:0\n@\n@@\n'],
  ])('(%s) changes nothing, and is logged without commands to a terminal', async (_, noise) => {
    const { calls, error, log } = await runTrial({
      reply: (line) => [noise, ...vectorReply(line).flatMap((text) => [text, noise])],
    })
    expect({ calls, error }).toEqual(success)
    expect(log.join('')).toMatch(/^[\x20-\x7e…]*$/)
  })

  it('of any octets changes nothing', async () => {
    const noise = fc.uint8Array({ maxLength: 200 })
    await fc.assert(
      fc.asyncProperty(noise, async (octets) => {
        const text = Buffer.from(octets).toString('latin1').replaceAll(/[@f]/g, '.')
        const { calls, error } = await runTrial({
          reply: (line) => [`${text}\n`, ...vectorReply(line)],
        })
        expect({ calls, error }).toEqual(success)
      }),
      { numRuns: scaled(20, 500) },
    )
  })
})

describe('SER-4: lines in any pieces, with any line ends', () => {
  it('bring the same events', async () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 20 })
    await fc.assert(
      fc.asyncProperty(sizes, fc.constantFrom('\n', '\r\n'), async (lengths, lineEnd) => {
        let turn = 0
        const { calls, error } = await runTrial({
          reply: (line) => {
            let text = vectorReply(line).join('').replaceAll('\n', lineEnd)
            const pieces: string[] = []
            while (text !== '') {
              const length = lengths[turn++ % lengths.length] ?? 1
              pieces.push(text.slice(0, length))
              text = text.slice(length)
            }
            return pieces
          },
        })
        expect({ calls, error }).toEqual(success)
      }),
      { numRuns: scaled(20, 500) },
    )
  })
})

/** What a board says of its own accord, in the order of an undisturbed session. */
const words = ['IDENT', 'CSR', 'STORED', 'PROOF', 'finish'] as const
type Word = (typeof words)[number] | 'start'

const ident =
  '{"v":1,"uid":"003a00413438510b34313939","device":"STM32WBA6","stores":["its"],"state":"empty"}'
const payloads = {
  IDENT: Buffer.from(ident),
  CSR: session.csr,
  STORED: Buffer.from('{"store":"its"}'),
  PROOF: session.proof,
} as const

/**
 * A board that takes every message of the host, and says the next words of its script whenever an undisturbed board
 * would say its next word; with the last of these turns it says all that is left.
 */
class UnrulyBoard extends ScriptedBoard {
  readonly #script: Word[]
  readonly #splitter = new LineSplitter()
  #seq = 0
  #turns = 0

  constructor(clock: VirtualClock, script: readonly Word[]) {
    super(clock, () => [])
    this.#script = [...script]
  }

  override write(octets: Uint8Array): Promise<void> {
    for (const line of this.#splitter.push(octets)) {
      if (line === 'Init') this.say(start)
      else this.#take(line)
    }
    return Promise.resolve()
  }

  #take(line: string): void {
    const parsed = parseFrame(line)
    if (!parsed.ok) return
    const { type, seq, index, count } = parsed.frame
    const isAnswer = type === 'ACK' || type === 'NAK'
    if (!isAnswer) this.say(encodeAck({ type, seq, index, count }))
    const isIdentTaken = type === 'ACK' && seq === 0 && this.#seq === 1
    const isTurn = ['HELLO', 'COMMIT', 'CHAL', 'DONE'].includes(type) || isIdentTaken
    if (isTurn && index === count) this.#speak()
  }

  #speak(): void {
    this.#turns++
    const now = this.#script.splice(0, this.#turns < words.length ? 1 : Infinity)
    for (const word of now) {
      if (word === 'start') this.say(start)
      else if (word === 'finish') this.say('finish:000\r\n')
      else for (const frame of encodeFrames(word, this.#seq++, payloads[word])) this.say(frame)
    }
  }
}

describe('SER-6: words in another order, twice, or not at all', () => {
  const scripts = arrangements([...words, 'start'], 6)

  it('has every arrangement of up to six words', () => {
    expect(scripts).toHaveLength(6 + 30 + 120 + 360 + 720 + 720)
  })

  it('never pass; the one right order does', async () => {
    const every = scaled(48, 1)
    const right = words.join(' ')
    const chosen = scripts.filter((script, at) => at % every === 0 || isRight(script))
    let passed = 0
    for (const script of chosen) {
      const clock = new VirtualClock()
      const { error, calls } = await runTrial({ clock, board: new UnrulyBoard(clock, script) })
      const text = script.join(' ')
      if (error === undefined) passed++
      expect({ text, passes: error === undefined }).toEqual({ text, passes: isRight(script) })
      if (error !== undefined) expect(calls.length).toBeLessThanOrEqual(complete.length * 2)
    }
    expect(passed).toBe(scripts.filter((script) => script.join(' ').startsWith(right)).length)
  })

  it.each([
    ['two requests', ['IDENT', 'CSR', 'CSR', 'STORED', 'PROOF', 'finish']],
    ['success before the request', ['IDENT', 'finish', 'CSR', 'STORED', 'PROOF', 'finish']],
    ['two proofs', ['IDENT', 'CSR', 'STORED', 'PROOF', 'PROOF', 'finish']],
  ] as const)('%s are no success', async (_, script) => {
    const clock = new VirtualClock()
    const { error } = await runTrial({ clock, board: new UnrulyBoard(clock, script) })
    expect(error).toMatchObject({ fault: 'wire' })
  })
})

/** What follows the result of a session means nothing. */
function isRight(script: readonly Word[]): boolean {
  return script.join(' ').startsWith(words.join(' '))
}

/** Every way to say some of the words, each once, up to a length. */
function arrangements(of: readonly Word[], length: number): readonly (readonly Word[])[] {
  if (length === 0) return []
  return of.flatMap((word) => {
    const rest = of.filter((other) => other !== word)
    return [[word], ...arrangements(rest, length - 1).map((tail) => [word, ...tail])]
  })
}

describe('SER-9: a result that is not 000', () => {
  it.each([
    'finish:65535',
    'finish:00',
    'finish:0x0',
    'finish: 000',
    'finish:-00',
    'FINISH:000',
    'finish:',
  ])('%s is no success', async (text) => {
    const { error } = await runTrial({
      reply: except(done, () => [ackOf(done), `${text}\r\n`]),
    })
    expect(error).toMatchObject({ fault: 'wire' })
  })

  it('decides before another one that is', async () => {
    const { error } = await runTrial({
      reply: except(done, () => [ackOf(done), 'finish:013finish:000\r\n']),
    })
    expect(error).toMatchObject({ code: 'STATION_BOARD_REPORTED' })
  })
})
