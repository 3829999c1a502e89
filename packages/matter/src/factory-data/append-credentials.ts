import { ByteWriter, type Secret } from '@keyline/bytes'
import { endMarker, Tag } from './factory-data.ts'

/** What a provisioning run adds to an image. */
export interface Credentials {
  /** X.509 DER. */
  readonly dac: Uint8Array
  /** X.509 DER. */
  readonly pai: Uint8Array
  /** `04 ‖ X ‖ Y`, 65 octets. */
  readonly publicKey: Uint8Array
  /** Only where the key rests in readable flash; absent when secure storage holds it. */
  readonly privateKey?: Secret | undefined
}

export interface AppendOptions {
  /** Octets from the start of the region that are searched and written back (`credentialWindow`). */
  readonly window: number
}

/**
 * Why nothing was appended. ST's firmware reports all of them as `finish:001`;
 * `no-room` is ours, its firmware would write past its buffer.
 */
export type AppendRefusal =
  | 'erased'
  | 'already-provisioned'
  | 'no-marker'
  | 'only-marker'
  | 'no-room'

export type AppendResult =
  | { readonly ok: true; readonly region: Uint8Array<ArrayBuffer> }
  | { readonly ok: false; readonly reason: AppendRefusal }

/**
 * The region after the provisioning firmware has written the credentials (matter-factory-data 1.7):
 * records 3, 4, 6 and perhaps 5 take the place of the end marker, behind them marker and an erased length.
 * A record 5 that is already there is not noticed, as in ST's firmware. What lies behind the window is erased.
 */
export function appendCredentials(
  region: Uint8Array,
  credentials: Credentials,
  options: AppendOptions,
): AppendResult {
  const window = Math.min(options.window, region.length)
  const place = findMarker(region.subarray(0, window))
  if (typeof place === 'string') return { ok: false, reason: place }
  const records = encodeRecords(credentials)
  if (place + records.length > window) return { ok: false, reason: 'no-room' }
  const written = new Uint8Array(region.length).fill(0xff)
  written.set(region.subarray(0, window))
  written.set(records, place)
  return { ok: true, region: written }
}

const credentialTags: ReadonlySet<number> = new Set([
  Tag.dacCertificate,
  Tag.paiCertificate,
  Tag.dacPublicKey,
])

/** Offset of the end marker, or why credentials may not be appended. */
function findMarker(window: Uint8Array): number | AppendRefusal {
  const view = new DataView(window.buffer, window.byteOffset, window.byteLength)
  let offset = 0
  while (offset + 8 <= window.length) {
    const tag = view.getUint32(offset, true)
    const length = view.getUint32(offset + 4, true)
    if (tag === 0xffff_ffff && length === 0xffff_ffff) return offset === 0 ? 'erased' : 'no-marker'
    if (tag === endMarker) return offset === 0 ? 'only-marker' : offset
    if (credentialTags.has(tag)) return 'already-provisioned'
    offset += 8 + length
  }
  return 'no-marker'
}

function encodeRecords(credentials: Credentials): Uint8Array {
  const writer = new ByteWriter(1400)
  const record = (tag: number, value: Uint8Array): void => {
    writer.u32le(tag).u32le(value.length).octets(value)
  }
  record(Tag.dacCertificate, credentials.dac)
  record(Tag.paiCertificate, credentials.pai)
  record(Tag.dacPublicKey, credentials.publicKey)
  if (credentials.privateKey !== undefined) {
    record(Tag.dacPrivateKey, credentials.privateKey.reveal())
  }
  return writer.u32le(endMarker).u32le(0xffff_ffff).finish()
}
