import { isKeylineError, parseJson, type Severity } from '@keyline/bytes'
import {
  membersOfObject,
  readHeader,
  type BatchForm,
  type CellReader,
  type RowEntry,
} from './batch-columns.ts'
import { atRow, batchFinding, type BatchFinding } from './batch-rules.ts'
import { CsvParser, malformedText, replacement, type CsvPiece } from './csv-parser.ts'
import { factoryDataFinding } from './rules.ts'
import { isJsonObject } from './st-json.ts'

/** Longest row of a batch in characters. */
export const maxRowLength = 65_536

/** Octets as they come from a file or a pipe, in pieces of any size. */
export type ByteStream = AsyncIterable<Uint8Array> | Iterable<Uint8Array>

/** The members that a row brings, with what is wrong with it; without members it cannot be read at all. */
export interface RawRow {
  readonly row: number
  readonly entries?: readonly RowEntry[] | undefined
  readonly findings: readonly BatchFinding[]
}

export interface RowOptions {
  readonly form: BatchForm
  /** Weight of FD-001 for an unknown member of a JSON row; `error` unless given. */
  readonly unknownMembers?: Severity | undefined
}

/**
 * Rows of a CSV batch: a header of JSON paths or ST's names, then one row for each device; an empty cell leaves the value
 * of the common object. A row that is not CSV ends the reading, because nothing tells where the next one starts.
 */
export async function* readCsvRows(
  source: ByteStream,
  { form }: RowOptions,
): AsyncGenerator<RawRow> {
  let cells: readonly CellReader[] | undefined
  let row = 0
  for await (const { rows, problem } of parseCsv(source)) {
    for (const values of rows) {
      if (cells === undefined) {
        const header = readHeader(values, form)
        if (!header.ok) {
          yield { row, findings: header.findings }
          return
        }
        cells = header.cells
      } else yield readCsvRow(++row, values, cells)
    }
    if (problem !== undefined) {
      row += cells === undefined ? 0 : 1
      yield { row, findings: [rowFinding(row, `${problem}; the rows behind it are not read`)] }
      return
    }
  }
}

function readCsvRow(row: number, values: readonly string[], cells: readonly CellReader[]): RawRow {
  if (values.length !== cells.length) {
    const message = `the row has ${values.length} cells, the header names ${cells.length}`
    return { row, findings: [rowFinding(row, message)] }
  }
  const entries: RowEntry[] = []
  for (const [index, read] of cells.entries()) {
    const cell = values[index] ?? ''
    if (cell !== '') entries.push(read(cell))
  }
  return { row, entries, findings: [] }
}

async function* parseCsv(source: ByteStream): AsyncGenerator<CsvPiece> {
  const parser = new CsvParser(maxRowLength)
  for await (const text of decodeTexts(source)) {
    const piece = parser.push(text)
    yield piece
    if (piece.problem !== undefined) return
  }
  yield parser.end()
}

/** Rows of a batch of JSON lines, one object a line; empty lines are skipped. */
export async function* readJsonRows(
  source: ByteStream,
  options: RowOptions,
): AsyncGenerator<RawRow> {
  let row = 0
  for await (const { line, problem } of readLines(source)) {
    if (line?.trim() === '') continue
    row++
    yield line === undefined
      ? { row, findings: [rowFinding(row, problem ?? '')] }
      : readJsonRow(row, line, options)
  }
}

function readJsonRow(row: number, line: string, { form, unknownMembers }: RowOptions): RawRow {
  try {
    const value = parseJson(line, `row ${row}`, { maxLength: maxRowLength })
    if (!isJsonObject(value))
      return { row, findings: [rowFinding(row, 'the row is not a JSON object')] }
    const { entries, unknown } = membersOfObject(value, form)
    const findings = unknown.map((name) => {
      const message = 'a row has no member of this name'
      const field = { name }
      return factoryDataFinding({ rule: 'FD-001', field, message, severity: unknownMembers })
    })
    return { row, entries, findings: atRow(row, findings) }
  } catch (error) {
    if (!isKeylineError(error)) throw error
    return { row, findings: [rowFinding(row, error.message)] }
  }
}

interface Line {
  readonly line?: string | undefined
  /** In place of a line that cannot be read. */
  readonly problem?: string | undefined
}

const tooLong: Line = { problem: `the row has more than ${maxRowLength} characters` }

/** Lines without their end; one that is too long is passed over. */
async function* readLines(source: ByteStream): AsyncGenerator<Line> {
  let rest = ''
  let isTooLong = false
  for await (const text of decodeTexts(source)) {
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) {
      yield isTooLong ? tooLong : lineOf(line)
      isTooLong = false
    }
    if (rest.length > maxRowLength) {
      isTooLong = true
      rest = ''
    }
  }
  if (isTooLong) yield tooLong
  else if (rest !== '') yield lineOf(rest)
}

function lineOf(line: string): Line {
  if (line.length > maxRowLength) return tooLong
  return line.includes(replacement) ? { problem: malformedText } : { line }
}

/** UTF-8 without the byte order mark at its start; what is no UTF-8 becomes {@link replacement}. */
async function* decodeTexts(source: ByteStream): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  for await (const octets of source) yield decoder.decode(octets, { stream: true })
  yield decoder.decode()
}

function rowFinding(row: number, message: string): BatchFinding {
  return batchFinding({ rule: 'BATCH-06', row, field: 'row', message })
}
