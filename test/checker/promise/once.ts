import type { JournalLine } from '../output/journal-lines.ts'
import type { Outputs } from '../output/outputs.ts'
import type { Violation } from '../violation.ts'

/** P9: a certificate is committed once, and a board that was protected is not protected again. */
export function checkOnce({ journal }: Outputs): readonly Violation[] {
  const intents = journal.lines.filter(({ type }) => type === 'intent')
  return [
    ...repeated(intents, 'commit', ({ data }) => String(data['certificate'])),
    ...repeatedUnasked(journal.lines),
  ]
}

/** A protection that was begun may be begun again only when the board was asked before: it says its level. */
function repeatedUnasked(lines: readonly JournalLine[]): readonly Violation[] {
  const open = new Set<string>()
  return lines.flatMap(({ type, step, unit = '' }): readonly Violation[] => {
    if (type === 'outcome' && step === 'ask') open.delete(unit)
    if (type !== 'intent' || step !== 'protect') return []
    if (!open.has(unit)) {
      open.add(unit)
      return []
    }
    return [{ promise: 'P9', place: `protect of unit ${unit}`, message: 'was begun twice' }]
  })
}

function repeated(
  intents: readonly JournalLine[],
  step: string,
  subject: (line: JournalLine) => string,
): readonly Violation[] {
  const seen = new Set<string>()
  return intents
    .filter((line) => line.step === step)
    .flatMap((line): readonly Violation[] => {
      const place = `${step} of unit ${line.unit ?? ''}`
      const key = `${line.unit ?? ''} ${subject(line)}`
      if (!seen.has(key)) {
        seen.add(key)
        return []
      }
      return [{ promise: 'P9', place, message: 'was begun twice' }]
    })
}
