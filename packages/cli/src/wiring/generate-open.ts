import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { systemRandom } from '@keyline/bytes'
import type { UnitFileHeader } from '@keyline/ledger/records'
import {
  makeResultFolder,
  plainLines,
  readUnits,
  sealedLines,
  UnitFile,
  writeWhole,
  type UnitRecord,
} from '@keyline/station'
import { CliError } from '../errors.ts'
import type { OpenStation } from './open-station.ts'

export interface OpenUnitsOptions {
  readonly station: OpenStation
  /** The file of the units. */
  readonly path: string
  /** One unit alone, by its place or its serial number; all of them unless given. */
  readonly unit?: number | undefined
  readonly serialNumber?: string | undefined
}

/**
 * Opens the recorded units of a file, one after the other. The audit log says so before the first one is handed out.
 * @throws CliError `CLI_UNKNOWN_UNIT`; StationError, LedgerError, CryptoError
 */
export async function* openUnits(options: OpenUnitsOptions): AsyncGenerator<UnitRecord> {
  const { station, path } = options
  const header = await headerOf(path)
  const { first, last } = await rangeOf(options, header)
  await station.ledger.noteBatchRevealed({ batchId: header.batch, first, last })
  const seal = { key: station.storeKey, random: systemRandom, batch: header.batch }
  yield* readUnits({ path, lines: header.sealed ? sealedLines(seal) : plainLines, first, last })
}

/** Writes the image of a unit, readable by its owner alone. Returns its path. */
export function writeImage(folder: string, { serialNumber, image }: UnitRecord): string {
  makeResultFolder(folder)
  const path = join(folder, `${serialNumber.replace(/[^A-Za-z0-9._-]/g, '_')}.bin`)
  writeWhole(path, image, { mode: 0o600 })
  return path
}

/** A new file for opened units, readable by its owner alone. @throws CliError `CLI_EXISTS` */
export async function createSecretFile(
  path: string,
): Promise<{ write(text: string): Promise<void>; close(): Promise<void> }> {
  const file = await open(path, 'wx', 0o600).catch((cause: unknown) => {
    throw new CliError('CLI_FILE', `${path} cannot be made, or exists`, { cause })
  })
  return {
    write: async (text) => {
      await file.appendFile(text)
    },
    close: () => file.close(),
  }
}

async function headerOf(path: string): Promise<UnitFileHeader> {
  await using file = await UnitFile.open(path)
  return file.header
}

/** Places of the units that are wanted, all of them recorded. */
async function rangeOf(
  { station, path, unit, serialNumber }: OpenUnitsOptions,
  header: UnitFileHeader,
): Promise<{ readonly first: number; readonly last: number }> {
  const batch = await station.ledger.batch(header.batch)
  const recorded = batch?.recorded ?? 0
  const place = serialNumber === undefined ? unit : await placeOf(station, header, serialNumber)
  if (place !== undefined && place >= 1 && place <= recorded) return { first: place, last: place }
  if (serialNumber === undefined && unit === undefined && batch !== undefined) {
    return { first: 1, last: recorded }
  }
  const wanted = serialNumber ?? unit ?? 'any unit'
  const where =
    batch === undefined ? 'the ledger does not know its batch' : `${recorded} are recorded`
  throw new CliError('CLI_UNKNOWN_UNIT', `${path} has no unit ${wanted}: ${where}`)
}

/** The ids of a batch end in the places of its units. */
async function placeOf(
  station: OpenStation,
  header: UnitFileHeader,
  serialNumber: string,
): Promise<number> {
  const report = await station.ledger.unit(serialNumber)
  const [batch = '', place = ''] = report?.unit.id.split('-') ?? []
  return batch === header.batch ? Number(place) : 0
}
