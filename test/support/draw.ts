import { seededRandom, uniformBelow, type Random } from '@keyline/bytes'

/** Draws values of a seed, the same ones each time. */
export class Draw {
  readonly random: Random

  constructor(seed: string) {
    this.random = seededRandom(seed)
  }

  /** 0 … bound − 1; the bound is at most 2^32. */
  below(bound: number): number {
    return uniformBelow(this.random, bound)
  }

  /** least … most, both included. */
  between(least: number, most: number): number {
    return least + this.below(most - least + 1)
  }

  /** True one time in `times`. */
  once(times: number): boolean {
    return this.below(times) === 0
  }

  octets(length: number): Uint8Array<ArrayBuffer> {
    return this.random.bytes(length)
  }

  pick<T>(choices: readonly [T, ...T[]] | readonly T[]): T {
    const choice = choices[this.below(choices.length)]
    if (choice === undefined) throw new RangeError('there is nothing to pick from')
    return choice
  }

  /** Characters of an alphabet, so many in number. */
  text(alphabet: string, length: number): string {
    const characters = Array.from(alphabet)
    return Array.from({ length }, () => this.pick(characters)).join('')
  }

  /** A whole second of the years 1970 … 2105. */
  second(): Date {
    return new Date(this.below(2 ** 32) * 1_000)
  }
}
