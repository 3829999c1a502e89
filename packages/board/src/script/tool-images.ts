import { buildFirmwareImage, type FirmwareImageInput } from '../image/firmware-image.ts'
import { magicTrailer } from '../part/slot-layout.ts'

/** An image that a line programs, under the name that it has in X-CUBE-MATTER. */
export interface ToolImage {
  /** Path below the folder of the images. */
  readonly path: string
  readonly octets: Uint8Array
}

const size = 600 * 1024
/** Ends below the area of the coprocessor. */
const wb55Size = 560 * 1024
const u385Size = 256 * 1024
const coprocessorSize = 256 * 1024

type Described = Omit<FirmwareImageInput, 'version' | 'name'> & { readonly version?: string }

const described: Readonly<Record<string, Described>> = {
  'STM32WBA65I-DK1/STM_Provisioning.bin': { kind: 'provisioning-X1', size },
  'STM32WBA65I-DK1/STM_Provisioning_ITS.bin': {
    kind: 'provisioning-X1',
    size,
    stores: ['flash', 'its'],
  },
  'STM32WBA65I-DK1/STM_Provisioning_L1.bin': { kind: 'provisioning-L1', size },
  'STM32WBA65I-DK1/STM_Provisioning_none.bin': { kind: 'provisioning-none', size },
  'STM32WBA65I-DK1/Lighting-App.bin': { kind: 'application', size },
  'STM32WBA65I-DK1/oemirot_tz_ns_app_enc_sign.bin': { kind: 'application', size, isSigned: true },
  'STM32WBA65I-DK1/oemirot_prov_L1_sign.bin': { kind: 'provisioning-L1', size, isSigned: true },
  'STM32WBA65I-DK1/oemirot_prov_L1_tfm_sign.bin': {
    kind: 'provisioning-L1',
    size,
    isSigned: true,
    trustedFirmware: true,
  },
  'NUCLEO-U575ZI-Q/sbsfu_app_enc_sign.bin': { kind: 'application', size, isSigned: true },
  'NUCLEO-U575ZI-Q/sbsfu_prov_L1_sign.bin': { kind: 'provisioning-L1', size, isSigned: true },
  'STM32WB5MM-DK/STM_Provisioning.bin': { kind: 'provisioning-X1', size: wb55Size },
  'STM32WB5MM-DK/STM_Provisioning_L0_test.bin': {
    kind: 'provisioning-L0',
    size: wb55Size,
    mode: 'test',
  },
  'STM32WB5MM-DK/STM_Provisioning_L0_production.bin': {
    kind: 'provisioning-L0',
    size: wb55Size,
    mode: 'production',
  },
  'STM32WB5MM-DK/Lighting-App.bin': { kind: 'application', size: wb55Size },
  'STM32WB5MM-DK/stm32wb5x_BLE_Thread_fw.bin': {
    kind: 'inert',
    size: coprocessorSize,
    version: '1.21.0',
  },
  'NUCLEO-U385RG-Q/RSSe_KW_U375_U385_v1.0.0.bin': { kind: 'inert', size: 16 * 1024 },
  'NUCLEO-U385RG-Q/Initial_Attestation_KWE.bin': { kind: 'attestation', size: u385Size },
}

/** The images for rehearsing each flow, and the magic trailer. The same octets every time. */
export function* toolImages(): Generator<ToolImage> {
  for (const [path, input] of Object.entries(described)) {
    const name = path.replace(/^.*\//, '').replace(/\.bin$/, '')
    yield { path, octets: buildFirmwareImage({ version: '1.0.0', name, ...input }) }
  }
  yield { path: 'MagicTrailerValue.bin', octets: magicTrailer }
}
