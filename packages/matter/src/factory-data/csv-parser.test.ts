import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import '../../../../test/support/properties.ts'
import { CsvParser } from './csv-parser.ts'

interface Parsed {
  readonly rows: readonly (readonly string[])[]
  readonly problem: string | undefined
}

function parse(pieces: readonly string[], maxRowLength = 1000): Parsed {
  const parser = new CsvParser(maxRowLength)
  const rows: (readonly string[])[] = []
  for (const piece of pieces) {
    const { rows: more, problem } = parser.push(piece)
    rows.push(...more)
    if (problem !== undefined) return { rows, problem }
  }
  const last = parser.end()
  return { rows: [...rows, ...last.rows], problem: last.problem }
}

const quoted = (cell: string): string => `"${cell.replaceAll('"', '""')}"`

describe('CSV', () => {
  it('brings any cells back, however they are quoted, ended and cut', () => {
    const cell = fc.string({ unit: fc.constantFrom('a', 'é', ',', '"', '\n', '\r', ' ', '😀') })
    const row = fc.array(cell, { minLength: 1, maxLength: 4 })
    const ending = fc.constantFrom('\n', '\r\n')
    fc.assert(
      fc.property(fc.array(row), ending, fc.array(fc.nat()), (rows, end, places) => {
        const text = rows.map((cells) => cells.map(quoted).join(',') + end).join('')
        const cuts = places.map((place) => place % (text.length + 1)).toSorted((a, b) => a - b)
        const pieces = [...cuts, text.length].map((to, index) =>
          text.slice(cuts[index - 1] ?? 0, to),
        )
        const wanted = rows.filter((cells) => cells.length > 1 || cells[0] !== '')
        expect(parse(pieces)).toEqual({ rows: wanted, problem: undefined })
      }),
    )
  })

  it.each([
    [
      'a,b\nc,d',
      [
        ['a', 'b'],
        ['c', 'd'],
      ],
    ],
    [
      'a,\r\n,b\r\n',
      [
        ['a', ''],
        ['', 'b'],
      ],
    ],
    ['\n\r\n\na', [['a']]],
    ['"a""b","c\r\nd"', [['a"b', 'c\r\nd']]],
    ['""', []],
    ['', []],
  ])('reads %j', (text, rows) => {
    expect(parse([text])).toEqual({ rows, problem: undefined })
    expect(parse(text.split(''))).toEqual({ rows, problem: undefined })
  })

  it.each([
    ['a\nb"c\nd', 'a quote stands inside a cell'],
    ['a\n"b"c\nd', 'text stands behind a closed quote'],
    ['a\n"b\nd', 'a quote is not closed'],
    ['a\nbbbbbbbbb\nd', 'the row has more than 8 characters'],
  ])('ends at the bad row of %j, whose number is known', (text, problem) => {
    for (const pieces of [[text], text.split('')]) {
      expect(parse(pieces, 8)).toEqual({ rows: [['a']], problem })
    }
  })
})
