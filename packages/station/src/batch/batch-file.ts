import { open, link, stat, unlink, type FileHandle } from 'node:fs/promises'
import { dirname } from 'node:path'
import { decodeUtf8, toHex } from '@keyline/bytes'
import { sha256 } from '@keyline/crypto'
import type { UnitFileHeader } from '@keyline/ledger/records'
import { StationError } from '../errors.ts'
import { headerLine, parseHeader } from './unit-line.ts'

/** The end of a file of units behind a chunk: what the ledger records, and what a resumed run finds again. */
export interface BatchFileEnd {
  /** Length of the file. */
  readonly octets: number
  /** The last chunk: its length and its SHA-256, hexadecimal. */
  readonly chunkOctets: number
  readonly chunkSha256: string
}

/** What a run needs of the file it writes. */
export interface BatchFile {
  /**
   * Brings the file to the end that the ledger has recorded: lines behind it belong to no recorded unit and are cut
   * off. `undefined`: nothing is recorded yet.
   * @throws StationError `STATION_BATCH_BROKEN` when the file lacks what is recorded
   */
  settle(recorded: BatchFileEnd | undefined): Promise<void>
  /** Lines on the disk, synced. @throws StationError `STATION_DISK_FULL`, `STATION_BATCH_FILE` */
  append(lines: Uint8Array): Promise<BatchFileEnd>
}

/** A first line is short; what is longer is none. */
const longestHeader = 4096

export async function batchFileExists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined
}

/**
 * Makes a file of units with its first line, whole or not at all, readable by its owner alone.
 * @throws StationError `STATION_DISK_FULL`, `STATION_BATCH_FILE`, also when it exists
 */
export async function createUnitFile(path: string, header: UnitFileHeader): Promise<void> {
  const beside = `${path}.part`
  try {
    const file = await open(beside, 'w', 0o600)
    try {
      await file.writeFile(headerLine(header))
      await file.sync()
    } finally {
      await file.close()
    }
    await link(beside, path)
    await syncFolder(dirname(path))
  } catch (cause) {
    throw fileError(path, 'made', cause)
  } finally {
    await unlink(beside).catch(() => undefined)
  }
}

/** A file of units on the disk. */
export class UnitFile implements BatchFile {
  readonly path: string
  readonly header: UnitFileHeader
  readonly #file: FileHandle
  readonly #headerOctets: number
  #length: number

  private constructor(path: string, file: FileHandle, header: UnitFileHeader, octets: number) {
    this.path = path
    this.header = header
    this.#file = file
    this.#headerOctets = octets
    this.#length = octets
  }

  /** @throws StationError `STATION_BATCH_FILE`, `STATION_BATCH_BROKEN` */
  static async open(path: string): Promise<UnitFile> {
    let file: FileHandle
    try {
      file = await open(path, 'r+')
    } catch (cause) {
      throw fileError(path, 'opened', cause)
    }
    try {
      const start = new Uint8Array(longestHeader)
      const { bytesRead } = await file.read(start, 0, longestHeader, 0)
      const end = start.subarray(0, bytesRead).indexOf(0x0a)
      if (end < 0) throw broken(path, 'its first line has no end')
      const header = parseHeader(decodeUtf8(start.subarray(0, end), path))
      return new UnitFile(path, file, header, end + 1)
    } catch (error) {
      await file.close()
      throw error
    }
  }

  async settle(recorded: BatchFileEnd | undefined): Promise<void> {
    const length = recorded?.octets ?? this.#headerOctets
    try {
      const { size } = await this.#file.stat()
      if (size < length) {
        throw broken(this.path, `it has ${size} octets, the ledger recorded ${length}`)
      }
      if (recorded !== undefined) await this.#requireChunk(recorded)
      if (size > length) await this.#file.truncate(length)
      await this.#file.sync()
    } catch (cause) {
      throw fileError(this.path, 'read', cause)
    }
    this.#length = length
  }

  async append(lines: Uint8Array): Promise<BatchFileEnd> {
    try {
      let written = 0
      while (written < lines.length) {
        const { bytesWritten } = await this.#file.write(
          lines,
          written,
          lines.length - written,
          this.#length + written,
        )
        written += bytesWritten
      }
      await this.#file.datasync()
    } catch (cause) {
      // Room for whoever needs it; the next run would cut it off as well.
      await this.#file.truncate(this.#length).catch(() => undefined)
      throw fileError(this.path, 'written', cause)
    }
    this.#length += lines.length
    return {
      octets: this.#length,
      chunkOctets: lines.length,
      chunkSha256: toHex(sha256(lines)),
    }
  }

  async close(): Promise<void> {
    await this.#file.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** What was recorded last must still stand there. */
  async #requireChunk({ octets, chunkOctets, chunkSha256 }: BatchFileEnd): Promise<void> {
    const chunk = new Uint8Array(chunkOctets)
    const { bytesRead } = await this.#file.read(chunk, 0, chunkOctets, octets - chunkOctets)
    if (bytesRead === chunkOctets && toHex(sha256(chunk)) === chunkSha256) return
    throw broken(this.path, `its last ${chunkOctets} recorded octets are not those of the ledger`)
  }
}

async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

function broken(path: string, why: string): StationError {
  return new StationError('STATION_BATCH_BROKEN', `${path}: ${why}`)
}

function fileError(path: string, act: string, cause: unknown): unknown {
  if (cause instanceof StationError) return cause
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : ''
  const isFull = code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG'
  const refusal = isFull ? 'STATION_DISK_FULL' : 'STATION_BATCH_FILE'
  return new StationError(refusal, `${path} could not be ${act} (${code})`, { cause })
}
