import { readdirSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openSqliteFile } from '../output/sqlite-file.ts'

/** Offset of the factory data in the flash. */
const factoryData = 0x1e_c000

/** Outputs of a run in the hands of somebody who changes them. */
export class OutputsAtHand {
  readonly #folder: string

  constructor(folder: string) {
    this.#folder = folder
  }

  /** Statements, separated by semicolons, behind the back of the ledger. */
  sql(text: string): void {
    const database = openSqliteFile(join(this.#folder, 'home', 'ledger.db'), true)
    database.exec(`pragma foreign_keys = off; ${text}`)
    database.close()
  }

  changeJournal(change: (text: string) => string): void {
    rewrite(join(this.#folder, 'home', 'journal', 'journal.jsonl'), change)
  }

  /** Writes down which faults a rehearsal put into the boards. */
  writeInjected(faults: readonly { slot: number; board: number; name: string }[]): void {
    writeFileSync(join(this.#folder, 'home', 'injected.json'), JSON.stringify(faults))
  }

  changeManifest(change: (text: string) => string): void {
    rewrite(join(this.#folder, 'results', 'order-1', 'manifest.json'), change)
  }

  /** Changes a file in the folder of the first unit. */
  changeResults(name: string, change: (text: string) => string): void {
    rewrite(join(this.#unit(), name), change)
  }

  removePassport(): void {
    unlinkSync(join(this.#unit(), 'passport.json'))
  }

  /** Changes one octet of the application of every made board. */
  changeFlash(offset: number): void {
    for (const file of this.#boards()) invert(file, offset)
  }

  /** Changes the first octet of a record of every made board. */
  changeRecord(tag: number): void {
    for (const file of this.#boards()) invert(file, find(readFileSync(file), tag).start)
  }

  /** Gives the second board the record of the first. */
  copyRecord(tag: number): void {
    const [first = '', second = ''] = this.#boards()
    const source = readFileSync(first)
    const target = readFileSync(second)
    const from = find(source, tag)
    const to = find(target, tag)
    const copy = Buffer.concat([
      target.subarray(0, to.start - 4),
      source.subarray(from.start - 4, from.end),
      target.subarray(to.end),
    ])
    writeFileSync(second, copy)
  }

  #unit(): string {
    return join(this.#folder, 'results', 'order-1', 'units', 'T-000001')
  }

  /** Flash files of the boards that hold factory data. */
  #boards(): readonly string[] {
    const bench = join(this.#folder, 'home', 'bench')
    return readdirSync(bench)
      .filter((name) => name.startsWith('board-'))
      .map((name) => join(bench, name, 'flash.bin'))
      .filter((file) => readFileSync(file).length > factoryData)
  }
}

function rewrite(file: string, change: (text: string) => string): void {
  const text = readFileSync(file, 'utf8')
  const changed = change(text)
  if (changed === text) throw new Error(`${file} has nothing to change`)
  writeFileSync(file, changed)
}

function invert(file: string, offset: number): void {
  const octets = readFileSync(file)
  octets[offset] = (octets[offset] ?? 0) ^ 0x01
  writeFileSync(file, octets)
}

/** Where the value of a record stands in a flash file, whose octets are inverted. */
function find(octets: Buffer, tag: number): { readonly start: number; readonly end: number } {
  const number = (offset: number): number => ~octets.readUInt32LE(offset) >>> 0
  for (let offset = factoryData; offset + 8 < octets.length;) {
    const end = offset + 8 + number(offset + 4)
    if (number(offset) === tag) return { start: offset + 8, end }
    offset = end
  }
  throw new Error(`there is no record ${tag}`)
}
