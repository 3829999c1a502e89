import {
  bitFields,
  bits,
  bitChoice,
  choice,
  flag,
  flagSet,
  layout,
  list,
  mapped,
  u16be,
  u32be,
  u8,
  type Field,
} from '@keyline/bytes'

/** Section 3.9.5. A generic secret has 16 to 32 octets. */
export const keyTypeCodes = { 'AES-128': 0, 'AES-256': 1, generic: 2 } as const
export type KeyType = keyof typeof keyTypeCodes

export const keyModeCodes = { 'CCM*': 0, CMAC: 1, ECB: 2, GCM: 3, HKDF: 4, HMAC: 5 } as const
export type KeyModeName = keyof typeof keyModeCodes

/** Unlocked: overwritten and erased. Locked: neither. Erasable: erased, not overwritten. */
export const lockCodes = { unlocked: 0, locked: 1, erasable: 2 } as const
export type LockIndicator = keyof typeof lockCodes

/** What a key may do, two octets. */
export const keyUsage = flagSet(u16be, {
  verifyMac: 0,
  generateMac: 1,
  decrypt: 2,
  encrypt: 3,
  decryptChunks: 4,
  encryptChunks: 5,
  derive: 6,
})
export type KeyUsage = 'verifyMac' | 'generateMac' | 'decrypt' | 'encrypt' | ChunkUsage | 'derive'
type ChunkUsage = 'decryptChunks' | 'encryptChunks'

/** The mode of operation of a key and what it fixes; lengths in octets. */
export type KeyMode =
  | CcmMode
  | { readonly mode: 'CMAC'; readonly minMacLength: number }
  | { readonly mode: 'ECB' }
  | { readonly mode: 'GCM'; readonly tagLength: number }
  | { readonly mode: 'HKDF'; readonly returnable: boolean; readonly keyLength: number }
  | { readonly mode: 'HMAC'; readonly minMacLength: number; readonly keyLength: number }

export interface CcmMode {
  readonly mode: 'CCM*'
  readonly tagLength: number
  /** Where the four octets of the chip's counter replace the nonce, 0 to 9; nothing: no counter. */
  readonly counterOffset?: number | undefined
}

interface KeyAttributesBase {
  readonly type: KeyType
  readonly usage: readonly KeyUsage[]
}

/** Type, mode, usage and parameters: what a key record says of a key beside lock and slot. */
export type KeyAttributes = KeyAttributesBase & KeyMode

/** Key information record of section 5.5. */
export type KeyInformation = KeyAttributes & {
  readonly lock: LockIndicator
  readonly slot: number
}

/** The same without slot number: a derived key finds its slot by itself (section 3.13). */
export type DerivedKeyInformation = KeyAttributes & { readonly lock: LockIndicator }

/** An entry of the key table. The chip sends no parameters for HKDF and HMAC. */
export type KeyTableEntry = KeyAttributesBase & { readonly lock: LockIndicator } & TableMode
type TableMode =
  | (CcmMode & { readonly counter?: number | undefined })
  | { readonly mode: 'CMAC'; readonly minMacLength: number }
  | { readonly mode: 'GCM'; readonly tagLength: number }
  | { readonly mode: 'ECB' | 'HKDF' | 'HMAC' }

export const keyType = choice(u8, keyTypeCodes)
const keyMode = choice(u8, keyModeCodes)
const lockIndicator = choice(u8, lockCodes)

const ccmCounter = mapped(
  bitFields(u8, { present: flag(7), offset: bits(0, 7) }),
  ({ present, offset }) => (present ? offset : undefined),
  (offset: number | undefined) => ({ present: offset !== undefined, offset: offset ?? 0 }),
)

const nothing = layout({})

/** Mode parameters of a key information record, by mode. */
const parameters = {
  'CCM*': layout({ tagLength: u8, counterOffset: ccmCounter }),
  CMAC: layout({ minMacLength: u8 }),
  ECB: nothing,
  GCM: layout({ tagLength: u8 }),
  HKDF: layout({
    returnable: mapped(
      bitFields(u8, { returnable: flag(0) }),
      (byte) => byte.returnable,
      (returnable: boolean) => ({ returnable }),
    ),
    keyLength: u8,
  }),
  HMAC: layout({ minMacLength: u8, keyLength: u8 }),
} as const

const ccmInTable: Field<{
  tagLength: number
  counterOffset: number | undefined
  counter?: number
}> = {
  read(reader, path) {
    const head = parameters['CCM*'].read(reader, path)
    if (head.counterOffset === undefined) return head
    return { ...head, counter: u32be.read(reader, `${path}.counter`) }
  },
  write(writer, value, path) {
    parameters['CCM*'].write(writer, value, path)
    if (value.counterOffset !== undefined) u32be.write(writer, value.counter ?? 0, path)
  },
  min: 2,
  max: 6,
}

/** Mode parameters of an entry of the key table, by mode (section 3.9.4). */
const tableParameters = {
  ...parameters,
  'CCM*': ccmInTable,
  HKDF: nothing,
  HMAC: nothing,
} as const

/** `type ‖ mode ‖ usage ‖ parameters`. */
function attributes<T extends { readonly mode: KeyModeName }>(
  byMode: Readonly<Record<KeyModeName, Field<object>>>,
): Field<KeyAttributesBase & T> {
  return {
    read(reader, path) {
      const type = keyType.read(reader, `${path}.type`)
      const mode = keyMode.read(reader, `${path}.mode`)
      const usage = keyUsage.read(reader, `${path}.usage`)
      const rest = byMode[mode].read(reader, path)
      const record: object = { type, usage, mode, ...rest }
      // The parameters were read by the layout of this very mode, so they are its member of the union.
      return record as KeyAttributesBase & T
    },
    write(writer, value, path) {
      keyType.write(writer, value.type, `${path}.type`)
      keyMode.write(writer, value.mode, `${path}.mode`)
      keyUsage.write(writer, value.usage, `${path}.usage`)
      byMode[value.mode].write(writer, value, path)
    },
    min: 4,
    max: 10,
    notation: `type u8 ‖ mode u8 ‖ usage ${keyUsage.notation ?? ''} ‖ parameters`,
  }
}

const keyAttributes = attributes<KeyMode>(parameters)
const tableAttributes = attributes<TableMode>(tableParameters)

/** `lock ‖ slot ‖ type ‖ mode ‖ usage{2} ‖ parameters`, 6 to 8 octets. */
export const keyInformation: Field<KeyInformation> = {
  read(reader, path) {
    const lock = lockIndicator.read(reader, `${path}.lock`)
    const slot = u8.read(reader, `${path}.slot`)
    return { lock, slot, ...keyAttributes.read(reader, path) }
  },
  write(writer, value, path) {
    lockIndicator.write(writer, value.lock, `${path}.lock`)
    u8.write(writer, value.slot, `${path}.slot`)
    keyAttributes.write(writer, value, path)
  },
  min: 6,
  max: 8,
  notation: `lock u8 ‖ slot u8 ‖ ${keyAttributes.notation ?? ''}`,
}

/** `lock ‖ type ‖ mode ‖ usage{2} ‖ parameters`, 5 to 7 octets. */
export const derivedKeyInformation: Field<DerivedKeyInformation> = {
  read(reader, path) {
    const lock = lockIndicator.read(reader, `${path}.lock`)
    return { lock, ...keyAttributes.read(reader, path) }
  },
  write(writer, value, path) {
    lockIndicator.write(writer, value.lock, `${path}.lock`)
    keyAttributes.write(writer, value, path)
  },
  min: 5,
  max: 7,
  notation: `lock u8 ‖ ${keyAttributes.notation ?? ''}`,
}

const presence = bitFields(u8, { present: flag(0), lock: bitChoice(1, 2, lockCodes) })

/** One slot of the key table; an empty slot is the single octet 00. */
export const keyTableEntry: Field<KeyTableEntry | undefined> = {
  read(reader, path) {
    const { present, lock } = presence.read(reader, path)
    return present ? { lock, ...tableAttributes.read(reader, path) } : undefined
  },
  write(writer, value, path) {
    if (value === undefined) {
      writer.u8(0)
      return
    }
    presence.write(writer, { present: true, lock: value.lock }, path)
    tableAttributes.write(writer, value, path)
  },
  min: 1,
  max: 11,
  notation: `00 | flags u8 ‖ ${tableAttributes.notation ?? ''}`,
}

/** Query tag 23: by slot number, nothing for an empty slot (section 3.9.4). */
export const symmetricKeyTable = list(u8, keyTableEntry, 255)

/** Octets of the key itself: 16, 32, or what the record of a generic secret names. */
export function keyLengthOf(attributes: KeyAttributes): number {
  if (attributes.type === 'AES-128') return 16
  if (attributes.type === 'AES-256') return 32
  return 'keyLength' in attributes ? attributes.keyLength : 0
}
