import { existsSync, readFileSync } from 'node:fs'
import { z } from 'zod'

const JournalLine = z.object({
  seq: z.number(),
  type: z.string(),
  order: z.string().optional(),
  unit: z.string().optional(),
  step: z.string().optional(),
  data: z.record(z.string(), z.unknown()),
  hash: z.string(),
})
export type JournalLine = z.infer<typeof JournalLine>

export interface JournalContent {
  readonly lines: readonly JournalLine[]
  /** Each line as it stands, with every member, for the chain. */
  readonly raw: readonly Readonly<Record<string, unknown>>[]
}

/** The whole lines of a journal. What stands behind the last line feed was cut by a crash and says nothing. */
export function readJournalLines(file: string): JournalContent {
  const text = existsSync(file) ? readFileSync(file, 'utf8') : ''
  const whole = text.slice(0, text.lastIndexOf('\n') + 1)
  const raw = whole
    .split('\n')
    .filter((line) => line !== '' && !line.includes('\0'))
    .map((line) => z.record(z.string(), z.unknown()).parse(JSON.parse(line)))
  return { raw, lines: raw.map((line) => JournalLine.parse(line)) }
}
