import { ByteReader, ByteWriter, concat } from '@keyline/bytes'
import { decryptGcm, encryptGcm } from '@keyline/crypto'

/** What a record tells of its object without a key; it is authenticated with the object. */
export interface ObjectInfo {
  /** 1 … 2^53 − 1. */
  readonly id: number
  /** Octets of the object. */
  readonly size: number
  readonly flags: number
}

const infoLength = 16
const nonceLength = 12
const tagLength = 16

/** Octets that a record has beyond its object. */
export const recordOverhead = infoLength + nonceLength + tagLength
export const recordNonceLength = nonceLength

/** Nothing when the octets are too few. */
export function readInfo(record: Uint8Array): ObjectInfo | undefined {
  if (record.length < recordOverhead) return undefined
  const reader = new ByteReader(record)
  return {
    id: Number(reader.u64le('id')),
    size: reader.u32le('size'),
    flags: reader.u32le('flags'),
  }
}

/**
 * `id (8, LE) ‖ size (4, LE) ‖ flags (4, LE) ‖ nonce (12) ‖ tag (16) ‖ ciphertext`; the first three are the associated
 * data of AES-256-GCM (provisioning-station section 9.1).
 */
export function sealRecord(input: {
  readonly key: Uint8Array
  readonly nonce: Uint8Array
  readonly info: Omit<ObjectInfo, 'size'>
  readonly data: Uint8Array
}): Uint8Array<ArrayBuffer> {
  const { key, nonce, info, data } = input
  const head = new ByteWriter(infoLength)
    .u64le(BigInt(info.id), 'id')
    .u32le(data.length)
    .u32le(info.flags)
    .finish()
  return concat(head, nonce, encryptGcm({ key, nonce, associatedData: head, plaintext: data }))
}

/** The object of a record that is authentic, whole and filed under its own id. */
export function openRecord(input: {
  readonly key: Uint8Array
  readonly id: number
  readonly record: Uint8Array
}): Uint8Array<ArrayBuffer> | undefined {
  const { key, id, record } = input
  const info = readInfo(record)
  if (info?.id !== id || info.size !== record.length - recordOverhead) return undefined
  return decryptGcm({
    key,
    nonce: record.subarray(infoLength, infoLength + nonceLength),
    associatedData: record.subarray(0, infoLength),
    encrypted: record.subarray(infoLength + nonceLength),
  })
}
