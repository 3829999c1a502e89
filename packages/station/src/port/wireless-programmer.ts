import type { CallOptions } from './programmer.ts'

/** What a programmer does beyond writing and reading: the whole chip, its option bytes, its wireless coprocessor. */
export interface WirelessProgrammer {
  /** Erases the internal flash. */
  eraseAll(probe: string, options?: CallOptions): Promise<void>
  /** Programs option bytes by their names; they take effect at the next reset at the latest. */
  setOptionBytes(
    probe: string,
    values: Readonly<Record<string, number>>,
    options?: CallOptions,
  ): Promise<void>
  /** Destroys the first pages of the user flash. */
  startWirelessStack(probe: string, options?: CallOptions): Promise<void>
  /**
   * Sets the option bytes that start the update service, then writes the firmware of the coprocessor.
   * @param file absolute path
   */
  upgradeCoprocessor(
    probe: string,
    address: number,
    file: string,
    options?: CallOptions,
  ): Promise<void>
}
