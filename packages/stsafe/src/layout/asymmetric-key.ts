import {
  bitChoice,
  bitFields,
  choice,
  flag,
  layout,
  list,
  u16be,
  u8,
  type Field,
  type ValueOf,
} from '@keyline/bytes'
import { curveId, curvePublicKey, type CurveName, type CurvePublicKey } from './algorithm.ts'

export const ephemeralSlot = 0xff

/** Mode of operation of a private key slot, two octets (section 3.7.1). */
export const privateKeyMode = bitFields(u16be, {
  changeRight: flag(15),
  /** Ed25519: another generation of the ephemeral key than RFC 8032. */
  alternativeEphemeral: flag(8),
  establish: flag(0),
  signExternal: flag(2),
  signInternalAndExternal: flag(3),
  generate: bitChoice(4, 2, { free: 0, host: 1, forbidden: 2, 'forbidden-3': 3 }),
  eddsa: bitChoice(6, 2, { pure: 0, 'pre-hashed': 1, 'reserved-2': 2, 'reserved-3': 3 }),
})
export type PrivateKeyMode = ValueOf<typeof privateKeyMode>

export interface PrivateKeySlot {
  readonly slot: number
  readonly mode: PrivateKeyMode
  /** Nothing: the slot is empty. */
  readonly curve?: CurveName | undefined
}

const present = choice(u8, { absent: 0, present: 1 })

const privateKeySlot: Field<PrivateKeySlot> = {
  read(reader, path) {
    const slot = u8.read(reader, `${path}.slot`)
    const presence = present.read(reader, `${path}.presence`)
    const mode = privateKeyMode.read(reader, `${path}.mode`)
    if (presence === 'absent') return { slot, mode }
    return { slot, mode, curve: curveId.read(reader, `${path}.curve`) }
  },
  write(writer, value, path) {
    u8.write(writer, value.slot, `${path}.slot`)
    present.write(writer, value.curve === undefined ? 'absent' : 'present', path)
    privateKeyMode.write(writer, value.mode, `${path}.mode`)
    if (value.curve !== undefined) curveId.write(writer, value.curve, `${path}.curve`)
  },
  min: 4,
  max: 15,
  notation: `slot u8 ‖ presence u8 ‖ mode ${privateKeyMode.notation ?? ''} ‖ [curve]`,
}

export interface PrivateKeyTable {
  /** 0xFFFF: without limit. */
  readonly globalUsageLimit: number
  readonly slots: readonly PrivateKeySlot[]
}

/** Query tag 14: `count ‖ 00 ‖ global usage limit ‖ slots`. */
export const privateKeyTable: Field<PrivateKeyTable> = {
  read(reader, path) {
    const count = u8.read(reader, `${path}.count`)
    u8.read(reader, `${path}.filler`)
    const globalUsageLimit = u16be.read(reader, `${path}.globalUsageLimit`)
    const slots = Array.from({ length: count }, (_, index) =>
      privateKeySlot.read(reader, `${path}.slots[${index}]`),
    )
    return { globalUsageLimit, slots }
  },
  write(writer, value, path) {
    u8.write(writer, value.slots.length, `${path}.count`)
    writer.u8(0)
    u16be.write(writer, value.globalUsageLimit, `${path}.globalUsageLimit`)
    for (const slot of value.slots) privateKeySlot.write(writer, slot, `${path}.slots`)
  },
  min: 4,
  max: 4 + 255 * privateKeySlot.max,
  notation: `count u8 ‖ 00 ‖ limit u16 ‖ ( ${privateKeySlot.notation ?? ''} )*`,
}

/** Configuration flags of a generic public key slot, two octets (section 3.7.7). */
export const publicKeyFlags = bitFields(u16be, {
  changeRight: flag(0),
  establishSymmetricKeys: flag(1),
  startKekSession: flag(2),
  entityAuthentication: flag(3),
  establishHostKey: flag(4),
})
export type PublicKeyFlags = ValueOf<typeof publicKeyFlags>

export interface PublicKeySlot {
  readonly flags: PublicKeyFlags
  /** Nothing: the slot is empty. */
  readonly key?: CurvePublicKey | undefined
}

/** Query tag 4C: `presence ‖ flags{2} ‖ [curve ‖ public key]`. */
export const publicKeySlot: Field<PublicKeySlot> = {
  read(reader, path) {
    const presence = present.read(reader, `${path}.presence`)
    const flags = publicKeyFlags.read(reader, `${path}.flags`)
    if (presence === 'absent') return { flags }
    return { flags, key: curvePublicKey.read(reader, `${path}.key`) }
  },
  write(writer, value, path) {
    present.write(writer, value.key === undefined ? 'absent' : 'present', path)
    publicKeyFlags.write(writer, value.flags, `${path}.flags`)
    if (value.key !== undefined) curvePublicKey.write(writer, value.key, `${path}.key`)
  },
  min: 3,
  max: 151,
  notation: `presence u8 ‖ flags ${publicKeyFlags.notation ?? ''} ‖ [curve ‖ public key]`,
}

/** Length code of a local envelope key (section 3.12.1). */
export const envelopeKeyCodes = { 'AES-128': 0, 'AES-256': 1 } as const

/** Query tag 07: local envelope key table (section 3.3.4). */
export const localEnvelopeTable = list(
  u8,
  layout({ slot: u8, presence: present, type: choice(u8, envelopeKeyCodes) }),
  255,
)
