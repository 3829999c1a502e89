import type { Clock } from '@keyline/bytes'
import type { Member, MemberStore } from './member.ts'

export interface MemberDirectoryOptions {
  readonly members: Pick<MemberStore, 'byKey'>
  readonly clock: Clock
  /** How long a member is believed without asking the store; 2 000 ms unless given. */
  readonly lifeMs?: number | undefined
}

interface Entry {
  readonly found: Member | undefined | Promise<Member | undefined>
  readonly until: number
}

const mostEntries = 4_096

/**
 * Members by their key, asked for at most every two seconds: a block takes effect on every server soon after it is
 * recorded. What the store cannot answer is an error and never an answer.
 */
export class MemberDirectory {
  readonly #members: Pick<MemberStore, 'byKey'>
  readonly #clock: Clock
  readonly #lifeMs: number
  readonly #entries = new Map<string, Entry>()

  constructor(options: MemberDirectoryOptions) {
    this.#members = options.members
    this.#clock = options.clock
    this.#lifeMs = options.lifeMs ?? 2_000
  }

  /** The member whose present certificate has this key. Callers that come together share one question. */
  byKey(spkiSha256: string): Member | undefined | Promise<Member | undefined> {
    const now = this.#clock.monotonicMs()
    const known = this.#entries.get(spkiSha256)
    if (known !== undefined && now < known.until) return known.found
    return this.#ask(spkiSha256, now + this.#lifeMs)
  }

  /** Forgets what is known: this server has just changed a member. */
  forget(): void {
    this.#entries.clear()
  }

  async #ask(spkiSha256: string, until: number): Promise<Member | undefined> {
    const asking = this.#members.byKey(spkiSha256)
    const [oldest] = this.#entries.keys()
    if (oldest !== undefined && this.#entries.size >= mostEntries) this.#entries.delete(oldest)
    const entry = { found: asking, until }
    this.#entries.set(spkiSha256, entry)
    try {
      const found = await asking
      if (this.#entries.get(spkiSha256) === entry) this.#entries.set(spkiSha256, { found, until })
      return found
    } catch (error) {
      if (this.#entries.get(spkiSha256) === entry) this.#entries.delete(spkiSha256)
      throw error
    }
  }
}
