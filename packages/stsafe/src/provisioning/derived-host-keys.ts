import { concat, encodeUtf8, Secret } from '@keyline/bytes'
import { StsafeError } from '../errors.ts'
import {
  hostKeyLength,
  stNumberIn,
  type HostKeyType,
  type ProductData,
} from '../layout/attribute.ts'
import type { TypedHostKeys } from './host-keys.ts'

/** A master key behind a handle: it never enters the library. */
export interface MasterKey {
  /** HKDF-SHA-256 with an empty salt. */
  derive(info: Uint8Array, length: number): Promise<Secret> | Secret
}

const label = encodeUtf8('keyline host key')
const stNumberLength = 9

/** The 9 octets that name a part. @throws StsafeError `STSAFE_ARGUMENT` when its product data have none */
export function stNumberOf(data: ProductData): Uint8Array {
  const found = stNumberIn(data)
  if (found?.length === stNumberLength) return found
  throw new StsafeError('STSAFE_ARGUMENT', 'the product data of the part have no ST number')
}

/** The host keys of one part, made of a master key and its ST number, so that no list has to be kept (section 7.8). */
export async function deriveHostKeys(
  master: MasterKey,
  stNumber: Uint8Array,
  type: HostKeyType,
): Promise<TypedHostKeys> {
  const length = hostKeyLength[type]
  using stream = await master.derive(concat(label, stNumber), 2 * length)
  if (stream.length !== 2 * length) {
    const message = `the master key gave ${stream.length} octets instead of ${2 * length}`
    throw new StsafeError('STSAFE_ARGUMENT', message)
  }
  return {
    type,
    macKey: new Secret(stream.reveal().slice(0, length)),
    cipherKey: new Secret(stream.reveal().slice(length)),
  }
}
