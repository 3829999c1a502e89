import { z } from 'zod'
import { OrderAttestation } from './order-attestation.ts'

/** A 16-bit id: a JSON number, or a text in decimal or `0x` hexadecimal. */
const id16 = z
  .union([z.number().int(), z.string().regex(/^(?:0[xX][0-9a-fA-F]{1,4}|\d{1,5})$/)])
  .transform(Number)
  .pipe(z.number().int().min(0).max(0xffff))

export const address = z
  .union([z.number().int(), z.string().regex(/^(?:0[xX][0-9a-fA-F]{1,8}|\d{1,10})$/)])
  .transform(Number)
  .pipe(z.number().int().min(0).max(0xffff_ffff))

const hash = z
  .string()
  .regex(/^[0-9a-f]{64}$/, 'must be 64 lower-case hexadecimal digits (SHA-256)')

/** A file next to the order, with the hash that it must have. */
export const hashedFile = z.strictObject({
  file: z.string().min(1).describe('path, relative to the work order'),
  sha256: hash,
})

export const firmwareImage = hashedFile.extend({
  address: address.describe('flash address the image is programmed to'),
})

export const Policy = z.enum(['test', 'production'])
export type Policy = z.infer<typeof Policy>

export const Platform = z.enum(['wba', 'u5', 'wb55', 'u3'])
export type Platform = z.infer<typeof Platform>
/** Platforms whose boards become Matter devices. */
export const MatterPlatform = Platform.exclude(['u3'])
export type MatterPlatform = z.infer<typeof MatterPlatform>

/** The platform scripts of a security level above 0. Source: provisioning-station section 5.7. */
const platformScripts = z.strictObject({
  folder: z
    .string()
    .min(1)
    .optional()
    .describe('folder of the scripts; else that of X-CUBE-MATTER above the working directory'),
  regression: z
    .boolean()
    .optional()
    .describe('false: boards come erased and unprotected, and `regression` is left out'),
})

/** A secure element on every board of the order. */
const secureElement = z.strictObject({
  part: z.literal('stsafe-a120'),
  keySlot: z
    .number()
    .int()
    .min(0)
    .max(15)
    .optional()
    .describe('symmetric key slot that gets a key of its own for each chip; none unless given'),
})

const moment = z.iso
  .datetime({ offset: true })
  .describe('RFC 3339, such as 2026-06-01T06:00:00+02:00')

/**
 * What to make. Declared once: it validates the file, gives the JSON Schema for editors and the types.
 * Source: design, section 2; line, section 2, row 5.
 */
export const WorkOrder = z.strictObject({
  $schema: z.string().optional(),
  format: z.literal('keyline-work-order/1'),
  id: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/)
    .describe('name of the order; names the results folder'),
  policy: Policy.default('test'),
  platform: MatterPlatform,
  security: z.union([z.literal(0), z.literal(1), z.literal(2)]),
  quantity: z.number().int().min(1).max(1_000_000).describe('units to make'),
  certificateLimit: z
    .number()
    .int()
    .min(1)
    .max(2_000_000)
    .optional()
    .describe('most certificates the issuer signs for this order; the quantity unless given'),
  stations: z
    .array(z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/))
    .min(1)
    .max(256)
    .optional()
    .describe('names of the stations that may ask for certificates; all of them unless given'),
  opens: moment.optional().describe('certificates are issued from this moment on'),
  closes: moment.optional().describe('no certificate is issued from this moment on'),
  serialNumbers: z.strictObject({
    pool: z.string().regex(/^[A-Za-z0-9._-]{1,64}$/),
    pattern: z
      .string()
      .regex(/^[ -~]*\{#{1,12}\}[ -~]*$/)
      .describe('text with one counter such as {######}; the result has at most 32 octets'),
  }),
  product: z.strictObject({
    vendorId: id16,
    productId: id16,
    vendorName: z.string(),
    productName: z.string(),
    hardwareVersion: z.number().int().min(0).max(0xffff),
    hardwareVersionString: z.string(),
  }),
  commissioning: z
    .strictObject({
      iterations: z.number().int().default(1000),
      flow: z.number().int().min(0).max(2).default(0),
      discovery: z.array(z.enum(['softap', 'ble', 'ip', 'nfc', 'thread'])).default(['ble']),
      storePasscode: z
        .boolean()
        .default(true)
        .describe('whether the device stores its passcode (tag 15) beside the verifier'),
    })
    .default({ iterations: 1000, flow: 0, discovery: ['ble'], storePasscode: true }),
  certificationDeclaration: hashedFile,
  factoryDataAddress: address.default(0x081ec000),
  images: z.strictObject({
    provisioning: firmwareImage
      .optional()
      .describe('left out where the platform scripts install it (security 1 and 2)'),
    application: firmwareImage.describe(
      'with a boot loader, its address is that of the secondary slot',
    ),
    coprocessor: firmwareImage.optional().describe('wireless firmware of STM32WB55'),
    magicTrailer: firmwareImage
      .optional()
      .describe('activates the application in the secondary slot; else the MCUboot magic there'),
  }),
  mode: Policy.optional().describe(
    'STM32WB55: where the device key ends, flash or CKS; the policy unless given',
  ),
  exchange: z
    .enum(['serial', 'none'])
    .optional()
    .describe('"none": the provisioning firmware has no serial line, only a light'),
  application: z
    .enum(['answers', 'silent'])
    .optional()
    .describe('"silent": real firmware, which answers no questions on the serial line'),
  erase: z.boolean().optional().describe('true: erases the internal flash first'),
  scripts: platformScripts.optional(),
  rdp: z
    .union([z.literal(0), z.literal(1), z.literal(2)])
    .optional()
    .describe('read-out protection set as the last act; cannot be undone without erasing'),
  secureElement: secureElement.optional(),
  attestation: OrderAttestation.optional().describe(
    'initial attestation: tokens of the boards are checked, and a verifier learns their keys',
  ),
  line: z
    .strictObject({
      stopAfter: z
        .number()
        .int()
        .min(2)
        .max(1000)
        .optional()
        .describe('equal failures in a row after which the line begins no other board'),
      goldenBoardHours: z
        .number()
        .int()
        .min(1)
        .max(168)
        .optional()
        .describe(
          'how old the check of the station on a golden board may be; policy "production" does not start without one',
        ),
    })
    .optional()
    .describe('rules of the line'),
})

export type WorkOrder = z.infer<typeof WorkOrder>
/** The form before defaults and number texts are resolved: what a person writes. */
export type WorkOrderInput = z.input<typeof WorkOrder>
