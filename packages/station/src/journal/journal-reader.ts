import { readFile } from 'node:fs/promises'
import { decodeUtf8, parseJson } from '@keyline/bytes'
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
 * Reads and proves a journal. Only a torn last write is forgiven and dropped: a line without its end,
 * or one with the zero octets that a power cut leaves. Any other damage is refused.
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
    const end = octets.indexOf(0x0a, start)
    if (end < 0) break
    const line = octets.subarray(start, end)
    const record = soundRecord(line, records.length + 1, previous)
    if (record === undefined) {
      if (end === octets.length - 1 && line.includes(0)) break
      throw new StationError(
        'STATION_JOURNAL_BROKEN',
        `record ${records.length + 1} of ${path} was changed after it was written`,
      )
    }
    requireVersion(record, path)
    records.push(record)
    previous = record.hash
    start = end + 1
  }
  return { records, soundLength: start, tornOctets: octets.length - start }
}

function soundRecord(line: Uint8Array, seq: number, previous: string): JournalRecord | undefined {
  try {
    const record = JournalRecord.parse(parseJson(decodeUtf8(line), 'journal record'))
    return record.seq === seq && chainHash(previous, record) === record.hash ? record : undefined
  } catch {
    return undefined
  }
}

function requireVersion(record: JournalRecord, path: string): void {
  if (record.type !== 'open') return
  const version = record.data['version']
  if (version === journalVersion) return
  throw new StationError(
    'STATION_JOURNAL_VERSION',
    `${path} has version ${String(version)}, this program writes ${journalVersion}`,
  )
}
