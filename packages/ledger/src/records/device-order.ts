import { z } from 'zod'
import { OrderAttestation } from './order-attestation.ts'
import { address, firmwareImage, hashedFile, WorkOrder } from './work-order.ts'

/** How a board gets at the key that its foundry has left in the chip (attestation chapter 6). */
const DeviceKey = z.strictObject({
  key: z
    .enum(['FU', 'LU'])
    .default('FU')
    .describe('the device key for free use, or that for use under a licence'),
  service: hashedFile.describe('RSSe-KW binary of ST, which wraps the key for the chip'),
  containerAddress: address.describe('flash address where the application reads the wrapped key'),
})

/**
 * What to make of boards without Matter: STM32U385, whose chip brings a certified attestation key. The members that it
 * shares with a work order mean the same.
 */
export const DeviceOrder = WorkOrder.pick({
  $schema: true,
  format: true,
  id: true,
  policy: true,
  quantity: true,
  certificateLimit: true,
  stations: true,
  opens: true,
  closes: true,
  serialNumbers: true,
}).extend({
  platform: z.literal('u3'),
  security: z.literal(0),
  images: z.strictObject({ application: firmwareImage }),
  deviceKey: DeviceKey,
  attestation: OrderAttestation.extend({
    required: z.literal(true).default(true),
    authorities: OrderAttestation.shape.authorities.unwrap(),
  }),
  line: WorkOrder.shape.line
    .unwrap()
    .omit({ goldenBoardHours: true })
    .optional()
    .describe('rules of the line'),
  rdp: z
    .union([z.literal(0), z.literal(1)])
    .optional()
    .describe('read-out protection of the finished board, which its key is wrapped for'),
})
export type DeviceOrder = z.infer<typeof DeviceOrder>

/** An order for boards of any kind. */
export const AnyOrder = z.discriminatedUnion('platform', [WorkOrder, DeviceOrder])
export type AnyOrder = z.infer<typeof AnyOrder>
