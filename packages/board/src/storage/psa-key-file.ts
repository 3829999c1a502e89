import { ByteWriter, equalOctets } from '@keyline/bytes'
import { PsaStatus, psaValue, type PsaResult } from './psa-status.ts'

/** `psa_key_attributes_t`. */
export interface PsaKeyAttributes {
  /** Location (24 bits) and persistence (8 bits). */
  readonly lifetime: number
  readonly id: number
  readonly type: number
  readonly bits: number
  readonly usage: number
  readonly algorithm: number
}

export const psaLifetime = { volatile: 0x0000_0000, persistent: 0x0000_0001 } as const
export const psaUsage = {
  export: 0x1,
  signMessage: 0x400,
  signHash: 0x1000,
} as const
export const psaType = { eccPairSecpR1: 0x7112 } as const
export const psaAlgorithm = { ecdsaSha256: 0x0600_0609 } as const

/** Signing a hash implies signing a message; the implied bit is stored. */
export function withImpliedUsage(usage: number): number {
  return (usage & psaUsage.signHash) === 0 ? usage : usage | psaUsage.signMessage
}

export interface PsaKeyFile {
  readonly attributes: Omit<PsaKeyAttributes, 'id'>
  readonly data: Uint8Array
}

const magic = Uint8Array.of(0x50, 0x53, 0x41, 0x00, 0x4b, 0x45, 0x59, 0x00)
const headLength = 36

/** The file of a persistent key: its attributes and its data. */
export function encodeKeyFile({ attributes, data }: PsaKeyFile): Uint8Array<ArrayBuffer> {
  const { lifetime, type, bits, usage, algorithm } = attributes
  return new ByteWriter(headLength + data.length)
    .octets(magic)
    .u32le(0)
    .u32le(lifetime)
    .u16le(type)
    .u16le(bits)
    .u32le(withImpliedUsage(usage))
    .u32le(algorithm)
    .u32le(0)
    .u32le(data.length)
    .octets(data)
    .finish()
}

/** DATA_INVALID for a file of another kind, STORAGE_FAILURE for one without data. */
export function decodeKeyFile(file: Uint8Array): PsaResult<PsaKeyFile> {
  if (file.length < headLength || !equalOctets(file.subarray(0, 8), magic)) return invalid
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength)
  const length = view.getUint32(32, true)
  const lifetime = view.getUint32(12, true)
  const isPersistent = (lifetime & 0xff) !== 0
  if (view.getUint32(8, true) !== 0 || headLength + length > file.length || !isPersistent) {
    return invalid
  }
  if (length === 0) return { status: PsaStatus.storageFailure }
  return psaValue({
    attributes: {
      lifetime,
      type: view.getUint16(16, true),
      bits: view.getUint16(18, true),
      usage: view.getUint32(20, true),
      algorithm: view.getUint32(24, true),
    },
    data: file.slice(headLength, headLength + length),
  })
}

const invalid = { status: PsaStatus.dataInvalid } as const
