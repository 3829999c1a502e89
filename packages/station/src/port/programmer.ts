import { isKeylineError } from '@keyline/bytes'

/** A debug probe with the board behind it, as the programmer lists it. */
export interface Probe {
  /** Serial number of the probe: the only stable name of a place on the bench. */
  readonly serialNumber: string
  readonly boardName: string
  /** Serial port of the same probe; absent where the board has none. */
  readonly port?: string
}

/** What the programmer reads from the target when it connects. */
export interface Target {
  /** 0x4B0 STM32WBA6, 0x495 STM32WB55, 0x482 STM32U575. */
  readonly deviceId: number
  readonly deviceName: string
  /** 96-bit unique id, 12 octets; zeros where a read-out protection keeps it. */
  readonly uid: Uint8Array
  /** Level of the read-out protection. */
  readonly rdp: 0 | 1 | 2
}

export interface CallOptions {
  readonly signal?: AbortSignal | undefined
  /** Connects with a pulse on the reset line, for a target that did not answer. */
  readonly underReset?: boolean | undefined
}

/**
 * The debug port of boards. Each call ends by itself. When it did not succeed, it throws a typed error with the class
 * of provisioning-station section 4.4 in `details.class`.
 */
export interface Programmer {
  list(options?: CallOptions): Promise<readonly Probe[]>
  connect(probe: string, options?: CallOptions): Promise<Target>
  /** Erases the touched pages, programs and verifies. */
  download(probe: string, address: number, octets: Uint8Array, options?: CallOptions): Promise<void>
  read(probe: string, address: number, length: number, options?: CallOptions): Promise<Uint8Array>
  reset(probe: string, options?: CallOptions): Promise<void>
}

/** The probe is there, but the microcontroller did not answer: the call has changed nothing. */
export function isNoTarget(error: unknown): boolean {
  return isKeylineError(error) && error.details['class'] === 'no-target'
}
