import { describe, expect, it } from 'vitest'
import {
  describeError,
  isBoardAtFault,
  isKeylineError,
  isRetryable,
  KeylineError,
  type ErrorOptionsOf,
  type ErrorTable,
  type Fault,
} from './error.ts'
import { BytesError, bytesErrorTable } from './errors.ts'

const table = {
  PROBE_LOST: {
    fault: 'infrastructure',
    meaning: 'The probe does not answer.',
    remedy: 'check the cable',
    retryable: true,
  },
  FLASH_WORN: { fault: 'board', meaning: 'A page does not hold.', remedy: 'scrap the board' },
} as const satisfies ErrorTable

class ProbeError extends KeylineError<keyof typeof table> {
  constructor(code: keyof typeof table, message: string, options?: ErrorOptionsOf) {
    super(table, code, message, options)
  }
}

describe('an error', () => {
  it('knows what its table says of its code', () => {
    const error = new ProbeError('PROBE_LOST', 'probe 3 is silent')
    expect(error).toBeInstanceOf(Error)
    expect(error).toMatchObject({
      name: 'ProbeError',
      code: 'PROBE_LOST',
      message: 'probe 3 is silent',
      fault: 'infrastructure',
      remedy: 'check the cable',
      retryable: true,
      details: {},
    })
    expect(new ProbeError('FLASH_WORN', 'page 7').retryable).toBe(false)
  })

  it('keeps its cause, its details and a remedy of its own', () => {
    const cause = new Error('EIO')
    const error = new ProbeError('PROBE_LOST', 'probe 3 is silent', {
      cause,
      details: { probe: 3 },
      remedy: 'plug probe 3 in again',
    })
    expect(error).toMatchObject({ cause, details: { probe: 3 }, remedy: 'plug probe 3 in again' })
  })

  it('has no cause when none was given', () => {
    expect('cause' in new ProbeError('PROBE_LOST', 'probe 3 is silent')).toBe(false)
  })

  it('is told from foreign errors, however similar', () => {
    const likeness = { code: 'PROBE_LOST', fault: 'board', retryable: true }
    const foreign = Object.assign(new Error('no'), likeness)
    expect(isKeylineError(new ProbeError('PROBE_LOST', 'no'))).toBe(true)
    for (const value of [foreign, likeness, 'PROBE_LOST', null, undefined]) {
      expect([isKeylineError(value), isBoardAtFault(value), isRetryable(value)]).toEqual([
        false,
        false,
        false,
      ])
    }
  })

  it('may be tried again only where its table says so', () => {
    expect(isRetryable(new ProbeError('PROBE_LOST', 'no'))).toBe(true)
    expect(isRetryable(new ProbeError('FLASH_WORN', 'no'))).toBe(false)
  })

  it.each<[Fault, boolean]>([
    ['board', true],
    ['chip', true],
    ['caller', false],
    ['wire', false],
    ['operator', false],
    ['infrastructure', false],
    ['bug', false],
  ])('with the fault "%s" blames the board: %s', (fault, isBoard) => {
    const entry = { ONLY: { fault, meaning: 'It is so.', remedy: 'nothing' } }
    expect(isBoardAtFault(new KeylineError(entry, 'ONLY', 'it is so'))).toBe(isBoard)
  })
})

describe('an error on one line', () => {
  it.each<[string, unknown, string]>([
    [
      'code, message and remedy',
      new ProbeError('PROBE_LOST', 'probe 3 is silent'),
      'PROBE_LOST: probe 3 is silent. Remedy: check the cable',
    ],
    [
      'one full stop where the message brings its own',
      new ProbeError('PROBE_LOST', 'probe 3 is silent.'),
      'PROBE_LOST: probe 3 is silent. Remedy: check the cable',
    ],
    ['the message of a foreign error', new TypeError('x is not a function'), 'x is not a function'],
    ['the name of a foreign error that says nothing', new RangeError(), 'RangeError'],
    [
      'all errors of a connection that was tried at several addresses',
      new AggregateError([new Error('refused by ::1'), new Error('refused by 127.0.0.1')]),
      'refused by ::1; refused by 127.0.0.1',
    ],
    ['a thrown text', 'no such port', 'no such port'],
    [
      'no second line and no command to the terminal',
      new ProbeError('PROBE_LOST', 'probe said "\u001b[2J\r\nok\u009b\u2028"'),
      String.raw`PROBE_LOST: probe said "\u001b[2J\r\nok\u009b\u2028". Remedy: check the cable`,
    ],
    ['nor of a foreign error', new Error('first\nsecond'), String.raw`first\nsecond`],
  ])('has %s', (_, error, line) => {
    expect(describeError(error)).toBe(line)
  })
})

describe('the errors of this room', () => {
  it('carry the entry of their code', () => {
    for (const [code, entry] of Object.entries(bytesErrorTable)) {
      expect(code).toMatch(/^[A-Z][A-Z0-9]*(_[A-Z0-9]+)*$/)
      expect(entry.meaning).toMatch(/^[A-Z].*\.$/)
      expect(entry.remedy).toMatch(/^[a-z].*[^.]$/)
    }
    expect(new BytesError('INTERRUPTED', 'stop')).toMatchObject({
      name: 'BytesError',
      fault: 'operator',
      retryable: true,
    })
  })
})
