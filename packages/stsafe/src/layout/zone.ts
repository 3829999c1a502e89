import {
  bitChoice,
  bitFields,
  bits,
  choice,
  flag,
  list,
  mapped,
  u16be,
  u32be,
  u8,
  type Field,
} from '@keyline/bytes'

/** Access condition of a zone (section 3.6.1), from weak to strong. */
export const zoneAccessCodes = {
  always: 0,
  host: 1,
  'authenticated-host': 6,
  never: 7,
} as const
export type ZoneAccess = keyof typeof zoneAccessCodes

export const zoneTypeCodes = { data: 0, counter: 1 } as const
export type ZoneType = keyof typeof zoneTypeCodes

/** The AC octet of a zone: update stands for decrement on a counter zone. */
export const zoneConditions = bitFields(u8, {
  readChangeRight: flag(7),
  readAccess: bitChoice(4, 3, zoneAccessCodes),
  updateChangeRight: flag(3),
  updateAccess: bitChoice(0, 3, zoneAccessCodes),
})

export interface ZoneEntry {
  readonly index: number
  readonly type: ZoneType
  readonly readChangeRight: boolean
  readonly readAccess: ZoneAccess
  readonly updateChangeRight: boolean
  readonly updateAccess: ZoneAccess
  /** Data of the zone in octets. */
  readonly length: number
  /** Of a counter zone only. */
  readonly counter?: number | undefined
}

const zoneType = choice(u8, zoneTypeCodes)

/** `index ‖ type ‖ AC ‖ length ‖ [counter]`. */
export const zoneEntry: Field<ZoneEntry> = {
  read(reader, path) {
    const index = u8.read(reader, `${path}.index`)
    const type = zoneType.read(reader, `${path}.type`)
    const conditions = zoneConditions.read(reader, path)
    const length = u16be.read(reader, `${path}.length`)
    const head = { index, type, ...conditions, length }
    return type === 'data' ? head : { ...head, counter: u32be.read(reader, `${path}.counter`) }
  },
  write(writer, value, path) {
    u8.write(writer, value.index, `${path}.index`)
    zoneType.write(writer, value.type, `${path}.type`)
    zoneConditions.write(writer, value, path)
    u16be.write(writer, value.length, `${path}.length`)
    if (value.type === 'counter') u32be.write(writer, value.counter ?? 0, `${path}.counter`)
  },
  min: 5,
  max: 9,
  notation: `index u8 ‖ type u8 ‖ AC ${zoneConditions.notation ?? ''} ‖ length u16 ‖ [counter u32]`,
}

/** Query tag 12: data partition configuration. */
export const partitionTable = list(u8, zoneEntry, 255)

export interface AccessChange {
  readonly access: ZoneAccess
  /** Whether the condition may be changed again. */
  readonly changeRight: boolean
}

export interface ZoneOption {
  /** The new condition; nothing leaves it as it is. */
  readonly change?: AccessChange | undefined
  /** Update only. */
  readonly atomic?: boolean | undefined
}

/** Option octet of read, update and decrement (section 3.6.2). */
export const zoneOption: Field<ZoneOption> = mapped(
  bitFields(u8, { access: bits(0, 3), changeRight: flag(3), change: flag(4), atomic: flag(7) }),
  ({ access, changeRight, change, atomic }, path) =>
    change ? { change: { access: accessOf(access, path), changeRight }, atomic } : { atomic },
  ({ change, atomic }: ZoneOption) => ({
    access: change === undefined ? 0 : zoneAccessCodes[change.access],
    changeRight: change?.changeRight ?? false,
    change: change !== undefined,
    atomic: atomic ?? false,
  }),
)

const access = bitChoice(0, 3, zoneAccessCodes)

function accessOf(code: number, path: string): ZoneAccess {
  return access.read(code, `${path}.access`)
}
