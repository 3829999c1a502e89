import {
  decodeUtf8,
  encodeUtf8,
  fromBase64url,
  isKeylineError,
  parseJson,
  Secret,
  toBase64url,
  type Clock,
} from '@keyline/bytes'
import { z } from 'zod'
import { ServerError } from '../../errors.ts'
import type { VerifierRecord } from '../port.ts'

/** A key that all replicas share, and from when on it is used. */
export interface SharedKey<Key> {
  /** Milliseconds since 1970. */
  readonly from: number
  readonly key: Key
}

/** A kind of key that replicas share: where it rests, how it is made and read, and how long it lives. */
export interface SharedKeyKind<Key> {
  /** Name of the sealed setting. */
  readonly setting: string
  readonly draw: () => Secret
  readonly read: (octets: Uint8Array) => Key
  /** Shortest time between two keys, milliseconds. */
  readonly leastLifeMs: number
  /** How long a key still counts after its successor has come into force, milliseconds. */
  readonly retainMs: number
}

interface SealedKey {
  readonly from: number
  readonly octets: Uint8Array
}

/** Between the announcement of a key and its use: every replica has read it by then. */
export const announceMs = 60_000

const Rest = z.strictObject({
  keys: z
    .array(z.strictObject({ from: z.int().nonnegative(), octets: z.string() }))
    .min(1)
    .max(1_000),
})

/**
 * Keys that rest sealed in the record. A new one is announced before it is used, so that no replica ever meets what
 * another one made under a key that it has not read.
 */
export class SharedKeys<Key> {
  readonly #record: VerifierRecord
  readonly #kind: SharedKeyKind<Key>
  readonly #clock: Pick<Clock, 'now'>
  readonly #read = new Map<string, Key>()
  #keys: readonly [SharedKey<Key>, ...SharedKey<Key>[]]

  private constructor(
    record: VerifierRecord,
    kind: SharedKeyKind<Key>,
    clock: Pick<Clock, 'now'>,
    sealed: readonly SealedKey[],
  ) {
    this.#record = record
    this.#kind = kind
    this.#clock = clock
    this.#keys = this.#open(sealed)
  }

  /** Reads the keys, and makes the first one where there is none. @throws ServerError `SERVER_KEYS_DAMAGED` */
  static async open<Key>(
    record: VerifierRecord,
    kind: SharedKeyKind<Key>,
    clock: Pick<Clock, 'now'>,
  ): Promise<SharedKeys<Key>> {
    const known = await readSetting(record, kind.setting)
    if (known !== undefined) return new SharedKeys(record, kind, clock, known)
    const from = clock.now()
    using first = kind.draw()
    using value = toSetting([{ from, octets: first.reveal() }])
    await record.addSetting(kind.setting, value)
    // Another replica may have been first: what rests in the record counts.
    const kept = await readSetting(record, kind.setting)
    return new SharedKeys(record, kind, clock, kept ?? [{ from, octets: first.reveal() }])
  }

  /** The key in force. */
  get current(): Key {
    const now = this.#clock.now()
    let [current] = this.#keys
    for (const key of this.#keys) if (key.from <= now) current = key
    return current.key
  }

  /** Every key that counts: those before the current one, itself, and the next one; the oldest first. */
  get all(): readonly Key[] {
    return this.#keys.map(({ key }) => key)
  }

  /** When the newest key comes or came into force, milliseconds since 1970. */
  get newestFrom(): number {
    return this.#keys.at(-1)?.from ?? 0
  }

  /** Reads again what the record has. */
  async refresh(): Promise<void> {
    const sealed = await readSetting(this.#record, this.#kind.setting)
    if (sealed !== undefined) this.#keys = this.#open(sealed)
  }

  /**
   * Announces a new key and lets go of those whose time is over.
   * @returns when the new key comes into force, milliseconds since 1970
   * @throws ServerError `SERVER_KEY_ROTATION` while the one before is too young
   */
  async rotate(): Promise<number> {
    const { setting, leastLifeMs, retainMs, draw } = this.#kind
    const sealed = (await readSetting(this.#record, setting)) ?? []
    const now = this.#clock.now()
    const newest = sealed.at(-1)?.from ?? 0
    if (newest > 0 && now < newest + leastLifeMs) {
      const may = new Date(newest + leastLifeMs).toISOString()
      throw new ServerError('SERVER_KEY_ROTATION', `${setting} may have a new key from ${may} on`)
    }
    const kept = sealed.filter((_, index) => {
      const end = sealed[index + 1]?.from
      return end === undefined || end + retainMs > now
    })
    const from = now + announceMs
    using octets = draw()
    using value = toSetting([...kept, { from, octets: octets.reveal() }])
    await this.#record.setSetting(setting, value)
    await this.refresh()
    return from
  }

  #open(sealed: readonly SealedKey[]): readonly [SharedKey<Key>, ...SharedKey<Key>[]] {
    const [first, ...others] = sealed.map(({ from, octets }) => ({
      from,
      key: this.#keyOf(octets),
    }))
    if (first === undefined) throw damaged(this.#kind.setting)
    return [first, ...others]
  }

  /** A key is read once, however often the setting is. */
  #keyOf(octets: Uint8Array): Key {
    const name = toBase64url(octets)
    const known = this.#read.get(name)
    if (known !== undefined) return known
    try {
      const key = this.#kind.read(octets)
      this.#read.set(name, key)
      return key
    } catch (cause) {
      if (!isKeylineError(cause)) throw cause
      throw damaged(this.#kind.setting, cause)
    }
  }
}

async function readSetting(
  record: VerifierRecord,
  name: string,
): Promise<readonly SealedKey[] | undefined> {
  using value = await record.setting(name)
  if (value === undefined) return undefined
  try {
    const { keys } = Rest.parse(parseJson(decodeUtf8(value.reveal()), name))
    return keys.map(({ from, octets }) => ({ from, octets: fromBase64url(octets, name) }))
  } catch (cause) {
    if (!isKeylineError(cause) && !(cause instanceof z.ZodError)) throw cause
    throw damaged(name, isKeylineError(cause) ? cause : undefined)
  }
}

function toSetting(keys: readonly SealedKey[]): Secret {
  const rest = keys.map(({ from, octets }) => ({ from, octets: toBase64url(octets) }))
  return new Secret(encodeUtf8(JSON.stringify({ keys: rest })))
}

function damaged(name: string, cause?: unknown): ServerError {
  return new ServerError('SERVER_KEYS_DAMAGED', `the setting ${name} cannot be read`, { cause })
}
