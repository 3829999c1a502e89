import { z } from 'zod'
import { VerdictRecord } from './verdict.ts'
import { Platform } from './work-order.ts'

const BoundSlot = z.strictObject({
  slot: z.number().int().min(1).max(64),
  /** Serial number of the probe. */
  probe: z.string().min(1).max(128),
  /** Place on the USB tree, where the system tells it. */
  location: z.string().min(1).max(128).optional(),
})

/** Which probe belongs to which slot of a station, and where it is plugged in: `slots.json` of its folder. */
export const SlotsFile = z.strictObject({
  format: z.literal('keyline-slots/1'),
  slots: z
    .array(BoundSlot)
    .min(1)
    .max(64)
    .refine((slots) => isDistinct(slots.map(({ slot }) => slot)), 'a slot stands there twice')
    .refine((slots) => isDistinct(slots.map(({ probe }) => probe)), 'a probe stands there twice'),
})
export type SlotsFile = z.infer<typeof SlotsFile>

/** The last check of a station on a golden board. Times are milliseconds since 1970. */
export const StationCheck = z.strictObject({
  platform: Platform,
  security: z.number().int(),
  slot: z.number().int(),
  /** Serial number of the unit on the board. */
  unit: z.string(),
  at: z.number().int(),
  record: VerdictRecord,
})
export type StationCheck = z.infer<typeof StationCheck>

function isDistinct(values: readonly unknown[]): boolean {
  return new Set(values).size === values.length
}
