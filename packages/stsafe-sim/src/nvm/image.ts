import {
  BytesError,
  bitFields,
  choice,
  concat,
  decode,
  encode,
  flag,
  fromHex,
  layout,
  lengthPrefixed,
  list,
  octets,
  parseJson,
  prefixedOctets,
  toHex,
  u16be,
  u32be,
  u8,
  type Field,
} from '@keyline/bytes'
import {
  authorizationRecord,
  curveId,
  curvePublicKey,
  hostKeyControl,
  hostKeys,
  i2cParameters,
  keyInformation,
  lifeCycleState,
  passwordLength,
  privateKeyMode,
  productData,
  publicKeyFlags,
  symmetricKeyControl,
  zoneEntry,
  type ZoneEntry,
} from '@keyline/stsafe/layout'
import { StsafeSimError } from '../errors.ts'
import type { ChipState } from './state.ts'

/** A value that may be absent: `00`, or `01` and the value. */
export function optional<T>(field: Field<T>): Field<T | undefined> {
  return {
    read: (reader, path) =>
      presence.read(reader, path) === 'absent' ? undefined : field.read(reader, path),
    write(writer, value, path) {
      presence.write(writer, value === undefined ? 'absent' : 'present', path)
      if (value !== undefined) field.write(writer, value, path)
    },
    min: 1,
    max: 1 + field.max,
  }
}

const presence = choice(u8, { absent: 0, present: 1 })
/** Octets with their length in two octets. */
export const block = prefixedOctets(u16be, 0xffff)

const symmetricKey = layout({ information: keyInformation, key: block, counter: u32be })
export const privateKeyField = layout({ curve: curveId, octets: block, usageLimit: u16be })

/** Each member of the state as the chip itself encodes it: one declaration writes it, reads it and checks it. */
const members = {
  device: choice(u8, { A120: 2, A110: 1, A100: 0 }),
  productData: lengthPrefixed(u16be, productData),
  i2c: i2cParameters,
  lifeCycle: lifeCycleState,
  changeRights: bitFields(u8, { encryption: flag(0), access: flag(1) }),
  authorization: list(u8, authorizationRecord, 255),
  hostControl: hostKeyControl,
  hostKeys: optional(hostKeys),
  hostCounter: u32be,
  zones: list(u8, layout({ entry: zoneEntry, data: block }), 255),
  symmetricSlots: list(
    u8,
    layout({ control: symmetricKeyControl, key: optional(symmetricKey) }),
    255,
  ),
  globalUsageLimit: u16be,
  privateKeys: list(
    u8,
    layout({ slot: u8, mode: privateKeyMode, key: optional(privateKeyField) }),
    255,
  ),
  publicKeys: list(u8, layout({ flags: publicKeyFlags, key: optional(curvePublicKey) }), 255),
  envelopeKeys: list(u8, optional(block), 255),
  password: optional(layout({ value: octets(passwordLength), remainingTries: u8, maxTries: u8 })),
} as const

const whole: Field<ChipState> = layout(members)

/** The state as JSON: each member in hexadecimal digits, two spaces of indentation, a line break at the end. */
export function stateToJson(state: ChipState): string {
  return imageToJson(members, state)
}

/** @throws StsafeSimError `SIM_STATE` when the text is not a state that `stateToJson` wrote */
export function stateFromJson(text: string): ChipState {
  const state = imageFromJson(members, whole, text)
  return {
    ...state,
    zones: state.zones.map(({ entry, data }) => ({ entry, data: fitted(entry, data) })),
  }
}

function fitted(entry: ZoneEntry, data: Uint8Array): Uint8Array {
  if (data.length === entry.length) return Uint8Array.from(data)
  throw new StsafeSimError(
    'SIM_STATE',
    `zone ${entry.index} has ${data.length} octets of data, but its length is ${entry.length}`,
  )
}

/** Members in the order of their declaration, each encoded by its own field. */
export function imageToJson(
  fields: Readonly<Record<string, Field<unknown>>>,
  value: object,
): string {
  const record: Readonly<Record<string, unknown>> = Object.fromEntries(Object.entries(value))
  const lines = Object.entries(fields).map(
    ([name, field]) => `  ${JSON.stringify(name)}: "${toHex(encode(field, record[name], name))}"`,
  )
  return `{\n${lines.join(',\n')}\n}\n`
}

/** @throws StsafeSimError `SIM_STATE` */
export function imageFromJson<T extends object>(
  fields: Readonly<Record<string, Field<unknown>>>,
  whole: Field<T>,
  text: string,
): T {
  try {
    const json = parseJson(text, 'the state of a chip', { maxLength: longestImage })
    const record: Readonly<Record<string, unknown>> = Object.fromEntries(Object.entries(json ?? {}))
    const parts = Object.keys(fields).map((name) => {
      const digits = record[name]
      if (typeof digits === 'string') return fromHex(digits)
      throw new BytesError('BYTES_TEXT', `the state of a chip has no text ${name}`)
    })
    const value = decode(whole, concat(...parts), 'the state of a chip')
    if (imageToJson(fields, value) === text) return value
    throw new BytesError('BYTES_TEXT', 'the state of a chip is not written as the simulator does')
  } catch (cause) {
    if (!(cause instanceof BytesError)) throw cause
    throw new StsafeSimError('SIM_STATE', cause.message, { cause })
  }
}

const longestImage = 64 * 1024 * 1024
