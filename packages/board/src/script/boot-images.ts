import { buildFirmwareImage, type FirmwareImageInput } from '../image/firmware-image.ts'
import { secureImageAddress, slotLayouts, type SlotLayoutName } from '../part/slot-layout.ts'
import type { ScriptFolder } from './script-table.ts'

/** An image with the address that a script programs it at. */
export interface PlacedImage {
  readonly address: number
  readonly octets: Uint8Array
}

/** What the second script of a platform installs. */
export interface BootSet {
  readonly layout: SlotLayoutName
  /** Last secure page of bank 1. */
  readonly lastSecurePage: number
  /** In secure flash, addresses of the secure alias. */
  readonly secure: readonly PlacedImage[]
  /** The provisioning firmware. */
  readonly provisioning: PlacedImage
}

const keysAddress = 0x0c00_4000
const bootAddress = 0x0c00_6000
const provisioningSize = 128 * 1024

const image = (input: Pick<FirmwareImageInput, 'kind' | 'name' | 'size' | 'layout'>): Uint8Array =>
  buildFirmwareImage({ version: '1.0.0', ...input })

/** Boot loader, keys and secure image of a platform, and a provisioning firmware in the primary slot. */
export function bootSet(
  { platform, security }: Pick<ScriptFolder, 'platform' | 'security'>,
  firmware?: Uint8Array,
): BootSet {
  const layout = layoutOf(platform, security)
  const { primary } = slotLayouts[layout]
  const firstOpenPage = (primary - 0x0800_0000) / 8192
  return {
    layout,
    lastSecurePage: firstOpenPage - 1,
    secure: [
      { address: keysAddress, octets: new Uint8Array(64).fill(0x5a) },
      {
        address: bootAddress,
        octets: image({ kind: 'bootloader', name: `oemirot-${layout}`, size: 0x8000, layout }),
      },
      {
        address: secureImageAddress,
        octets: image({ kind: 'inert', name: 'secure', size: 0x4000 }),
      },
    ],
    provisioning: { address: primary, octets: firmware ?? provisioningImageOf(security) },
  }
}

/** The provisioning firmware that a bench installs when none is given: X1. */
function provisioningImageOf(security: ScriptFolder['security']): Uint8Array {
  return buildFirmwareImage({
    kind: 'provisioning-X1',
    name: 'keyline-provisioning',
    version: '1.0.0',
    size: provisioningSize,
    isSigned: true,
    trustedFirmware: security === 2 ? true : undefined,
  })
}

function layoutOf(
  platform: ScriptFolder['platform'],
  security: ScriptFolder['security'],
): SlotLayoutName {
  if (platform === 'u5') return 'u5'
  return security === 2 ? 'wba-tfm' : 'wba'
}
