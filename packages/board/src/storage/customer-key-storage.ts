import { equalOctets, fromHex, toHex } from '@keyline/bytes'
import { DeviceKey } from './device-key.ts'

/** Slot that the Matter stack of the wireless core uses. */
export const attestationKeySlot = 1

export interface CustomerKeyStorageOptions {
  readonly slots: number
  /** Hexadecimal scalars by slot number, as an earlier process left them. */
  readonly keys?: Readonly<Record<string, string>> | undefined
  readonly onWritten: (keys: Readonly<Record<string, string>>) => void
}

/**
 * Customer key storage of the wireless core (provisioning-station section 9.2): a slot is written once and never
 * read; the core signs with it. No act of the programmer erases it.
 */
export class CustomerKeyStorage {
  readonly #slots: number
  readonly #keys: Map<number, DeviceKey>
  readonly #onWritten: CustomerKeyStorageOptions['onWritten']

  constructor(options: CustomerKeyStorageOptions) {
    this.#slots = options.slots
    this.#onWritten = options.onWritten
    this.#keys = new Map(
      Object.entries(options.keys ?? {}).map(([slot, scalar]) => [
        Number(slot),
        new DeviceKey(fromHex(scalar)),
      ]),
    )
  }

  /** Stores a key. False when the slot holds one already, or there is no such slot. */
  write(slot: number, key: DeviceKey): boolean {
    if (slot < 1 || slot > this.#slots || this.#keys.has(slot)) return false
    this.#keys.set(slot, key)
    this.#onWritten(
      Object.fromEntries(
        Array.from(this.#keys, ([number, stored]) => [number, toHex(stored.secret().reveal())]),
      ),
    )
    return true
  }

  isWritten(slot: number): boolean {
    return this.#keys.has(slot)
  }

  /** 64 octets r ‖ s; `undefined` when the slot is empty or holds the key of another public key. */
  sign(slot: number, publicKey: Uint8Array, message: Uint8Array): Uint8Array | undefined {
    const key = this.#keys.get(slot)
    if (key === undefined || !equalOctets(key.publicKey, publicKey)) return undefined
    return key.sign(message)
  }
}
