/** Octets that nobody read in time are lost beyond this many, as in a receive buffer. */
const capacity = 65_536

/** Pieces of octets from one writer to one reader, in order. */
export class OctetQueue implements AsyncIterable<Uint8Array> {
  readonly #pieces: Uint8Array[] = []
  #length = 0
  #isEnded = false
  #wake: (() => void) | undefined

  push(octets: Uint8Array): void {
    if (this.#isEnded || octets.length === 0 || this.#length + octets.length > capacity) return
    this.#pieces.push(octets)
    this.#length += octets.length
    this.#wake?.()
  }

  /** No more octets will come; what is queued can still be read. */
  end(): void {
    this.#isEnded = true
    this.#wake?.()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, void> {
    for (;;) {
      const piece = this.#pieces.shift()
      if (piece !== undefined) {
        this.#length -= piece.length
        yield piece
      } else if (this.#isEnded) {
        return
      } else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve
        })
      }
    }
  }
}
