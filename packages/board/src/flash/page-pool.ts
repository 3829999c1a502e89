/** Images that a line programs at one place: provisioning and application firmware, and some spare. */
const variantLimit = 4

/**
 * Contents of whole pages that several flashes share: every board of a bench gets the same images, so each page is
 * copied once and then only compared. A page is never changed in place.
 */
export class PagePool {
  readonly #variants = new Map<number, readonly Uint8Array[]>()

  /** A page with these octets that the caller cannot change, for the page at this index. */
  share(index: number, octets: Uint8Array): Uint8Array {
    const variants = this.#variants.get(index) ?? []
    const known = variants.find((page) => Buffer.compare(page, octets) === 0)
    if (known !== undefined) return known
    const page = Uint8Array.from(octets)
    this.#variants.set(index, [page, ...variants].slice(0, variantLimit))
    return page
  }
}
