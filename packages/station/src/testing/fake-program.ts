import { rmSync } from 'node:fs'
import { mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A folder with programs of a test, which is gone afterwards. */
export class FakePrograms {
  readonly folder: string

  private constructor(folder: string) {
    this.folder = folder
  }

  static async open(): Promise<FakePrograms> {
    return new FakePrograms(await mkdtemp(join(tmpdir(), 'keyline-fake-')))
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true })
  }

  /**
   * A program whose body is JavaScript; it finds its words in `argv`, and leaves them in the file `calls`.
   * @returns its path
   */
  async programmer(body: string, name = 'STM32_Programmer_CLI'): Promise<string> {
    const head = [
      `#!${process.execPath}`,
      "const fs = require('node:fs')",
      'const argv = process.argv.slice(2)',
      `fs.appendFileSync(${JSON.stringify(this.path('calls'))}, JSON.stringify(argv) + '\\n')`,
      "const say = (...lines) => fs.writeSync(1, lines.join('\\n') + '\\n')",
      'const isCall = (word) => argv.includes(word)',
    ]
    return this.script(name, `${head.join('\n')}\n${body}\n`)
  }

  async script(name: string, text: string): Promise<string> {
    const path = this.path(name)
    await writeFile(path, text, { mode: 0o755 })
    return path
  }

  /** The words of each call so far. */
  async calls(): Promise<readonly (readonly string[])[]> {
    const text = await readFile(this.path('calls'), 'utf8')
    const lines = text.split('\n').filter((line) => line !== '')
    return lines.map((line) => JSON.parse(line))
  }

  path(name: string): string {
    return join(this.folder, name)
  }
}

/** The connection block and the banner as the programmer prints them. */
export const connectionLines = [
  '                       STM32CubeProgrammer v2.20.0                  ',
  'ST-LINK SN  : 066DFF515570514867145631',
  'Board       : STM32WBA65I-DK1',
  'Device ID   : 0x4B0',
  'Device name : STM32WBA6x',
]

export const probeSerial = '066DFF515570514867145631'

/** Speaks the connection, then the lines. */
export function saying(...lines: readonly string[]): string {
  return `say(...${JSON.stringify([...connectionLines, ...lines])})`
}
