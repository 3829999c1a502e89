import type { WorkOrder } from '@keyline/ledger/records'
import type { FactoryDataProfile } from '@keyline/matter'

/** A firmware image, read and proven against its hash. */
export interface FirmwareImage {
  readonly octets: Uint8Array
  /** 64 lower-case hexadecimal digits. */
  readonly sha256: string
  readonly address: number
}

/** A work order whose every file was read and whose every rule holds. Boards may be touched for it. */
export interface PreparedOrder {
  readonly order: WorkOrder
  readonly profile: FactoryDataProfile
  /** CMS octets of the certification declaration. */
  readonly declaration: Uint8Array
  readonly images: {
    readonly provisioning: FirmwareImage
    readonly application: FirmwareImage
  }
}
