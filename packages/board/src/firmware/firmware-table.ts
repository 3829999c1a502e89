import type { FirmwareKind } from '../image/firmware-image.ts'
import { attestationApplication } from './attestation-application.ts'
import { application } from './application.ts'
import type { Firmware } from './hardware.ts'
import { provisioningL0, provisioningL1, provisioningNone } from './provisioning-demo.ts'
import { provisioningX1 } from './provisioning-x1.ts'

/** What each kind of image does when it is started. */
export const firmwareTable: Readonly<Record<FirmwareKind, Firmware>> = {
  'provisioning-L0': provisioningL0,
  'provisioning-L1': provisioningL1,
  'provisioning-X1': provisioningX1,
  'provisioning-none': provisioningNone,
  application,
  attestation: attestationApplication,
  bootloader: () => Promise.resolve(),
  inert: () => Promise.resolve(),
}
