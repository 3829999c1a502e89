import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { StationError } from '../errors.ts'
import type { UnitLines, UnitRecord } from './unit-line.ts'

export interface ReadUnitsOptions {
  readonly path: string
  readonly lines: UnitLines
  /** The first and the last unit to open; units behind the last recorded one are not part of the batch. */
  readonly first: number
  readonly last: number
}

/** Octets that the runtime reads at a time. */
const blockOctets = 1_048_576

/** Opens units of a file one after the other, in bounded memory. @throws StationError `STATION_BATCH_BROKEN` */
export async function* readUnits(options: ReadUnitsOptions): AsyncGenerator<UnitRecord> {
  const { path, lines, first, last } = options
  const input = createReadStream(path, { highWaterMark: blockOctets })
  try {
    let unit = 0
    for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
      // The first line is the header.
      const place = unit++
      if (place < first) continue
      if (place > last) return
      const record = lines.read(line)
      if (record.unit !== place) {
        const message = `${path}: line ${unit} holds unit ${record.unit}, not ${place}`
        throw new StationError('STATION_BATCH_BROKEN', message)
      }
      yield record
    }
    if (unit <= last) {
      throw new StationError('STATION_BATCH_BROKEN', `${path} ends before unit ${last}`)
    }
  } finally {
    input.destroy()
  }
}
