import { toHex } from '@keyline/bytes'
import { sha256 } from '@keyline/crypto'
import type { Memory } from '../flash/memory.ts'
import {
  firmwareHeaderLimit,
  inertFirmware,
  readFirmwareHeader,
  type FirmwareIdentity,
} from './firmware-image.ts'

/** A foreign image that the model knows by its hash. */
export interface RegisteredFirmware {
  readonly identity: FirmwareIdentity
  /** 64 lower-case hexadecimal digits over `size` octets. */
  readonly sha256: string
  readonly size: number
}

/** Says what stands at the boot address: by its header, else by its hash, else it is inert. */
export function recogniseFirmware(
  flash: Pick<Memory, 'read'>,
  bootAddress: number,
  registered: readonly RegisteredFirmware[],
): FirmwareIdentity {
  const header = readFirmwareHeader(flash.read(bootAddress, firmwareHeaderLimit))
  if (header !== undefined) return header
  const match = registered.find(
    (firmware) => toHex(sha256(flash.read(bootAddress, firmware.size))) === firmware.sha256,
  )
  return match?.identity ?? inertFirmware
}
