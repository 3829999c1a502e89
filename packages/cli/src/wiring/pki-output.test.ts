import { mkdir, mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { writeOnce, writeWhole } from './pki-output.ts'

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'keyline-output-'))
})
afterEach(() => rm(folder, { recursive: true }))

const modeOf = async (path: string): Promise<number> => (await stat(path)).mode & 0o777

describe('a file that a command writes', () => {
  it('takes the place of its older self, and leaves nothing beside it', async () => {
    const path = join(folder, 'new', 'label.svg')
    await writeWhole({ path, content: 'first' })
    await writeWhole({ path, content: Uint8Array.of(0x32) })
    expect(await readFile(path, 'utf8')).toBe('2')
    expect(await readdir(join(folder, 'new'))).toEqual(['label.svg'])
  })

  it('is read by its owner alone, and never replaced, when it is a key', async () => {
    const path = join(folder, 'key.pem')
    await writeWhole({ path, content: 'key', isSecret: true })
    expect(await modeOf(path)).toBe(0o600)
    await expect(writeWhole({ path, content: 'other', isSecret: true })).rejects.toMatchObject({
      code: 'CLI_EXISTS',
    })
    expect(await readFile(path, 'utf8')).toBe('key')
    expect(await readdir(folder)).toEqual(['key.pem'])
  })

  it('has one writer among those of one moment', async () => {
    const path = join(folder, 'once.pem')
    const contents = Array.from({ length: 20 }, (_, index) => `writer ${index}`)
    const wins = await Promise.all(contents.map((content) => writeOnce({ path, content })))
    expect(wins.filter(Boolean)).toHaveLength(1)
    expect(await readFile(path, 'utf8')).toBe(contents[wins.indexOf(true)])
    expect(await readdir(folder)).toEqual(['once.pem'])
  })

  it('that cannot be written is named', async () => {
    const path = join(folder, 'taken')
    await mkdir(path)
    await expect(writeWhole({ path, content: 'x' })).rejects.toMatchObject({
      code: 'CLI_FILE',
      message: `${path} cannot be written`,
    })
    await writeWhole({ path: join(folder, 'file'), content: 'x' })
    const below = join(folder, 'file', 'inside')
    await expect(writeOnce({ path: below, content: 'x' })).rejects.toMatchObject({
      code: 'CLI_FILE',
    })
  })
})
