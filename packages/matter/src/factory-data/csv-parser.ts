/** Where the parser stands in a cell. */
type CellState = 'start' | 'plain' | 'quoted' | 'closed'

/** Rows that ended in a piece of text, and what ends the reading for good. */
export interface CsvPiece {
  readonly rows: readonly (readonly string[])[]
  /** Why the row behind the last one cannot be read: nothing tells where the next one starts. */
  readonly problem?: string | undefined
}

const lineFeed = 0x0a
const carriageReturn = 0x0d
const quote = 0x22
const comma = 0x2c

/** What a decoder writes for octets that are no UTF-8. Nobody means it, so that it is refused wherever it comes from. */
export const replacement = '\ufffd'
export const malformedText = 'the octets are not valid UTF-8, or hold the character U+FFFD'
const replacementCode = 0xfffd

/**
 * CSV (RFC 4180) from pieces of text, cut anywhere: cells between commas, a cell with a comma, quote or line break in quotes,
 * a quote in it doubled. A quote inside a plain cell, and text behind a closed one, are refused. Empty lines are no rows.
 */
export class CsvParser {
  readonly #maxRowLength: number
  #state: CellState = 'start'
  #row: string[] = []
  #cell = ''
  #rowLength = 0

  /** @param maxRowLength characters of a row */
  constructor(maxRowLength: number) {
    this.#maxRowLength = maxRowLength
  }

  push(text: string): CsvPiece {
    const rows: (readonly string[])[] = []
    let run = 0
    for (let at = 0; at < text.length; at++) {
      const code = text.charCodeAt(at)
      if (++this.#rowLength > this.#maxRowLength) {
        return { rows, problem: `the row has more than ${this.#maxRowLength} characters` }
      }
      if (code === replacementCode) return { rows, problem: malformedText }
      if (this.#state === 'quoted') {
        if (code !== quote) continue
        this.#cell += text.slice(run, at)
        this.#state = 'closed'
      } else if (code === quote) {
        if (this.#state === 'plain') return { rows, problem: 'a quote stands inside a cell' }
        // The second of two quotes belongs to the cell.
        run = this.#state === 'closed' ? at : at + 1
        this.#state = 'quoted'
      } else if (code === comma || code === lineFeed) {
        const isRowEnd = code === lineFeed
        this.#endCell(text.slice(run, at), isRowEnd)
        run = at + 1
        if (isRowEnd) this.#endRow(rows)
      } else if (this.#state === 'closed') {
        if (code !== carriageReturn) return { rows, problem: 'text stands behind a closed quote' }
      } else if (this.#state === 'start') {
        this.#state = 'plain'
        run = at
      }
    }
    if (this.#state === 'plain' || this.#state === 'quoted') this.#cell += text.slice(run)
    return { rows }
  }

  /** The row at the end of the text, which needs no line break. */
  end(): CsvPiece {
    if (this.#state === 'quoted') return { rows: [], problem: 'a quote is not closed' }
    const rows: (readonly string[])[] = []
    this.#endCell('', true)
    this.#endRow(rows)
    return { rows }
  }

  #endCell(run: string, isRowEnd: boolean): void {
    if (this.#state === 'plain') {
      this.#cell += run
      if (isRowEnd && this.#cell.endsWith('\r')) this.#cell = this.#cell.slice(0, -1)
    }
    this.#row.push(this.#cell)
    this.#cell = ''
    this.#state = 'start'
  }

  #endRow(rows: (readonly string[])[]): void {
    const row = this.#row
    if (row.length > 1 || row[0] !== '') rows.push(row)
    this.#row = []
    this.#rowLength = 0
  }
}
