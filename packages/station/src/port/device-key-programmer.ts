import type { CallOptions } from './programmer.ts'

/** A key of the chip as it leaves it: wrapped, for this chip alone. */
export interface WrappedKey {
  /** 112 octets (attestation 6.2). */
  readonly container: Uint8Array
  /** `04 ‖ X ‖ Y`. */
  readonly publicKey: Uint8Array
}

export interface WrappedKeyRequest {
  /** The device key for free use, or that for use under a licence. */
  readonly key: 'FU' | 'LU'
  /** Absolute path of the RSSe-KW binary. */
  readonly service: string
}

/** The debug port of boards whose chips bring a key from their foundry. */
export interface DeviceKeyProgrammer {
  /**
   * Has the chip wrap its device key for signing, in the state that it is in: another level of the read-out protection
   * makes another wrapping key. The core stands still until the next reset. Source: attestation chapter 6.
   */
  exportWrappedKey(
    probe: string,
    request: WrappedKeyRequest,
    options?: CallOptions,
  ): Promise<WrappedKey>
}
