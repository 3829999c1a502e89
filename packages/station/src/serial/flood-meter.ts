import { StationError } from '../errors.ts'

export interface FloodLimits {
  /** Octets without a line end. */
  readonly lineOctets: number
  /** Octets between open and close. */
  readonly runOctets: number
}

const lineFeed = 0x0a
const carriageReturn = 0x0d

/** Counts what a line brings, so that an endless one ends. */
export class FloodMeter {
  readonly #limits: FloodLimits
  #run = 0
  #line = 0

  constructor(limits: FloodLimits) {
    this.#limits = limits
  }

  /** @throws StationError `STATION_FLOOD` */
  count(octets: Uint8Array): void {
    const { lineOctets, runOctets } = this.#limits
    this.#run += octets.length
    const end = Math.max(octets.lastIndexOf(lineFeed), octets.lastIndexOf(carriageReturn))
    this.#line = end < 0 ? this.#line + octets.length : octets.length - 1 - end
    if (this.#run > runOctets) throw flood(`more than ${runOctets} octets arrived in one run`)
    if (this.#line > lineOctets)
      throw flood(`more than ${lineOctets} octets came without a line end`)
  }
}

function flood(message: string): StationError {
  return new StationError('STATION_FLOOD', message)
}
