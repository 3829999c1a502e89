import { StsafeSimError } from '../errors.ts'

/** What can go wrong on the way to a chip and inside of it. `value` is the number behind the colon. */
export const faults = {
  'nack-command': { value: 1, meaning: 'the write is not acknowledged, N times' },
  'nack-response': { value: 1, meaning: 'the reads are not acknowledged, N times' },
  'bus-error': { value: 1, meaning: 'N transactions end in a bus error' },
  'stuck-busy': { value: 0, meaning: 'nothing is acknowledged until a reset or power cycle' },
  'flip-command': { value: 0, meaning: 'bit N of the command is the other one' },
  'cut-command': { value: 2, meaning: 'the write ends after N octets of the command' },
  'lengthen-command': { value: 1, meaning: 'N octets FF follow the command before the write ends' },
  'answer-status': { value: 5, meaning: 'the chip refuses the command with status N' },
  'flip-response': { value: 0, meaning: 'bit N of the response is the other one, in each read' },
  'cut-response': { value: 3, meaning: 'the response has FF after its first N octets' },
  'announce-length': { value: 0xffff, meaning: 'the length field of the response is N' },
  'lose-response': { value: 0, meaning: 'the command is executed, its response never comes' },
  'replay-response': { value: 0, meaning: 'the response of the exchange before comes again' },
  'power-loss-before': { value: 0, meaning: 'power fails before the first write to the memory' },
  'power-loss-during': {
    value: 0,
    meaning: 'power fails behind the first write to the memory, before a second one',
  },
  'power-loss-after': { value: 0, meaning: 'power fails when all is written, before the response' },
  'swap-identity': { value: 0, meaning: 'another chip answers from here on' },
  'exhaust-counters': { value: 0, meaning: 'every counter and limit of the chip is at its end' },
} as const satisfies Readonly<Record<string, { readonly value: number; readonly meaning: string }>>
export type FaultName = keyof typeof faults

export interface Fault {
  readonly name: FaultName
  /** Exchange at which it happens, counted from 0: the number of commands written before. */
  readonly position: number
  /** What the number means stands in the table; the value of the table unless given. */
  readonly value?: number | undefined
}

const script = /^(?<name>[a-z-]+)(?::(?<value>\d{1,9}))?@(?<position>\d{1,9})$/

/** `flip-response:17@3`, `lose-response@4`. @throws StsafeSimError `SIM_FAULT` */
export function parseFault(text: string): Fault {
  const { name, value, position } = script.exec(text)?.groups ?? {}
  if (name === undefined || !isFaultName(name)) {
    const known = Object.keys(faults).join(', ')
    throw new StsafeSimError(
      'SIM_FAULT',
      `${text} is not NAME[:VALUE]@POSITION; names are ${known}`,
    )
  }
  return {
    name,
    position: Number(position),
    value: value === undefined ? undefined : Number(value),
  }
}

function isFaultName(name: string): name is FaultName {
  return Object.hasOwn(faults, name)
}
