import type { CallOptions } from './programmer.ts'

/** Who a secure element is. */
export interface ElementIdentity {
  /** Serial number of the chip, lower-case hexadecimal. */
  readonly serialNumber: string
  /** Whether the slot of the host keys is filled, and so closed for ever. */
  readonly hasHostKeys: boolean
}

/** What a chip got, as the station proves it afterwards. */
export interface ElementKeyRecord {
  /** Names the keys of this chip in the key store of the host. Never a key. */
  readonly keyId: string
}

/**
 * The secure element beside the microcontroller of a board. Each act opens its own session and ends by itself.
 * Keys are made behind this face and never pass it.
 */
export interface SecureElement {
  /** Asks the chip of a slot who it is; changes nothing. */
  identify(probe: string, options?: Pick<CallOptions, 'signal'>): Promise<ElementIdentity>
  /**
   * Writes host keys of its own for this chip. Irreversible: the caller journals its intent before it, and asks
   * {@link identify} first when it does not know whether an earlier call took effect.
   */
  provisionHostKeys(
    probe: string,
    element: ElementIdentity,
    options?: Pick<CallOptions, 'signal'>,
  ): Promise<ElementKeyRecord>
  /** Proves in a session that host and chip hold the same keys. False: the chip answers with others. */
  proveHostKeys(
    probe: string,
    element: ElementIdentity,
    options?: Pick<CallOptions, 'signal'>,
  ): Promise<boolean>
  /** Puts one symmetric key, wrapped for this chip, into a slot. The same slot again replaces it. */
  provisionKey(
    probe: string,
    element: ElementIdentity,
    slot: number,
    options?: Pick<CallOptions, 'signal'>,
  ): Promise<ElementKeyRecord>
}
