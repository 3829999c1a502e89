import type { FirmwareImageInput } from './firmware-image.ts'

export interface ExampleImage extends FirmwareImageInput {
  /** Name in `examples/images`. */
  readonly file: string
}

const size = 600 * 1024

/** The simulated images that stand in `examples/images`, as `buildFirmwareImage` makes them. */
export const exampleImages: readonly ExampleImage[] = [
  {
    file: 'stm32wba65-provisioning-x1.bin',
    kind: 'provisioning-X1',
    name: 'keyline-provisioning-stm32wba65',
    version: '1.0.0',
    size,
  },
  {
    file: 'stm32wba65-application.bin',
    kind: 'application',
    name: 'keyline-application-stm32wba65',
    version: '1.0.0',
    size,
  },
  {
    file: 'stm32wba65-tfm-application.bin',
    kind: 'application',
    name: 'keyline-application-stm32wba65-tfm',
    version: '1.0.0',
    size,
    isSigned: true,
  },
  {
    file: 'stm32u385-rsse-kw.bin',
    kind: 'inert',
    name: 'RSSe_KW_U375_U385',
    version: '1.0.0',
    size: 16 * 1024,
  },
  {
    file: 'stm32u385-application.bin',
    kind: 'attestation',
    name: 'keyline-application-stm32u385',
    version: '1.0.0',
    size: 256 * 1024,
    isSigned: true,
  },
]
