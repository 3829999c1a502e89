import { chmod, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { temporaryFolder } from '../support/line.ts'
import { keyline } from './support/keyline.ts'
import { writePassphrase } from './support/pki.ts'

describe('doctor', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>
  let home: string
  beforeEach(async () => {
    folder = await temporaryFolder('keyline-doctor')
    home = join(folder.path, 'home')
  })
  afterEach(() => folder[Symbol.asyncDispose]())

  const doctor = (...args: readonly string[]) => keyline('doctor', '--home', home, ...args)
  const makeStation = () => {
    const folders = ['--home', home, '--results', join(folder.path, 'results')]
    return keyline('demo', '--fast', '--quiet', '--slots', '1', ...folders)
  }

  it('finds nothing wrong with a folder that does not exist yet, and does not make it', async () => {
    const { code, out } = await doctor()
    expect(code).toBe(0)
    expect(out).toMatch(/● ok +runtime +Node\.js \d+/)
    expect(out).toMatch(/● ok +clock +20/)
    expect(out).toMatch(/● ok +ledger +will be made/)
    await expect(readFile(home)).rejects.toThrow('ENOENT')
  })

  it('warns of a missing PKI without failing, until there is one', async () => {
    await makeStation()
    const before = await doctor()
    expect(before.code).toBe(0)
    expect(before.out).toMatch(/▲ warning +pki +no PAI in .+Remedy: run `keyline pki init`/)
    const passphrase = await writePassphrase(folder.path)
    const args = ['--vid', '0xFFF1', '--out', join(home, 'pki'), '--passphrase-file', passphrase]
    const made = await keyline('pki', 'init', '--json', ...args)
    expect(made.code).toBe(0)
    expect(JSON.parse(made.out)).toMatchObject({ paa: expect.stringMatching(/^[0-9A-F]{40}$/) })
    const after = await doctor()
    expect(after.out).toMatch(/● ok +pki/)
    expect(after.out).toMatch(/● ok +journal +\d+ records, chain whole/)
  })

  it('finds a journal that was changed', async () => {
    await makeStation()
    const path = join(home, 'journal', 'journal.jsonl')
    const journal = await readFile(path, 'utf8')
    await writeFile(path, journal.replace('"slot":1', '"slot":2'))
    const { code, out } = await doctor()
    expect(code).toBe(3)
    expect(out).toMatch(/✖ error +journal +STATION_JOURNAL_BROKEN: record \d+ of .+Remedy: /)
    expect(out).toMatch(/● ok +ledger/)
  })

  it('forgives a journal whose last line was cut, and says so', async () => {
    await makeStation()
    const path = join(home, 'journal', 'journal.jsonl')
    await writeFile(path, `${await readFile(path, 'utf8')}{"seq":`)
    const { code, out } = await doctor()
    expect(code).toBe(0)
    expect(out).toMatch(/journal +\d+ records, chain whole, a torn end of 7 octets will be dropped/)
  })

  it('finds a store key that others can read, that is malformed, or that is another', async () => {
    await makeStation()
    const path = join(home, 'store.key')
    const key = await readFile(path, 'utf8')
    await chmod(path, 0o640)
    const readable = await doctor()
    expect(readable.code).toBe(3)
    expect(readable.out).toMatch(
      /✖ error +ledger +CLI_STORE_KEY: .+ can be read by others\. Remedy: run chmod 600 /,
    )
    await chmod(path, 0o600)
    for (const [content, code] of [
      ['not a key', 'CLI_STORE_KEY'],
      ['ab'.repeat(32), 'LEDGER_STORE_KEY'],
    ] as const) {
      await writeFile(path, content)
      const { code: exit, out } = await doctor()
      expect(exit).toBe(3)
      expect(out).toContain(`error    ledger   ${code}: `)
      expect(out).not.toContain(content)
      expect(out).not.toContain(key.trim())
    }
  })

  it('finds a ledger that is no database, and one that is gone', async () => {
    await makeStation()
    const { code, out } = await doctor('--ledger', 'postgres://user@127.0.0.1:1/keyline')
    expect(code).toBe(3)
    expect(out).toMatch(/✖ error +ledger +LEDGER_UNAVAILABLE: .+ECONNREFUSED/)
    await writeFile(join(home, 'ledger.db'), 'x'.repeat(8192))
    const damaged = await doctor()
    expect(damaged.code).toBe(3)
    expect(damaged.out).toMatch(/✖ error +ledger +LEDGER_DAMAGED: /)
  })

  it('finds a folder that is a file', async () => {
    await writeFile(home, '')
    const { code, out } = await doctor()
    expect(code).toBe(3)
    expect(out).toMatch(/✖ error +folder +.+ is not a folder/)
  })

  it('gives one JSON document with a remedy for each error', async () => {
    await makeStation()
    await chmod(join(home, 'store.key'), 0o644)
    const { code, out } = await doctor('--json')
    expect(code).toBe(3)
    const checks: unknown = JSON.parse(out)
    expect(checks).toContainEqual({
      name: 'ledger',
      state: 'error',
      text: expect.stringContaining('CLI_STORE_KEY'),
      remedy: expect.stringContaining('chmod 600'),
    })
    expect(out.trimEnd()).not.toContain('\n')
  })
})
