import type { FirmwareKind } from '../image/firmware-image.ts'
import { application } from './application.ts'
import type { Firmware } from './hardware.ts'
import { provisioningX1 } from './provisioning-x1.ts'

/** What each kind of image does when it is started. */
export const firmwareTable: Readonly<Record<FirmwareKind, Firmware>> = {
  'provisioning-X1': provisioningX1,
  application,
  inert: () => Promise.resolve(),
}
