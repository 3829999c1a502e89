import type { JsonValue } from '@keyline/bytes'
import { BoardError } from '../errors.ts'
import type { KeyPlace } from '../firmware/hardware.ts'
import type { OptionBytesState } from '../option/option-bytes.ts'

/** States of the update service of the wireless coprocessor. */
export type CoprocessorState = 'idle' | 'service' | 'upgrading' | 'stack' | 'failed'

/** What a board keeps without power, besides its flash. */
export interface DeviceState {
  readonly options: OptionBytesState
  /** Two words, hexadecimal, that open a level of the read-out protection. */
  readonly passwords: Readonly<Record<string, string>>
  /** Scalars of the customer key storage by slot. */
  readonly customerKeys: Readonly<Record<string, string>>
  readonly coprocessor: { readonly state: CoprocessorState; readonly version: string }
  readonly keyPlace: KeyPlace
}

export function newDeviceState(version = ''): DeviceState {
  return {
    options: { programmed: {}, loaded: {} },
    passwords: {},
    customerKeys: {},
    coprocessor: { state: 'idle', version },
    keyPlace: 'flash',
  }
}

type Members = { readonly [member: string]: JsonValue | undefined }

/** @throws BoardError `BOARD_BENCH_STATE` */
export function decodeDeviceState(members: Members, file: string): DeviceState {
  const options = membersOf(members['options'])
  const coprocessor = membersOf(members['coprocessor'])
  const state = coprocessorStates.find((one) => one === coprocessor['state'])
  const keyPlace = keyPlaces.find((one) => one === members['keyPlace'])
  const { version } = coprocessor
  if (state === undefined || keyPlace === undefined || typeof version !== 'string') {
    throw new BoardError('BOARD_BENCH_STATE', `${file} does not describe a board`)
  }
  return {
    options: {
      programmed: pick(options['programmed'], isNumber),
      loaded: pick(options['loaded'], isNumber),
    },
    passwords: pick(members['passwords'], isString),
    customerKeys: pick(members['customerKeys'], isString),
    coprocessor: { state, version },
    keyPlace,
  }
}

const coprocessorStates = ['idle', 'service', 'upgrading', 'stack', 'failed'] as const
const keyPlaces = ['flash', 'its', 'psa', 'cks'] as const

function membersOf(value: JsonValue | undefined): Members {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
  return isObject ? Object.fromEntries(Object.entries(value)) : {}
}

function pick<T>(
  value: JsonValue | undefined,
  isWanted: (member: JsonValue | undefined) => member is T & JsonValue,
): Readonly<Record<string, T>> {
  const picked: Record<string, T> = {}
  for (const [name, member] of Object.entries(membersOf(value))) {
    if (isWanted(member)) picked[name] = member
  }
  return picked
}

function isNumber(value: JsonValue | undefined): value is number {
  return typeof value === 'number'
}

function isString(value: JsonValue | undefined): value is string {
  return typeof value === 'string'
}
