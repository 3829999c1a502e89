import type { CredentialRecord, CredentialStore } from '../../port.ts'

/** Names that may ask, in memory, for tests. */
export class MemoryCredentials implements CredentialStore {
  readonly #records = new Map<string, CredentialRecord>()
  /** What is asked of it fails with this, as long as it stands here. */
  failure: Error | undefined
  lookups = 0

  async add(credential: CredentialRecord): Promise<boolean> {
    if (this.#records.has(credential.name)) return false
    this.#records.set(credential.name, credential)
    return true
  }

  async findName(name: string): Promise<CredentialRecord | undefined> {
    this.#lookUp()
    return this.#records.get(name)
  }

  async findKey(sha256: string): Promise<CredentialRecord | undefined> {
    this.#lookUp()
    return [...this.#records.values()].find(({ verifier }) => verifier === sha256)
  }

  async list(): Promise<readonly CredentialRecord[]> {
    return [...this.#records.values()]
  }

  async remove(name: string): Promise<boolean> {
    return this.#records.delete(name)
  }

  #lookUp(): void {
    this.lookups += 1
    if (this.failure !== undefined) throw this.failure
  }
}
