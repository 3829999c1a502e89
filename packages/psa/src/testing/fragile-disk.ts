import type { FolderFiles } from '../its/index.ts'

/** The power went. */
export class PowerCut extends Error {}

/** What an act fails with, as the file system names it. */
export class DiskError extends Error {
  readonly code: string

  constructor(code: string) {
    super(code)
    this.code = code
  }
}

/**
 * A folder on a disk with a cache: content and names are lasting only once they are synchronised. The power goes at a
 * chosen act; a file that is being written is then left with any part of its octets.
 */
export class FragileDisk {
  readonly #lasting = new Map<string, Uint8Array>()
  readonly #seen = new Map<string, Uint8Array>()
  #acts = 0
  #cutAt = Number.POSITIVE_INFINITY
  #torn = 0
  #fails: string | undefined

  /** Acts so far that change the disk. */
  get acts(): number {
    return this.#acts
  }

  /** The power goes at this act; of a file that is being written then, so much of one is left. */
  cutAt(act: number, torn: number): void {
    this.#cutAt = act
    this.#torn = torn
  }

  /** The next file that is written fails with this code. */
  failNext(code: string): void {
    this.#fails = code
  }

  /** What the disk holds after a start: names and contents that were synchronised. */
  files(): FolderFiles {
    const seen = this.#seen
    return {
      names: () => [...seen.keys()],
      read: (name) => seen.get(name)?.slice(),
      writeDurably: (name, octets) => {
        const code = this.#fails
        this.#fails = undefined
        if (code !== undefined) {
          seen.set(name, octets.slice(0, 3))
          throw new DiskError(code)
        }
        this.#act(() => seen.set(name, octets.slice(0, Math.floor(this.#torn * octets.length))))
        seen.set(name, octets.slice())
      },
      rename: (from, to) => {
        this.#act(() => undefined)
        seen.set(to, seen.get(from) ?? new Uint8Array())
        seen.delete(from)
      },
      remove: (name) => {
        this.#act(() => undefined)
        seen.delete(name)
      },
      sync: () => {
        this.#act(() => undefined)
        this.#lasting.clear()
        for (const [name, octets] of seen) this.#lasting.set(name, octets)
      },
    }
  }

  /** Starts again: without the names that were not synchronised, or with them, as the disk pleases. */
  restart(isCacheKept: boolean): void {
    this.#cutAt = Number.POSITIVE_INFINITY
    if (isCacheKept) return
    this.#seen.clear()
    for (const [name, octets] of this.#lasting) this.#seen.set(name, octets)
  }

  #act(whenCut: () => unknown): void {
    if (this.#acts === this.#cutAt) {
      whenCut()
      throw new PowerCut('the power went')
    }
    this.#acts++
  }
}
