import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseJson, type JsonValue } from '@keyline/bytes'
import { BoardError } from '../errors.ts'
import { FlashFile } from '../flash/flash-file.ts'
import { decodeDeviceState, type DeviceState } from '../mcu/device-state.ts'
import { isPlatform, type Platform } from '../part/part-table.ts'

/** What the bench remembers of a board besides its flash. */
export interface BoardRecord {
  /** 24 lower-case hexadecimal digits. */
  readonly uid: string
  readonly seed: string
  readonly slot: number
  /** Which board of this slot it is, from 1. */
  readonly ordinal: number
  readonly boots: number
}

export interface BenchRecord {
  readonly seed: string
  /** Number of boards ever made on this bench; the next one has the next number. */
  readonly boardsMade: number
  /** UID of the board in each slot. */
  readonly slots: readonly string[]
  /** Platform of each slot; STM32WBA6 where it is absent. */
  readonly platforms?: readonly Platform[] | undefined
  /** `SLOT:NAME` or `SLOT:NAME@PLACE`, for whoever opens the folder without faults of its own. */
  readonly faults?: readonly string[] | undefined
}

/** The state of a bench on disk: `bench.json`, and per board a folder with `board.json` and `flash.bin`. */
export class BenchFolder {
  readonly #path: string

  /** @throws BoardError `BOARD_BENCH_STATE` */
  constructor(path: string) {
    this.#path = path
    attempt(path, () => mkdirSync(path, { recursive: true, mode: 0o700 }))
  }

  readBench(): BenchRecord | undefined {
    const file = join(this.#path, 'bench.json')
    const members = readMembers(file)
    if (members === undefined) return undefined
    const { seed, boardsMade, slots } = members
    const isBench =
      typeof seed === 'string' &&
      typeof boardsMade === 'number' &&
      Array.isArray(slots) &&
      slots.every((uid) => typeof uid === 'string')
    if (!isBench) throw new BoardError('BOARD_BENCH_STATE', `${file} does not describe a bench`)
    return {
      seed,
      boardsMade,
      slots: slots.map(String),
      platforms: listOf(members['platforms']).filter(isPlatform),
      faults: listOf(members['faults']),
    }
  }

  writeBench(record: BenchRecord): void {
    writeJson(join(this.#path, 'bench.json'), record)
  }

  readBoard(uid: string): BoardRecord {
    const file = join(this.#boardPath(uid), 'board.json')
    const { seed, slot, ordinal, boots } = readMembers(file) ?? {}
    const isBoard =
      typeof seed === 'string' &&
      typeof slot === 'number' &&
      typeof ordinal === 'number' &&
      typeof boots === 'number'
    if (!isBoard) throw new BoardError('BOARD_BENCH_STATE', `${file} does not describe a board`)
    return { uid, seed, slot, ordinal, boots }
  }

  writeBoard(record: BoardRecord): void {
    const path = this.#boardPath(record.uid)
    attempt(path, () => mkdirSync(path, { recursive: true, mode: 0o700 }))
    writeJson(join(path, 'board.json'), record)
  }

  openFlash(uid: string, name: 'flash' | 'external' = 'flash'): FlashFile {
    return new FlashFile(join(this.#boardPath(uid), `${name}.bin`))
  }

  /** What the board keeps besides its flash; `undefined` for one from the factory. */
  readState(uid: string): DeviceState | undefined {
    const file = join(this.#boardPath(uid), 'device.json')
    const members = readMembers(file)
    return members === undefined ? undefined : decodeDeviceState(members, file)
  }

  writeState(uid: string, state: DeviceState): void {
    writeJson(join(this.#boardPath(uid), 'device.json'), state)
  }

  #boardPath(uid: string): string {
    return join(this.#path, `board-${uid}`)
  }
}

/** Written beside and renamed, so that a killed process leaves the old file or the new one. */
function writeJson(file: string, value: BenchRecord | BoardRecord | DeviceState): void {
  attempt(file, () => {
    writeFileSync(`${file}.new`, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600 })
    renameSync(`${file}.new`, file)
  })
}

function readMembers(
  file: string,
): { readonly [member: string]: JsonValue | undefined } | undefined {
  const text = attempt(file, () => {
    try {
      return readFileSync(file, 'utf8')
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
      throw error
    }
  })
  if (text === undefined) return undefined
  const value = attempt(file, () => parseJson(text, file))
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    throw new BoardError('BOARD_BENCH_STATE', `${file} does not hold a JSON object`)
  }
  return Object.fromEntries(Object.entries(value))
}

function listOf(value: JsonValue | undefined): readonly string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : []
}

function attempt<T>(path: string, act: () => T): T {
  try {
    return act()
  } catch (cause) {
    throw new BoardError('BOARD_BENCH_STATE', `${path} cannot be read or written`, { cause })
  }
}
