import type { FaultName } from '@keyline/stsafe-sim'

/** Every fault, written down once more: one that is taken out of the table is missed. */
export const faultNames = [
  'nack-command',
  'nack-response',
  'bus-error',
  'stuck-busy',
  'flip-command',
  'cut-command',
  'lengthen-command',
  'answer-status',
  'flip-response',
  'cut-response',
  'announce-length',
  'lose-response',
  'replay-response',
  'power-loss-before',
  'power-loss-during',
  'power-loss-after',
  'swap-identity',
  'exhaust-counters',
] as const satisfies readonly FaultName[]
