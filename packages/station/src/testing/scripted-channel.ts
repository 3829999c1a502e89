import type { Channel, Line } from '../serial/channel.ts'

/** An act of a driver that never comes back. */
export function never<T>(): Promise<T> {
  return new Promise(() => undefined)
}

/** A line whose driver does what a test tells it. */
export class ScriptedLine implements Line {
  readonly watchMs = 250
  /** The acts of the system in their order, octets as text. */
  readonly acts: string[] = []
  present = true
  readonly #behaviour: Partial<Channel & Pick<Line, 'open'>>
  readonly #pieces: (Uint8Array | undefined)[] = []
  #wake: () => void = () => undefined

  constructor(behaviour: Partial<Channel & Pick<Line, 'open'>> = {}) {
    this.#behaviour = behaviour
  }

  /** Octets arrive; nothing: the line ends. */
  say(text?: string): void {
    this.#pieces.push(text === undefined ? undefined : Buffer.from(text, 'latin1'))
    this.#wake()
  }

  isPresent(): Promise<boolean> {
    return Promise.resolve(this.present)
  }

  async open(): Promise<Channel> {
    this.acts.push('open')
    return this.#behaviour.open?.() ?? this.channel
  }

  get channel(): Channel {
    const behaviour = this.#behaviour
    return {
      read: behaviour.read ?? (() => this.#read()),
      write: (octets) => {
        this.acts.push(`write ${Buffer.from(octets).toString('latin1')}`)
        return behaviour.write?.(octets) ?? Promise.resolve()
      },
      discard: () => {
        this.acts.push('discard')
        return behaviour.discard?.() ?? Promise.resolve()
      },
      close: () => {
        this.acts.push('close')
        return behaviour.close?.() ?? Promise.resolve()
      },
    }
  }

  async #read(): Promise<Uint8Array | undefined> {
    while (this.#pieces.length === 0) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    return this.#pieces.shift()
  }
}
