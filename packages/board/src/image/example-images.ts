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
]
