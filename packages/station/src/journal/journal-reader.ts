import { readFile } from 'node:fs/promises'
import { decodeUtf8, parseJson, type JsonValue } from '@keyline/bytes'
import { chainHash, chainStart, JournalRecord, journalVersion } from '@keyline/ledger/records'
import { StationError } from '../errors.ts'

export interface JournalContent {
  readonly records: readonly JournalRecord[]
  /** Octets up to the end of the last sound record. */
  readonly soundLength: number
  /** Octets behind it: a record that a crash cut in the middle of its write. */
  readonly tornOctets: number
}

/**
 * Reads and proves a journal. Only a torn last write is forgiven and dropped: a line without its end, or one with
 * the zero octets that a power cut leaves. Any other damage is refused, a changed last line end too.
 * @throws StationError `STATION_JOURNAL_BROKEN`, `STATION_JOURNAL_VERSION`
 */
export async function readJournal(path: string): Promise<JournalContent> {
  let octets: Uint8Array
  try {
    octets = await readFile(path)
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') {
      return { records: [], soundLength: 0, tornOctets: 0 }
    }
    throw new StationError('STATION_JOURNAL_FAILED', `the journal ${path} cannot be read`, {
      cause,
    })
  }
  return proveJournal(octets, path)
}

/** The same over octets in memory. */
export function proveJournal(octets: Uint8Array, path: string): JournalContent {
  const records: JournalRecord[] = []
  let previous = chainStart
  let start = 0
  while (start < octets.length) {
    const link = { seq: records.length + 1, previous }
    const end = octets.indexOf(0x0a, start)
    if (end < 0) {
      const tail = octets.subarray(start)
      const isWhole = !tail.includes(0) && chainedMembers(tail.subarray(0, -1), link) !== undefined
      if (isWhole) throw changed(link.seq, path)
      break
    }
    const line = octets.subarray(start, end)
    const record = soundRecord(line, link, path)
    if (record === undefined) {
      if (end === octets.length - 1 && line.includes(0)) break
      throw changed(link.seq, path)
    }
    records.push(record)
    previous = record.hash
    start = end + 1
  }
  return { records, soundLength: start, tornOctets: octets.length - start }
}

/** The place of a record in the chain. */
interface ChainLink {
  readonly seq: number
  readonly previous: string
}

type Members = { readonly [member: string]: JsonValue | undefined }

/** A record of this version. The version is judged before the form, which another version may have changed. */
function soundRecord(line: Uint8Array, link: ChainLink, path: string): JournalRecord | undefined {
  const members = chainedMembers(line, link)
  if (members === undefined) return undefined
  requireVersion(members, path)
  return JournalRecord.safeParse(members).data
}

/** The members of a record whose place and hash are right. */
function chainedMembers(line: Uint8Array, link: ChainLink): Members | undefined {
  try {
    const members = parseJson(decodeUtf8(line), 'journal record')
    if (!isObject(members) || members['seq'] !== link.seq) return undefined
    return chainHash(link.previous, members) === members['hash'] ? members : undefined
  } catch {
    return undefined
  }
}

function requireVersion(members: Members, path: string): void {
  if (members['type'] !== 'open') return
  const data = members['data']
  const version = isObject(data) ? data['version'] : undefined
  if (version === journalVersion) return
  throw new StationError(
    'STATION_JOURNAL_VERSION',
    `${path} has version ${JSON.stringify(version) ?? 'none'}, this program writes ${journalVersion}`,
  )
}

function changed(seq: number, path: string): StationError {
  return new StationError(
    'STATION_JOURNAL_BROKEN',
    `record ${seq} of ${path} was changed after it was written`,
  )
}

function isObject(value: JsonValue | undefined): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
