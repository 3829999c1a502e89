import type { SlotFault } from '@keyline/board'
import { z } from 'zod'
import { flowCases } from '../../line/support/flow-case.ts'

/** Ways in which a station could be built wrongly; each must be found by the checker. */
export const sabotages = [
  'certificate-leaves-unrecorded',
  'journal-answers-before-it-writes',
  'lost-answer-is-forgotten',
  'lost-certificate-stays-live',
  'verdict-stays-in-the-journal',
] as const
export type Sabotage = (typeof sabotages)[number]

/** A case of the Matter flows, or the boards without Matter. */
export type FlowName = keyof typeof flowCases | 'u3'

function isFlowName(name: unknown): name is FlowName {
  return name === 'u3' || (typeof name === 'string' && Object.hasOwn(flowCases, name))
}

const base64 = z.string().transform((text) => Uint8Array.from(Buffer.from(text, 'base64')))

/** What a process of a crash test is told to do, as a JSON file. */
export const LineJob = z.object({
  home: z.string(),
  /** Path of the work order. */
  order: z.string(),
  results: z.string(),
  /** Platform, security level and firmware of the boards; those of the example order unless given. */
  flow: z.custom<FlowName>(isFlowName).optional(),
  slots: z.number(),
  faults: z.array(z.custom<SlotFault>()),
  sabotage: z.enum(sabotages).optional(),
  /** Database file of an issuer that is elsewhere. */
  issuer: z.string().optional(),
  pki: z.object({ paa: base64, pai: base64, key: base64 }),
})
export type LineJob = z.infer<typeof LineJob>
export type LineJobFile = z.input<typeof LineJob>
