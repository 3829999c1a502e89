import type { BusAnswer, BusRequest } from '../layout/byte-stream.ts'

/**
 * One end of an I2C bus with a chip on it (section 1.1). It moves octets and knows nothing of frames.
 * A missing acknowledge and a bus error are answers, not exceptions: who polls decides what they mean.
 */
export interface Transport {
  /** How messages call the bus: `i2c:///dev/i2c-1?address=0x20`. */
  readonly name: string
  /**
   * One transaction. A read gives exactly the octets that were asked for.
   * @throws StsafeError `STSAFE_BUS` when the bus is gone; BytesError `INTERRUPTED`
   */
  transfer(request: BusRequest, signal?: AbortSignal): Promise<BusAnswer>
  close(): Promise<void>
}
