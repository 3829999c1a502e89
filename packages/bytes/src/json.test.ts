import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseJson } from './json.ts'

const failure = (message: string) => expect.objectContaining({ code: 'BYTES_TEXT', message })

describe('strict JSON', () => {
  it.each([
    ['null', null],
    [' true ', true],
    ['false', false],
    ['0', 0],
    ['-0', -0],
    ['-12.50e+1', -125],
    ['1E-2', 0.01],
    ['9007199254740991', Number.MAX_SAFE_INTEGER],
    ['295147905179352830000', 2 ** 68],
    ['1e30', 1e30],
    ['""', ''],
    [String.raw`"\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00"`, '"\\/\b\f\n\r\té😀'],
    ['[]', []],
    ['{}', {}],
    ['\t{ "a" : [ 1 , { "b" : null } ] ,\r\n"c" : "" } ', { a: [1, { b: null }], c: '' }],
    ['{"toString":1,"hasOwnProperty":2}', { toString: 1, hasOwnProperty: 2 }],
  ])('reads %s', (text, value) => {
    expect(parseJson(text, 'order')).toEqual(value)
  })

  it.each([
    ['the empty text', '', 'line 1 column 1: end of text'],
    ['a byte order mark', '\ufeff{}', 'line 1 column 1: unexpected "\ufeff"'],
    ['a second document', '{} {}', 'line 1 column 4: text behind the document'],
    ['a trailing comma in a list', '[1,]', 'line 1 column 4: unexpected "]"'],
    ['a trailing comma in an object', '{"a":1,}', 'line 1 column 8: a member name is expected'],
    ['a missing comma', '[1 2]', 'line 1 column 4: "," or "]" is expected'],
    ['a missing colon', '{"a" 1}', 'line 1 column 6: ":" is expected'],
    ['a missing value', '{"a":}', 'line 1 column 6: unexpected "}"'],
    ['an object that is not closed', '{"a":1', 'line 1 column 7: "," or "}" is expected'],
    ['a list that is not closed', '[', 'line 1 column 2: end of text'],
    ['the wrong bracket', '[1}', 'line 1 column 3: "," or "]" is expected'],
    ['a name without quotes', '{a:1}', 'line 1 column 2: a member name is expected'],
    ['single quotes', "'a'", `line 1 column 1: unexpected "'"`],
    ['a comment', '{} // note', 'line 1 column 4: text behind the document'],
    ['a leading zero', '01', 'line 1 column 2: text behind the document'],
    ['a plus sign', '+1', 'line 1 column 1: unexpected "+"'],
    ['a lone minus', '-', 'line 1 column 1: unexpected "-"'],
    ['a number without digits behind the point', '1.', 'line 1 column 2: text behind the document'],
    ['NaN', 'NaN', 'line 1 column 1: unexpected "N"'],
    ['hexadecimal numbers', '0x10', 'line 1 column 2: text behind the document'],
    ['a literal in capitals', 'True', 'line 1 column 1: unexpected "T"'],
    ['a literal with a tail', 'nullx', 'line 1 column 5: text behind the document'],
    ['blanks that JSON does not know', '\u00a01', 'line 1 column 1: unexpected "\u00a0"'],
    ['a character of two units', '😀', 'line 1 column 1: unexpected "😀"'],
    ['a command to the terminal', '\u001b[2J', String.raw`line 1 column 1: unexpected "\u001b"`],
    ['a string that is not closed', '"abc', 'line 1 column 5: a string is not closed'],
    ['a string that ends in a backslash', '"a\\', 'line 1 column 3: a string has a bad escape'],
    ['an unknown escape', '"a\\x41"', 'line 1 column 3: a string has a bad escape'],
    ['a short escape', '"\\u12G4"', 'line 1 column 2: a string has a bad escape'],
    ['a raw line break', '"a\nb"', 'line 1 column 3: a string has a control character'],
    ['a raw NUL', '"\u0000"', 'line 1 column 2: a string has a control character'],
    ['half of a surrogate pair', '["\\ud83d"]', 'line 1 column 2: a string has a lone surrogate'],
    ['the same, raw', '"\udc00"', 'line 1 column 1: a string has a lone surrogate'],
    ['a number behind the range', '[1e999]', 'line 1 column 2: 1e999 is too large'],
    [
      'a whole number that would lose digits',
      '{"serial":\n 9007199254740993}',
      'line 2 column 2: 9007199254740993 would lose digits; write it as a string',
    ],
    ['a member twice', '{"a":1,\n"a":2}', 'line 2 column 1: duplicate member "a"'],
    ['the same, spelt differently', '{"a":1,"\\u0061":2}', 'line 1 column 8: duplicate member "a"'],
    ['__proto__', '{"__proto__":{}}', 'line 1 column 2: member "__proto__" is not allowed'],
    [
      'an escaped __proto__',
      '{"\\u005f_proto__":{}}',
      'line 1 column 2: member "__proto__" is not allowed',
    ],
    ['constructor', '{"constructor":1}', 'line 1 column 2: member "constructor" is not allowed'],
    ['prototype', '[{"prototype":1}]', 'line 1 column 3: member "prototype" is not allowed'],
  ])('refuses %s', (_, text, message) => {
    expect(() => parseJson(text, 'order')).toThrow(failure(`order, ${message}`))
  })

  it('tells of a member twice instead of refusing it, where that is asked; the last one counts', () => {
    const told: string[] = []
    const onDuplicate = (member: string): void => void told.push(member)
    const value = parseJson('{"a":1,"b":{"a":2},"a":3}', 'order', { onDuplicate })
    expect(value).toEqual({ a: 3, b: { a: 2 } })
    expect(told).toEqual(['a'])
  })

  it('allows no __proto__ even then', () => {
    const text = '{"__proto__":1,"__proto__":2}'
    expect(() => parseJson(text, 'order', { onDuplicate: () => undefined })).toThrow(
      failure('order, line 1 column 2: member "__proto__" is not allowed'),
    )
  })

  it.each([
    ['lists', '[', ']'],
    ['objects', '{"a":', '}'],
  ])('holds 16 %s in each other and refuses the 17th', (_, open, close) => {
    const nested = (levels: number, core: string): string =>
      open.repeat(levels) + core + close.repeat(levels)
    expect(() => parseJson(nested(16, '1'), 'order')).not.toThrow()
    expect(() => parseJson(nested(15, '[]'), 'order')).not.toThrow()
    expect(() => parseJson(nested(16, '[]'), 'order')).toThrow(/: nesting deeper than 16$/)
    expect(() => parseJson(nested(17, '1'), 'order')).toThrow(/: nesting deeper than 16$/)
    expect(() => parseJson(open.repeat(200_000), 'order')).toThrow(/: nesting deeper than 16$/)
  })

  it('has a limit of depth that the caller sets', () => {
    expect(parseJson('[[1]]', 'order', { maxDepth: 2 })).toEqual([[1]])
    expect(() => parseJson('[[1]]', 'order', { maxDepth: 1 })).toThrow(
      failure('order, line 1 column 2: nesting deeper than 1'),
    )
  })

  it('has a limit of length: 1 048 576 characters unless the caller sets another', () => {
    const text = `"${'a'.repeat(1_048_574)}"`
    expect(parseJson(text, 'order')).toHaveLength(1_048_574)
    expect(() => parseJson(`${text} `, 'order')).toThrow(
      failure('order has 1048577 characters, at most 1048576'),
    )
    expect(() => parseJson('"abc"', 'order', { maxLength: 4 })).toThrow(
      failure('order has 5 characters, at most 4'),
    )
  })

  it('reads a text of escapes alone, as long as may be', () => {
    const text = JSON.stringify('\n'.repeat(4_000_000))
    expect(parseJson(text, 'order', { maxLength: text.length })).toBe('\n'.repeat(4_000_000))
  })
})

const pieces = '{ } [ ] , : " "a" "b": \\ \\u0061 \\" / 0 1 - . 5 e E + true false null a'.split(
  ' ',
)
pieces.push(' ', '\n', '\t', '\u0000')

describe('strict JSON beside JSON.parse', () => {
  it('reads all that JSON.stringify writes', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 6 }), fc.nat(3), (json, indent) => {
        const value: unknown = JSON.parse(json)
        fc.pre(!hasSpecialNames(json) && isExact(value))
        expect(parseJson(JSON.stringify(value, null, indent), 'value')).toEqual(value)
      }),
    )
  })

  it('accepts nothing that JSON.parse refuses, and reads the rest as it does', () => {
    const piece = fc.constantFrom(...pieces)
    fc.assert(
      fc.property(fc.string({ unit: piece, maxLength: 9 }), (text) => {
        const expected = attempt(() => JSON.parse(text))
        const actual = attempt(() => parseJson(text, 'text'))
        if ('error' in actual) expect(actual.error).toMatchObject({ code: 'BYTES_TEXT' })
        else expect(actual).toEqual(expected)
        if ('value' in expected && !/"([ab])".*"\1"/s.test(text) && isExact(expected.value)) {
          expect(actual).toEqual(expected)
        }
      }),
      { numRuns: 5_000 },
    )
  })
})

function attempt(read: () => unknown): { readonly value: unknown } | { readonly error: unknown } {
  try {
    return { value: read() }
  } catch (error) {
    return { error }
  }
}

/** Names that we refuse, and texts that only seem to be JSON to us: lone surrogates. */
function hasSpecialNames(json: string): boolean {
  return /__proto__|constructor|prototype|\\ud[89a-f]/i.test(json) || !isExact(JSON.parse(json))
}

/** True when no number in the value is so large that it may have lost digits. */
function isExact(value: unknown): boolean {
  if (typeof value === 'number') return Math.abs(value) < 2 ** 53
  if (typeof value === 'object' && value !== null) return Object.values(value).every(isExact)
  return true
}
