import { closeSync, fstatSync, openSync, readSync, writeSync } from 'node:fs'
import { BoardError } from '../errors.ts'

/**
 * The octets of a flash in a file, so that they outlive the process as those of a chip do.
 * Each octet is stored inverted: a hole of the sparse file reads 00, which is erased flash, FF.
 * Nothing is synchronised to the disk; a killed process loses nothing, a power cut may.
 */
export class FlashFile {
  readonly #descriptor: number
  readonly #path: string
  #isOpen = true

  /** Opens the file, or makes an empty one. @throws BoardError `BOARD_BENCH_STATE` */
  constructor(path: string) {
    this.#path = path
    this.#descriptor = this.#attempt(() => {
      try {
        return openSync(path, 'r+')
      } catch {
        return openSync(path, 'wx+', 0o600)
      }
    })
  }

  /** The content up to the last octet ever written. */
  load(): Uint8Array {
    return this.#attempt(() => {
      const octets = new Uint8Array(fstatSync(this.#descriptor).size)
      for (let offset = 0; offset < octets.length;) {
        const count = readSync(this.#descriptor, octets, offset, octets.length - offset, offset)
        if (count === 0) break
        offset += count
      }
      return inverted(octets)
    })
  }

  write(offset: number, octets: Uint8Array): void {
    this.#attempt(() => {
      const stored = inverted(octets)
      for (let done = 0; done < stored.length;) {
        done += writeSync(this.#descriptor, stored, done, stored.length - done, offset + done)
      }
    })
  }

  /** Nothing can be written afterwards. */
  close(): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    closeSync(this.#descriptor)
  }

  #attempt<T>(act: () => T): T {
    try {
      return act()
    } catch (cause) {
      throw new BoardError('BOARD_BENCH_STATE', `the flash file ${this.#path} fails`, { cause })
    }
  }
}

/** A copy with every bit inverted, four octets at a time. */
function inverted(octets: Uint8Array): Uint8Array {
  const words = new Uint32Array(Math.ceil(octets.length / 4))
  const copy = new Uint8Array(words.buffer, 0, octets.length)
  copy.set(octets)
  for (let index = 0; index < words.length; index++) words[index] = ~(words[index] ?? 0)
  return copy
}
