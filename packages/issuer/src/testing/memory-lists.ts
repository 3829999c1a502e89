import type {
  KeptList,
  ListedRevocation,
  ListSnapshot,
  ListStore,
} from '../revocation/list-store.ts'

/** Revocations and lists of any number of CAs, for tests. */
export class MemoryLists implements ListStore {
  readonly #revocations = new Map<string, ListedRevocation[]>()
  readonly #numbers = new Map<string, number>()
  readonly #lists = new Map<string, KeptList>()
  readonly pageSize: number
  /** How often revocations were read, and from where on. */
  readonly reads: number[] = []

  constructor(pageSize = 2) {
    this.pageSize = pageSize
  }

  revoke(issuerKeyId: string, ...revocations: readonly ListedRevocation[]): void {
    const before = this.#revocations.get(issuerKeyId) ?? []
    this.#revocations.set(issuerKeyId, [...before, ...revocations])
  }

  count(issuerKeyId: string): Promise<number> {
    return Promise.resolve(this.#revocations.get(issuerKeyId)?.length ?? 0)
  }

  openCrl(issuerKeyId: string): Promise<ListSnapshot> {
    const number = (this.#numbers.get(issuerKeyId) ?? 0) + 1
    this.#numbers.set(issuerKeyId, number)
    const all = this.#revocations.get(issuerKeyId) ?? []
    return Promise.resolve({
      number,
      count: all.length,
      pages: (after = 0) => this.#pages(all, after),
    })
  }

  putCrl(list: KeptList): Promise<boolean> {
    const kept = this.#lists.get(list.issuerKeyId)
    const isNewest = kept === undefined || kept.number < list.number
    if (isNewest) this.#lists.set(list.issuerKeyId, list)
    return Promise.resolve(isNewest)
  }

  crl(issuerKeyId: string): Promise<KeptList | undefined> {
    return Promise.resolve(this.#lists.get(issuerKeyId))
  }

  async *#pages(
    all: readonly ListedRevocation[],
    after: number,
  ): AsyncGenerator<readonly ListedRevocation[], void> {
    this.reads.push(after)
    for (let start = after; start < all.length; start += this.pageSize) {
      yield await Promise.resolve(all.slice(start, start + this.pageSize))
    }
  }
}
