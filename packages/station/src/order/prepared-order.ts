import type { DeviceOrder, WorkOrder } from '@keyline/ledger/records'
import type { FactoryData, FactoryDataProfile } from '@keyline/matter'
import type { ChipAuthority } from './check-attestation.ts'

/** A firmware image, read and proven against its hash. */
export interface FirmwareImage {
  readonly octets: Uint8Array
  /** 64 lower-case hexadecimal digits. */
  readonly sha256: string
  readonly address: number
}

/** Firmware that the programmer reads from its file. */
export interface CoprocessorImage extends FirmwareImage {
  /** Absolute path. */
  readonly file: string
}

/** The images of an order; which of them there are depends on platform and security level. */
export interface OrderImages {
  /** Absent where the platform scripts install it. */
  readonly provisioning?: FirmwareImage | undefined
  readonly application: FirmwareImage
  readonly coprocessor?: CoprocessorImage | undefined
  /** Present exactly where a boot loader installs the application. */
  readonly magicTrailer?: FirmwareImage | undefined
}

/** A work order whose every file was read and whose every rule holds. Boards may be touched for it. */
export interface PreparedOrder {
  readonly order: WorkOrder
  readonly profile: FactoryDataProfile
  /** CMS octets of the certification declaration. */
  readonly declaration: Uint8Array
  readonly images: OrderImages
  /** The authorities of chips that the order names. */
  readonly chipAuthorities?: readonly ChipAuthority[] | undefined
  /** Absolute path of the folder that the order names for the platform scripts. */
  readonly scriptsFolder?: string | undefined
  /** Factory data of units whose identity was made elsewhere, by the serial number that the ledger names them with. */
  readonly given?: ReadonlyMap<string, FactoryData> | undefined
}

/** An order for boards without Matter whose every file was read and whose every rule holds. */
export interface PreparedDeviceOrder {
  readonly order: DeviceOrder
  readonly images: OrderImages
  readonly chipAuthorities: readonly ChipAuthority[]
  /** Absolute path of the RSSe-KW binary. */
  readonly service: string
}

/** What boards may be touched for. */
export type AnyPreparedOrder = PreparedOrder | PreparedDeviceOrder

export function isForDevices(prepared: AnyPreparedOrder): prepared is PreparedDeviceOrder {
  return prepared.order.platform === 'u3'
}
