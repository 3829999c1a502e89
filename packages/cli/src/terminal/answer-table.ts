import type { JsonValue } from '@keyline/bytes'

/** One object of an answer, by its members. */
export type AnswerRow = ReadonlyMap<string, JsonValue | undefined>

/** The objects of an answer: a list, a list under a member of this name, or the one object that it is. */
export function answerRows(answer: JsonValue, member?: string): readonly AnswerRow[] {
  const whole = rowOf(answer)
  const list = member === undefined ? undefined : whole?.get(member)
  const values: unknown = list ?? answer
  const rows: readonly unknown[] = Array.isArray(values) ? values : [values]
  return rows.flatMap((row) => rowOf(row) ?? [])
}

/** A member of an answer as text; empty where it is none. */
export function textOf(answer: JsonValue, member: string): string {
  return cell(rowOf(answer)?.get(member))
}

/** Aligned columns under their names; a column that is empty throughout is left out. */
export function answerTable(rows: readonly AnswerRow[], columns: readonly string[]): string {
  if (rows.length === 0) return 'none\n'
  const shown = columns.filter((column) => rows.some((row) => cell(row.get(column)) !== ''))
  const lines = [shown, ...rows.map((row) => shown.map((column) => cell(row.get(column))))]
  const widths = shown.map((_, place) => Math.max(...lines.map((line) => line[place]?.length ?? 0)))
  return lines
    .map(
      (line) =>
        `${line
          .map((text, place) => text.padEnd(widths[place] ?? 0))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('')
}

function rowOf(value: unknown): AnswerRow | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  return new Map<string, JsonValue | undefined>(Object.entries(value))
}

/** What a server says is shown without control characters. */
function cell(value: JsonValue | undefined): string {
  if (value === undefined || value === null) return ''
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return text.replaceAll(/\p{Cc}/gu, ' ')
}
