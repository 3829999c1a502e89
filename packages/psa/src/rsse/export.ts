import { CryptoError, p256FromEncoded, p256ScalarOf } from '@keyline/crypto'
import {
  type Ccb,
  type CcbResult,
  type DuaKeyName,
  type RdpLevel,
  type WrappedBlob,
  type WrappedUsage,
  type WrappingKeySelection,
} from '../ccb/index.ts'
import { uncompressed } from '../ccb/point.ts'
import { PsaError } from '../errors.ts'
import { encodeContainer } from './container.ts'

/** A simulated chip as the RSSe-KW service finds it. */
export interface RsseChip {
  readonly ccb: Ccb
  readonly rdp: RdpLevel
  /** The debug port, through which the service is loaded. */
  readonly isDebugOpen: boolean
}

export interface RsseExportOptions {
  readonly keyType: DuaKeyName
  readonly usage: WrappedUsage
  readonly wrappingKey: WrappingKeySelection
  readonly isSecure: boolean
  readonly isPrivileged: boolean
  readonly exportPublicKey: boolean
  /** PEM of a P-256 private key that is wrapped in place of the key of the chip. */
  readonly userKey?: Uint8Array | undefined
}

export interface RsseExport {
  /** 112 octets. */
  readonly container: Uint8Array<ArrayBuffer>
  /** `04 ‖ X ‖ Y`, where it was asked for. */
  readonly publicKey?: Uint8Array<ArrayBuffer> | undefined
}

/**
 * `-rssekw`: wraps the device key of a chip, or a user's, for this chip in the named state (decision D18).
 * @throws PsaError `RSSE_UNAVAILABLE`, `DUA_KEY_ABSENT`, `PSA_PARAMETER` for a user key that is none
 */
export function exportDuaKey(chip: RsseChip, options: RsseExportOptions): RsseExport {
  if (chip.rdp === 2 || !chip.isDebugOpen) {
    const why = chip.rdp === 2 ? 'the chip is at RDP level 2' : 'the debug port is closed'
    throw new PsaError('RSSE_UNAVAILABLE', `RSSe service not available in this state: ${why}`)
  }
  const { blob, point } =
    options.userKey === undefined
      ? wrapDeviceKey(chip, options)
      : wrapUserKey(chip, options, options.userKey)
  const [wrappedKey = new Uint8Array()] = blob.parts
  const container = encodeContainer({ ...blob, keyKind: options.keyType, wrappedKey })
  return options.exportPublicKey ? { container, publicKey: uncompressed(point) } : { container }
}

interface Wrapped {
  readonly blob: WrappedBlob
  /** X ‖ Y. */
  readonly point: Uint8Array
}

function wrapDeviceKey(chip: RsseChip, options: RsseExportOptions): Wrapped {
  const target = targetOf(chip, options)
  const wrapped = chip.ccb.wrapDeviceKey(options.keyType, { usage: options.usage, target })
  const point = chip.ccb.devicePublicKey(options.keyType)
  if (wrapped === undefined || point === undefined) {
    throw new PsaError('DUA_KEY_ABSENT', `DUA key absent: the chip has no key ${options.keyType}`)
  }
  return { blob: required(wrapped), point }
}

function wrapUserKey(chip: RsseChip, options: RsseExportOptions, pem: Uint8Array): Wrapped {
  try {
    const pair = p256FromEncoded({ octets: pem })
    using scalar = p256ScalarOf(pair)
    const key = { usage: options.usage, curve: 'P-256', target: targetOf(chip, options) } as const
    const wrapped = chip.ccb.wrapPrivateKey(key, scalar.reveal())
    return { blob: required(wrapped), point: pair.publicKey.point.subarray(1) }
  } catch (cause) {
    if (!(cause instanceof CryptoError)) throw cause
    throw new PsaError('PSA_PARAMETER', `the user key is refused: ${cause.message}`, { cause })
  }
}

function targetOf(chip: RsseChip, { wrappingKey, isSecure, isPrivileged }: RsseExportOptions) {
  return { selection: wrappingKey, state: { rdp: chip.rdp, isSecure, isPrivileged } }
}

function required(result: CcbResult<WrappedBlob>): WrappedBlob {
  if (result.ok) return result.value
  throw new PsaError('PSA_REFUSED', `the key could not be wrapped: ${result.reason}`)
}
