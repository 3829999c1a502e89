import { array, assert, integer, property } from 'fast-check'
import { decodeUtf8, encodeUtf8 } from '@keyline/bytes'
import { describe, expect, it } from 'vitest'
import '../../../../test/support/properties.ts'
import { StationError } from '../errors.ts'
import { journalOctets as whole, scriptedEntries } from '../testing/scripted-journal.ts'
import { proveJournal, readJournal, type JournalContent } from './journal-reader.ts'

const path = 'journal.jsonl'
const sound = proveJournal(whole, path)
const lines = decodeUtf8(whole).split('\n').slice(0, -1)
const newline = 0x0a

/** Octets up to the end of each record. */
const ends: readonly number[] = [...whole.entries()]
  .filter(([, octet]) => octet === newline)
  .map(([offset]) => offset + 1)

/** What became of a damaged journal. Records that come back must be those that were written. */
function outcomeOf(octets: Uint8Array): JournalContent | string {
  let content: JournalContent
  try {
    content = proveJournal(octets, path)
  } catch (error) {
    if (!(error instanceof StationError)) throw error
    return error.code
  }
  expect(content.records).toEqual(sound.records.slice(0, content.records.length))
  expect(content.soundLength + content.tornOctets).toBe(octets.length)
  return content
}

describe('a journal', () => {
  it('of version 1 is read as it was written', () => {
    expect(sound).toMatchObject({ soundLength: whole.length, tornOctets: 0 })
    expect(sound.records).toMatchObject(scriptedEntries.map(([, entry]) => entry))
    expect(sound.records.map(({ seq }) => seq)).toEqual([1, 2, 3, 4])
  })

  it('that is empty or not there has no records', async () => {
    const nothing = { records: [], soundLength: 0, tornOctets: 0 }
    expect(proveJournal(new Uint8Array(0), path)).toEqual(nothing)
    expect(await readJournal('/nowhere/journal.jsonl')).toEqual(nothing)
  })

  it('that cannot be read is not taken for an empty one', async () => {
    await expect(readJournal('/')).rejects.toMatchObject({ code: 'STATION_JOURNAL_FAILED' })
  })
})

describe('a journal that is cut', () => {
  it('at any octet keeps every record before the cut and tells how much is torn', () => {
    for (let length = 0; length <= whole.length; length++) {
      const kept = ends.filter((end) => end <= length)
      expect(outcomeOf(whole.subarray(0, length)), `${length} octets`).toEqual({
        records: sound.records.slice(0, kept.length),
        soundLength: kept.at(-1) ?? 0,
        tornOctets: length - (kept.at(-1) ?? 0),
      })
    }
  })

  it('by a power cut, with octets that read as zero, loses its last record only', () => {
    const last = ends.at(-2) ?? 0
    for (let from = last; from < whole.length; from++) {
      const zeros = whole.map((octet, offset) => (offset < from ? octet : 0))
      expect(outcomeOf(zeros)).toMatchObject({ soundLength: last })
      const hole = whole.map((octet, offset) => (offset === from ? 0 : octet))
      expect(outcomeOf(hole)).toMatchObject({ soundLength: last })
    }
  })
})

describe('a journal with one changed octet', () => {
  const broken = ['STATION_JOURNAL_BROKEN', 'STATION_JOURNAL_VERSION']

  it('is refused, whichever bit of whichever octet it is', () => {
    for (let offset = 0; offset < whole.length; offset++) {
      for (let bit = 0; bit < 8; bit++) {
        const octet = (whole[offset] ?? 0) ^ (1 << bit)
        if (octet === 0) continue
        expect(broken, `octet ${offset} bit ${bit}`).toContain(outcomeOf(whole.with(offset, octet)))
      }
    }
  })

  it('is refused, or loses its torn end, whatever the octet is', () => {
    assert(
      property(
        array(integer({ min: 0, max: whole.length - 1 }), { minLength: 1, maxLength: 4 }),
        integer({ min: 0, max: 255 }),
        (offsets, octet) => {
          const changed = Uint8Array.from(whole)
          for (const offset of offsets) changed[offset] = octet
          const outcome = outcomeOf(changed)
          if (typeof outcome === 'string') expect(broken).toContain(outcome)
          else if (outcome.records.length < 4) expect(outcome.tornOctets).toBeGreaterThan(0)
        },
      ),
    )
  })

  it('is refused when the change hides the last line end', () => {
    const changed = whole.with(whole.length - 1, 0x20)
    expect(outcomeOf(changed)).toBe('STATION_JOURNAL_BROKEN')
  })
})

function text(...kept: readonly (string | undefined)[]): Uint8Array {
  return encodeUtf8(kept.map((line) => `${line ?? ''}\n`).join(''))
}

describe('a journal whose records were moved', () => {
  it.each([
    ['swapped', text(lines[0], lines[2], lines[1], lines[3])],
    ['doubled', text(lines[0], lines[1], lines[1], lines[2])],
    ['without one in the middle', text(lines[0], lines[1], lines[3])],
    ['without the first', text(lines[1], lines[2], lines[3])],
    ['with an empty line', text(lines[0], '', lines[1])],
    ['of two journals', text(...lines, ...lines)],
  ])('%s is refused', (_, octets) => {
    expect(outcomeOf(octets)).toBe('STATION_JOURNAL_BROKEN')
  })
})

/** Records that are sound by the chain, with hashes that another program has computed. */
const foreign = {
  'another version':
    '{"type":"open","run":"r","data":{"version":2},"seq":1,"time":"2027-01-01T00:00:00.000Z","hash":"cc771a85cb488632ed585f0f4263078d0eb0470bbd8474f1317e75b9fdac5884"}',
  'another version with members of its own':
    '{"type":"open","run":"r","data":{"version":2,"parts":["a"]},"station":"s-1","seq":1,"time":"2027-01-01T00:00:00.000Z","hash":"2c2dbf19925fcf69bcbba52b15c5efbdc253b6f4280c8bdbfdec4fd32d0fb263"}',
  'no version':
    '{"type":"open","run":"r","data":{},"seq":1,"time":"2027-01-01T00:00:00.000Z","hash":"75a6fa4b1ff1d5178f076fd152f1c77bff46822c7b1c59f2d603e205d7f65bec"}',
} as const

describe('a journal with blanks around its values', () => {
  it('has the same records', () => {
    const loose = text(...lines.map((line) => `${line.replaceAll(',"', ', "')}\r`))
    expect(outcomeOf(loose)).toMatchObject({ records: sound.records, tornOctets: 0 })
  })
})

describe('a journal of another program', () => {
  it.each(Object.entries(foreign))('with %s is refused, not guessed', (_, line) => {
    expect(outcomeOf(encodeUtf8(`${line}\n`))).toBe('STATION_JOURNAL_VERSION')
    expect(outcomeOf(encodeUtf8(line))).toMatchObject({ records: [], tornOctets: line.length })
  })
})
