import { open, type FileHandle } from 'node:fs/promises'
import {
  concat,
  decode,
  encode,
  equalOctets,
  isKeylineError,
  layout,
  octets,
  u32be,
  type Clock,
} from '@keyline/bytes'
import { p256Spki, sha256, type P256PublicKey } from '@keyline/crypto'
import { IssuerError } from '../errors.ts'

export interface SignatureCounterOptions {
  readonly path: string
  /** The key whose certificates are counted. */
  readonly publicKey: P256PublicKey
  readonly clock: Clock
  /** Certificates over the life of the file; without it there is no limit. */
  readonly limit?: number | undefined
  /** Certificates in any 60 seconds. */
  readonly limitPerMinute?: number | undefined
}

/** First of the file: a name, and SHA-256 of the SubjectPublicKeyInfo. */
const Header = layout({ name: octets(8), spkiSha256: octets(32) })
const headerName = Uint8Array.from('KLCOUNT1', (letter) => letter.charCodeAt(0))

/** Certificates up to now and the second of the last one (Unix time); the check is of key, total and time. */
const Entry = layout({ total: u32be, second: u32be, check: octets(4) })
const minuteSeconds = 60

interface Taken {
  readonly second: number
  readonly count: number
}

/**
 * Counts the certificates of a key in a file that is only ever appended to, each on the disk before it is signed:
 * a killed process has counted at least what it signed. Those that come together share one sync.
 */
export class SignatureCounter {
  readonly #file: FileHandle
  readonly #options: SignatureCounterOptions
  readonly #spkiSha256: Uint8Array
  /** Of the last minute, the oldest first. */
  #recent: Taken[]
  #total: number
  #durable: number
  #write: Promise<void> | undefined
  #failure: unknown

  private constructor(file: FileHandle, options: SignatureCounterOptions, kept: KeptCount) {
    this.#file = file
    this.#options = options
    this.#spkiSha256 = sha256(p256Spki(options.publicKey.point))
    this.#recent = kept.recent
    this.#total = kept.total
    this.#durable = kept.total
  }

  /**
   * Opens the file, or makes it. What a crash left of its last entry is cut off: nothing was signed for it.
   * One process at a time. @throws IssuerError `ISSUER_SIGNER_COUNTER`
   */
  static async open(options: SignatureCounterOptions): Promise<SignatureCounter> {
    const { path } = options
    try {
      const file = await open(path, 'a+', 0o600)
      try {
        const kept = await readCount(file, options)
        return new SignatureCounter(file, options, kept)
      } catch (error) {
        await file.close()
        throw error
      }
    } catch (cause) {
      if (isKeylineError(cause)) throw cause
      throw new IssuerError('ISSUER_SIGNER_COUNTER', `${path} cannot be opened`, { cause })
    }
  }

  /** Certificates that were counted, since the file was made. */
  get total(): number {
    return this.#total
  }

  /** Counts one certificate; resolves when that is on the disk. @throws IssuerError `ISSUER_SIGNER_LIMIT`, `ISSUER_SIGNER_COUNTER` */
  async take(): Promise<void> {
    this.#requireRoom()
    this.#total += 1
    const wanted = this.#total
    while (this.#durable < wanted) {
      if (this.#failure !== undefined) throw this.#broken()
      this.#write ??= this.#append().finally(() => {
        this.#write = undefined
      })
      await this.#write
    }
  }

  async close(): Promise<void> {
    await this.#write?.catch(() => undefined)
    await this.#file.close()
  }

  #requireRoom(): void {
    if (this.#failure !== undefined) throw this.#broken()
    const { limit = Infinity, limitPerMinute = Infinity } = this.#options
    if (this.#total >= limit) {
      const message = `${this.#total} certificates are signed, and ${limit} may be`
      throw new IssuerError('ISSUER_SIGNER_LIMIT', message)
    }
    const second = this.#second()
    const inMinute = this.#recent.filter((taken) => second - taken.second < minuteSeconds)
    const count = inMinute.reduce((sum, taken) => sum + taken.count, 0)
    if (count >= limitPerMinute) {
      const message = `${count} certificates are signed in this minute, and ${limitPerMinute} may be`
      throw new IssuerError('ISSUER_SIGNER_LIMIT', message, { details: { perMinute: true } })
    }
    const last = inMinute.at(-1)
    if (last?.second === second) inMinute[inMinute.length - 1] = { second, count: last.count + 1 }
    else inMinute.push({ second, count: 1 })
    this.#recent = inMinute
  }

  /** One entry for all that were taken until now. After a failed write nothing is counted any more. */
  async #append(): Promise<void> {
    const total = this.#total
    const entry = entryOf(this.#spkiSha256, total, this.#second())
    try {
      await this.#file.write(entry, 0, entry.length)
      await this.#file.datasync()
    } catch (cause) {
      this.#failure = cause
      throw this.#broken()
    }
    this.#durable = total
  }

  #second(): number {
    return Math.floor(this.#options.clock.now() / 1000)
  }

  #broken(): IssuerError {
    const { path } = this.#options
    return new IssuerError('ISSUER_SIGNER_COUNTER', `${path} cannot be written`, {
      cause: this.#failure,
      remedy: 'make room on the disk, or mend it, and start the signer again',
    })
  }
}

interface KeptCount {
  readonly total: number
  readonly recent: Taken[]
}

async function readCount(file: FileHandle, options: SignatureCounterOptions): Promise<KeptCount> {
  const { path, publicKey, clock } = options
  const spkiSha256 = sha256(p256Spki(publicKey.point))
  const header = encode(Header, { name: headerName, spkiSha256 }, 'header')
  const content = Uint8Array.from(await file.readFile())
  if (content.length < header.length) {
    if (!equalOctets(content, header.subarray(0, content.length))) throw foreign(path)
    await file.truncate(0)
    await file.write(header, 0, header.length)
    await file.sync()
    return { total: 0, recent: [] }
  }
  if (!equalOctets(content.subarray(0, header.length), header)) throw foreign(path)
  let [total, end] = [0, header.length]
  const now = Math.floor(clock.now() / 1000)
  const recent: Taken[] = []
  while (end + Entry.max <= content.length) {
    const octetsOfEntry = content.subarray(end, end + Entry.max)
    const entry = decode(Entry, octetsOfEntry, 'entry')
    if (!equalOctets(octetsOfEntry, entryOf(spkiSha256, entry.total, entry.second))) {
      // Only the last entry can be torn: each was on the disk before the next was begun.
      if (end + Entry.max === content.length) break
      throw damaged(path, end)
    }
    if (entry.total <= total) throw damaged(path, end)
    if (Math.abs(now - entry.second) < minuteSeconds) {
      recent.push({ second: entry.second, count: entry.total - total })
    }
    total = entry.total
    end += Entry.max
  }
  if (end < content.length) await file.truncate(end)
  return { total, recent }
}

function entryOf(spkiSha256: Uint8Array, total: number, second: number): Uint8Array {
  const open = encode(layout({ total: u32be, second: u32be }), { total, second }, 'entry')
  const check = sha256(concat(spkiSha256, open)).subarray(0, 4)
  return encode(Entry, { total, second, check }, 'entry')
}

function foreign(path: string): IssuerError {
  return new IssuerError('ISSUER_SIGNER_COUNTER', `${path} does not count for this key`)
}

function damaged(path: string, at: number): IssuerError {
  return new IssuerError('ISSUER_SIGNER_COUNTER', `${path} is damaged at octet ${at}`)
}
