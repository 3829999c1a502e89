import { BytesError, type Clock } from '@keyline/bytes'
import type { FaultPlan } from '../fault/fault-plan.ts'

export interface WireOptions {
  readonly clock: Clock
  /** Time of one octet; 0: none. */
  readonly octetMs: number
  /** Faults of the board that is connected now. */
  readonly faults: () => FaultPlan
  readonly deliver: (octets: Uint8Array) => void
}

/** One value for all: an error with its stack costs more than a line on the wire. */
const cleared = new BytesError('INTERRUPTED', 'the line was cleared')

/** One direction of a serial line: pieces travel one after the other, each in its time. */
export class Wire {
  readonly #options: WireOptions
  #free: Promise<void> = Promise.resolve()
  #cut = new AbortController()

  constructor(options: WireOptions) {
    this.#options = options
  }

  /** Ends when the last octet has arrived, or the wire was cleared. */
  send(octets: Uint8Array): Promise<void> {
    const { signal } = this.#cut
    this.#free = this.#free.then(() => this.#travel(octets, signal))
    return this.#free
  }

  /** What is under way never arrives. */
  clear(): void {
    this.#cut.abort(cleared)
    this.#cut = new AbortController()
    this.#free = Promise.resolve()
  }

  async #travel(octets: Uint8Array, cut: AbortSignal): Promise<void> {
    const { clock, octetMs, faults, deliver } = this.#options
    if (octetMs > 0 && !cut.aborted) {
      await clock.sleep(octets.length * octetMs, cut).catch(() => undefined)
    }
    if (cut.aborted) return
    deliver(faults().isEmpty ? octets : disturbed(octets, faults()))
  }
}

/** What arrives of the octets under the noise faults. */
function disturbed(octets: Uint8Array, faults: FaultPlan): Uint8Array {
  const { length } = octets
  const lost = new Set(faults.strikesWithin('octet-lost', length))
  const doubled = new Set(faults.strikesWithin('octet-doubled', length))
  const corrupted = new Set([
    ...faults.strikesWithin('octet-corrupted', length),
    ...faults.strikesWithin('noise', length),
  ])
  if (lost.size + doubled.size + corrupted.size === 0) return octets
  const arrived: number[] = []
  for (const [offset, octet] of octets.entries()) {
    if (lost.has(offset)) continue
    const value = corrupted.has(offset) ? octet ^ 1 : octet
    arrived.push(value)
    if (doubled.has(offset)) arrived.push(value)
  }
  return Uint8Array.from(arrived)
}
