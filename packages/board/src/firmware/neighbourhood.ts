interface SentRequest {
  readonly owner: string
  readonly csr: Uint8Array
}

/** What the boards of one bench share, for the faults in which one board takes part of another. */
export class Neighbourhood {
  /** Seed of the generator that boards with `cloned-key` share. */
  readonly sharedSeed: string
  /** The last request, and the last one of another board. */
  #sent: readonly SentRequest[] = []

  constructor(sharedSeed: string) {
    this.sharedSeed = sharedSeed
  }

  /** @param owner UID of the board that has sent the request */
  remember(owner: string, csr: Uint8Array): void {
    const another = this.#sent.find((request) => request.owner !== owner)
    this.#sent = [{ owner, csr }, ...(another === undefined ? [] : [another])]
  }

  /** The last request of any other board. */
  requestOfAnother(owner: string): Uint8Array | undefined {
    return this.#sent.find((request) => request.owner !== owner)?.csr
  }
}
