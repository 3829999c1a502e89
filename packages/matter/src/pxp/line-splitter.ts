import { pxpLimits } from './message-type.ts'

/** A longer line is no frame whatever follows; one character more makes `parseFrame` say `size`. */
const keptLength = pxpLimits.lineLength + 2

/**
 * Cuts a stream of octets into lines without their LF. Octets above 0x7F become Latin-1 characters.
 * Memory is bounded: of an overlong line the first 386 characters are kept.
 */
export class LineSplitter {
  #rest = ''

  /** The lines that end in this piece. */
  push(octets: Uint8Array): readonly string[] {
    const { buffer, byteOffset, length } = octets
    const pieces = Buffer.from(buffer, byteOffset, length).toString('latin1').split('\n')
    const rest = pieces.pop() ?? ''
    const lines: string[] = []
    for (const piece of pieces) {
      lines.push(bounded(this.#rest + piece))
      this.#rest = ''
    }
    this.#rest = bounded(this.#rest + rest)
    return lines
  }

  /** Characters of the line that has not ended yet. */
  get pending(): string {
    return this.#rest
  }

  /** Forgets the unfinished line. */
  clear(): void {
    this.#rest = ''
  }
}

function bounded(text: string): string {
  return text.length > keptLength ? text.slice(0, keptLength) : text
}
