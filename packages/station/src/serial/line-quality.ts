/** Enough to tell noise from a word. */
const fewestOctets = 64
/** Firmware of profile L0 sends up to a third of undefined octets; at another bit rate most of them are. */
const mostForeign = 0.5

/** Tells text from what a line carries at another bit rate, or with framing errors. */
export class LineQuality {
  #octets = 0
  #foreign = 0

  count(octets: Uint8Array): void {
    this.#octets += octets.length
    for (const octet of octets) if (!isText(octet)) this.#foreign++
  }

  /** Most of what came is no text. */
  get isGarbled(): boolean {
    return this.#octets >= fewestOctets && this.#foreign > this.#octets * mostForeign
  }
}

function isText(octet: number): boolean {
  return (octet >= 0x20 && octet < 0x7f) || (octet >= 0x09 && octet <= 0x0d)
}
