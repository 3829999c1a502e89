import {
  bitChoice,
  bitFields,
  bits,
  choice,
  flag,
  layout,
  list,
  listToEnd,
  octets,
  prefixedOctets,
  u32be,
  u8,
  type Field,
  type ValueOf,
} from '@keyline/bytes'

/** Tags of Query and Put Attribute whose layout is known (section 3.3.2). */
export const Tag = {
  localEnvelopeTable: 0x07,
  lifeCycleState: 0x08,
  password: 0x09,
  i2cParameters: 0x0a,
  productData: 0x11,
  partitionTable: 0x12,
  privateKeySlot: 0x13,
  privateKeyTable: 0x14,
  hostKeySlotV1: 0x17,
  symmetricKeyTable: 0x23,
  commandAuthorization: 0x24,
  commandAccess: 0x29,
  commandEncryption: 0x2a,
  hostKeySlotV2: 0x47,
  publicKeyTable: 0x48,
  hostKeyControl: 0x4a,
  symmetricKeyControl: 0x4b,
  publicKeySlot: 0x4c,
  publicKeyFlags: 0x4d,
} as const

/** Two octets (section 3.3.3). */
export const i2cParameters = layout({
  address: bitFields(u8, { address: bits(1, 7) }),
  power: bitFields(u8, {
    locked: flag(0),
    lowPower: bitChoice(1, 2, { none: 0, 'reserved-1': 1, standby: 2, 'reserved-3': 3 }),
    /** Idle time before standby: n means 50 · (n + 1) ms. */
    idle: bits(3, 5),
  }),
})
export type I2cParameters = ValueOf<typeof i2cParameters>

export const lifeCycleCodes = {
  born: 0x01,
  patching: 0x02,
  operational: 0x03,
  terminated: 0x04,
  'born-locked': 0x81,
  'operational-locked': 0x83,
} as const
export type LifeCycleState = keyof typeof lifeCycleCodes

export const lifeCycleState = choice(u8, lifeCycleCodes)

export const passwordLength = 16

/** Query tag 09. */
export const passwordSlot = layout({ presence: u8, remainingTries: u8 })

/** Tags of the product data (section 3.3.5). */
export const ProductTag = {
  maskId: 0x01,
  stNumber: 0x02,
  ioBufferSize: 0x03,
  atomicityBufferSize: 0x04,
  nvmSize: 0x05,
  testDate: 0x06,
  internalVersion: 0x07,
  moduleDate: 0x08,
  firmwareTraceability: 0x09,
  blackBoxTraceability: 0x0a,
  persoId: 0x0b,
  persoBatchId: 0x0c,
  persoDate: 0x0d,
} as const

/** Query tag 11: `tag u8 ‖ length u8 ‖ value` up to the end. */
export const productData = listToEnd(layout({ tag: u8, value: prefixedOctets(u8, 255) }), 64)
export type ProductData = ValueOf<typeof productData>

/** The serial number among the product data, or nothing. */
export function stNumberIn(data: ProductData): Uint8Array | undefined {
  return data.find(({ tag }) => tag === ProductTag.stNumber)?.value
}

const u24be: Field<number> = {
  read: (reader, path) => (reader.u8(path) << 16) | reader.u16be(path),
  write(writer, value, path) {
    writer.u8(value >>> 16, path)
    writer.u16be(value & 0xffff, path)
  },
  min: 3,
  max: 3,
  notation: 'u24',
}

export const hostKeyTypeCodes = { 'AES-128': 0, 'AES-256': 1 } as const
export type HostKeyType = keyof typeof hostKeyTypeCodes
export const hostKeyType = choice(u8, hostKeyTypeCodes)

/** Octets of each of the two host keys. */
export const hostKeyLength = { 'AES-128': 16, 'AES-256': 32 } as const

/** Query tag 17 of A100 and A110. */
export const hostKeySlotV1 = layout({ presence: u8, counter: u24be })

/** Query tag 47 of A120. */
export const hostKeySlotV2 = layout({ presence: u8, type: hostKeyType, counter: u32be })

/** Put tag 17. */
export const hostKeysV1 = layout({ macKey: octets(16), cipherKey: octets(16) })

/** No public key slot has to sign. */
export const noSigner = 0xff

/** Control fields of the host key slot, tag 4A (section 5.1). */
export const hostKeyControl = layout({
  allowed: bitFields(u8, {
    wrappedAnonymous: flag(0),
    plaintext: flag(1),
    reprovision: flag(2),
    changeRight: flag(3),
  }),
  signerSlot: u8,
})
export type HostKeyControl = ValueOf<typeof hostKeyControl>

/** Control fields of a symmetric key slot, tag 4B (section 5.1). */
export const symmetricKeyControl = layout({
  allowed: bitFields(u8, {
    establishAnonymous: flag(0),
    wrappedAnonymous: flag(1),
    put: flag(2),
    changeRight: flag(3),
    plaintext: flag(4),
    derived: flag(5),
  }),
  wrappedSignerSlot: u8,
  establishSignerSlot: u8,
})
export type SymmetricKeyControl = ValueOf<typeof symmetricKeyControl>

/** Access condition of a command (section 3.2). */
export const commandAccessCodes = {
  never: 0,
  free: 1,
  admin: 2,
  host: 3,
  'admin-or-password': 4,
  'admin-or-host': 5,
} as const
export type CommandAccess = keyof typeof commandAccessCodes

/** A command code as it stands in records: one octet, or 1F and the extended code. */
export const commandCode: Field<number> = {
  read(reader, path) {
    const code = reader.u8(path)
    return code === 0x1f ? 0x1f00 | reader.u8(path) : code
  },
  write(writer, value, path) {
    if (value > 0xff) writer.u16be(value, path)
    else writer.u8(value, path)
  },
  min: 1,
  max: 2,
  notation: 'code',
}

export const commandAccess = choice(u8, commandAccessCodes)

/** Which payloads of an exchange are encrypted. */
export const encryptionFlags = bitFields(u8, { response: flag(0), command: flag(1) })

export const authorizationRecord = layout({
  code: commandCode,
  access: commandAccess,
  encryption: encryptionFlags,
})
export type AuthorizationRecord = ValueOf<typeof authorizationRecord>

/** Query tag 24 (section 3.3.7). */
export const commandAuthorization = layout({
  changeRights: bitFields(u8, { encryption: flag(0), access: flag(1) }),
  records: list(u8, authorizationRecord, 255),
})

/** Put tag 29; possible once. */
export const commandAccessRecords = list(
  u8,
  layout({ code: commandCode, access: commandAccess }),
  255,
)

/** Put tag 2A; possible once. */
export const commandEncryptionRecords = list(
  u8,
  layout({ code: commandCode, encryption: encryptionFlags }),
  255,
)
