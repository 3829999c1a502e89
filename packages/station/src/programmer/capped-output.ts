import { concat } from '@keyline/bytes'

/** Octets kept of the start, where the connection stands, and of the end, where the results are. */
const keptHead = 65_536
const keptTail = 196_608

/** What a process printed, bounded: of a flood its start and its end are kept. */
export class CappedOutput {
  readonly #head: Uint8Array[] = []
  #headLength = 0
  #tail: Uint8Array[] = []
  #tailLength = 0
  #isCut = false

  /** Whether something between start and end was dropped. */
  get isCut(): boolean {
    return this.#isCut
  }

  push(part: Uint8Array): void {
    const room = keptHead - this.#headLength
    if (room > 0) {
      this.#head.push(part.slice(0, room))
      this.#headLength += Math.min(room, part.length)
    }
    if (part.length <= room) return
    this.#tail.push(part.slice(Math.max(0, room)))
    this.#tailLength += part.length - Math.max(0, room)
    // Compacted now and then, not at each part: a flood of small ones would be copied over and over.
    if (this.#tailLength > 2 * keptTail) this.#compact()
  }

  text(): string {
    if (this.#tailLength > keptTail) this.#compact()
    const between = this.#isCut ? [new TextEncoder().encode('\n[…]\n')] : []
    return new TextDecoder().decode(concat(...this.#head, ...between, ...this.#tail))
  }

  #compact(): void {
    const kept = concat(...this.#tail).slice(-keptTail)
    this.#isCut ||= kept.length < this.#tailLength
    this.#tail = [kept]
    this.#tailLength = kept.length
  }
}

const longSecrets = /(?:0x)?[0-9a-fA-F]{48,}|[A-Za-z0-9+/_-]{80,}={0,2}/g

/** The text without the words that must stay here, and without anything as long as a key. */
export function maskSecrets(text: string, secrets: readonly string[] = []): string {
  const shown = secrets
    .filter((secret) => secret !== '')
    .reduce((masked, secret) => masked.replaceAll(secret, '[masked]'), text)
  return shown.replace(longSecrets, '[masked]')
}
