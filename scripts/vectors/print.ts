import type { FileReport } from './run.ts'

const longestValue = 2_000
const second = 'not applicable'

/** The lines of one file for a person: its counts, then each failure with what was expected and what came. */
export function describeFile(report: FileReport): readonly string[] {
  if (report.unsupported !== undefined) return []
  const counts = [
    report.sides === undefined
      ? `${report.passed} passed`
      : `${report.passed} passed (${sidesIn([report])})`,
    ...(report.failures.length > 0 ? [`${report.failures.length} failed`] : []),
    ...(report.notApplicable.length > 0 ? [`${report.notApplicable.length} not applicable`] : []),
  ]
  return [
    `${report.failures.length > 0 ? '✗' : '✓'} ${report.file}: ${counts.join(', ')}`,
    ...report.failures.flatMap(({ id, expected, actual }) => [
      `  ${report.file} ${id}`,
      `    expected ${shorten(expected)}`,
      `    actual   ${shorten(actual)}`,
    ]),
  ]
}

/** `host 25, chip 23`: the cases that passed on each side; nothing for files without sides. */
export function sidesIn(reports: readonly FileReport[]): string {
  const totals = new Map<string, number>()
  for (const { sides = {} } of reports) {
    for (const [side, count] of Object.entries(sides)) {
      totals.set(side, (totals.get(side) ?? 0) + count)
    }
  }
  return Array.from(totals, ([side, count]) => `${side} ${count}`).join(', ')
}

/** What was not run and why: `not supported: …` and `not applicable: …`, each reason once. */
export function describeLeftOut(reports: readonly FileReport[]): readonly string[] {
  const groups = new Map<string, { cases: number; text: string }>()
  const add = (text: string, cases: number): void => {
    const group = groups.get(text) ?? { cases: 0, text }
    groups.set(text, { text, cases: group.cases + cases })
  }
  for (const { file, unsupported, notApplicable } of reports) {
    if (unsupported !== undefined) {
      add(`not supported: ${unsupported.what}: ${unsupported.why}`, unsupported.cases)
    }
    for (const { reason } of notApplicable) add(`not applicable: ${file}: ${reason}`, 1)
  }
  return Array.from(
    groups.values(),
    ({ text, cases }) => `${text} (${plural(cases, 'case')})`,
  ).toSorted((a, b) => Number(a.startsWith(second)) - Number(b.startsWith(second)))
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}

function shorten(value: string): string {
  return value.length > longestValue ? `${value.slice(0, longestValue)}… (${value.length})` : value
}
