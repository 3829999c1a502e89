import { ByteReader, ByteWriter, equalOctets } from '@keyline/bytes'
import { failed, succeeded, type PsaResult } from '../status/result.ts'
import { PsaStatus } from '../status/status.ts'
import type { KeyAttributes } from './attributes.ts'
import { lifetimeParts, Persistence } from './lifetime.ts'

/** What the file of a persistent key holds; its id is the name of the file. */
export interface KeyFile {
  readonly attributes: Omit<KeyAttributes, 'id'>
  readonly data: Uint8Array
}

const magic = Uint8Array.of(0x50, 0x53, 0x41, 0x00, 0x4b, 0x45, 0x59, 0x00)
const version = 0
/** Octets before the key data. */
export const keyFileHeadLength = 36

/**
 * `"PSA\0KEY\0" ‖ version ‖ lifetime ‖ type (2) ‖ bits (2) ‖ usage ‖ algorithm ‖ second algorithm ‖ length ‖ data`,
 * numbers of four octets where nothing else is said, little endian (section 2.7).
 */
export function encodeKeyFile({ attributes, data }: KeyFile): Uint8Array<ArrayBuffer> {
  return new ByteWriter(keyFileHeadLength + data.length)
    .octets(magic)
    .u32le(version)
    .u32le(attributes.lifetime)
    .u16le(attributes.type)
    .u16le(attributes.bits)
    .u32le(attributes.usage)
    .u32le(attributes.algorithm)
    .u32le(0)
    .u32le(data.length)
    .octets(data)
    .finish()
}

/** DATA_INVALID for a file that is none, STORAGE_FAILURE for one without data (decision D34). */
export function decodeKeyFile(file: Uint8Array): PsaResult<KeyFile> {
  if (file.length < keyFileHeadLength) return failed(PsaStatus.dataInvalid)
  const reader = new ByteReader(file)
  const isKeyFile = equalOctets(reader.octets(magic.length, 'magic'), magic)
  const isVersion = reader.u32le('version') === version
  const attributes = {
    lifetime: reader.u32le('lifetime'),
    type: reader.u16le('type'),
    bits: reader.u16le('bits'),
    usage: reader.u32le('usage'),
    algorithm: reader.u32le('algorithm'),
  }
  reader.u32le('second algorithm')
  const length = reader.u32le('data length')
  const { persistence } = lifetimeParts(attributes.lifetime)
  if (
    !isKeyFile ||
    !isVersion ||
    length > reader.remaining ||
    persistence === Persistence.volatile
  ) {
    return failed(PsaStatus.dataInvalid)
  }
  if (length === 0) return failed(PsaStatus.storageFailure)
  return succeeded({ attributes, data: Uint8Array.from(reader.octets(length, 'data')) })
}
