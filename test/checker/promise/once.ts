import type { JournalLine } from '../output/journal-lines.ts'
import type { Outputs } from '../output/outputs.ts'
import type { Violation } from '../violation.ts'

/** P9: a certificate is committed once, and a board that was protected is not protected again. */
export function checkOnce({ journal }: Outputs): readonly Violation[] {
  const intents = journal.lines.filter(({ type }) => type === 'intent')
  return [
    ...repeated(intents, 'commit', ({ data }) => String(data['certificate'])),
    ...repeated(intents, 'protect', ({ data }) => String(data['board'])),
  ]
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
