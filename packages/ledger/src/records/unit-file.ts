import { z } from 'zod'

/** First line of a file of generated units: which batch it is, and how its lines are written. */
export const UnitFileHeader = z.strictObject({
  format: z.literal('keyline-units/1'),
  batch: z.string().regex(/^[0-9a-f]{16}$/),
  order: z.string(),
  units: z.number().int().min(1),
  profile: z.string(),
  iterations: z.number().int(),
  /** True when each unit is sealed with the store key of the station that generated it. */
  sealed: z.boolean(),
})
export type UnitFileHeader = z.infer<typeof UnitFileHeader>

/** Place in the batch (1, 2, 3, …) and serial number: never secret. */
const place = { unit: z.number().int().min(1), serialNumber: z.string() }

/** What is secret of a unit, beside its image. */
export const UnitContent = z.strictObject({
  passcode: z.number(),
  discriminator: z.number(),
  /** `MT:…` */
  qr: z.string(),
  /** 11 or 21 digits. */
  manual: z.string(),
})
export type UnitContent = z.infer<typeof UnitContent>

/** A unit whose secrets are sealed, base64. */
export const SealedUnitLine = z.strictObject({ ...place, sealed: z.string() })

/** A unit whose secrets are readable; the image in base64. */
export const PlainUnitLine = z.strictObject({ ...place, ...UnitContent.shape, image: z.string() })
