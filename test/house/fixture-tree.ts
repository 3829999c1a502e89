import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

/** A small house in a temporary folder: three rooms, `low`, `middle` and `high`, that break no rule. */
export class FixtureTree implements Disposable {
  readonly root: string = mkdtempSync(join(tmpdir(), 'keyline-house-'))

  constructor(files: Readonly<Record<string, string>> = {}) {
    const rooms = ['low', 'middle', 'high']
    this.#write('package.json', JSON.stringify({ workspaces: rooms.map((r) => `packages/${r}`) }))
    this.#write('package-lock.json', JSON.stringify({ packages: {} }))
    for (const folder of ['scripts', 'test', 'bench']) mkdirSync(join(this.root, folder))
    for (const [place, room] of rooms.entries()) {
      this.#write(`packages/${room}/package.json`, manifest(room, rooms.slice(0, place)))
      this.#write(`packages/${room}/src/index.ts`, `export const ${room} = '${room}'\n`)
    }
    for (const [path, text] of Object.entries(files)) this.#write(path, text)
  }

  [Symbol.dispose](): void {
    rmSync(this.root, { recursive: true, force: true })
  }

  #write(path: string, text: string): void {
    mkdirSync(dirname(join(this.root, path)), { recursive: true })
    writeFileSync(join(this.root, path), text)
  }
}

export function manifest(room: string, dependencies: readonly string[]): string {
  return JSON.stringify({
    name: `@keyline/${room}`,
    description: `The ${room} room`,
    exports: { '.': { source: './src/index.ts' } },
    dependencies: Object.fromEntries(dependencies.map((name) => [`@keyline/${name}`, '0.1.0'])),
  })
}
