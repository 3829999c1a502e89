import { equalSecret } from './octets.ts'

/**
 * Owner of secret octets. Hidden from logs, JSON, templates and `util.inspect`.
 * `wipe` overwrites them; the collector may have moved copies, so this is best effort.
 */
export class Secret {
  #octets: Uint8Array

  /** Takes the octets over: the caller must not keep or change them. */
  constructor(octets: Uint8Array) {
    this.#octets = octets
  }

  get length(): number {
    return this.#octets.length
  }

  /** The octets themselves, for the one call that needs them. Do not keep the view. */
  reveal(): Uint8Array {
    return this.#octets
  }

  equals(other: Secret): boolean {
    return equalSecret(this.#octets, other.#octets)
  }

  wipe(): void {
    this.#octets.fill(0)
  }

  [Symbol.dispose](): void {
    this.wipe()
  }

  toString(): string {
    return '[secret]'
  }

  toJSON(): string {
    return '[secret]'
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return '[secret]'
  }
}
