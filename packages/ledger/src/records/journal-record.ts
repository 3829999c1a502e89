import { z } from 'zod'

/** Version of the journal's form. A journal of another version is refused, not guessed. */
export const journalVersion = 1

/**
 * One line of the station's journal. `intent` stands before the act, `outcome` behind it.
 * `data` has ids, hashes and codes, never a secret. `hash` chains the record to the one before it.
 */
export const JournalRecord = z.strictObject({
  seq: z.number().int().min(1),
  time: z.string(),
  type: z.enum(['open', 'intent', 'outcome', 'decided', 'close']),
  run: z.string(),
  order: z.string().optional(),
  unit: z.string().optional(),
  slot: z.number().int().optional(),
  step: z.string().optional(),
  data: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
  hash: z.string().regex(/^[0-9a-f]{64}$/),
})
export type JournalRecord = z.infer<typeof JournalRecord>
