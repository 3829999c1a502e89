import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { generateP256 } from '@keyline/crypto'
import { Manifest, signManifest } from '@keyline/ledger/records'
import { temporaryFolder } from '../support/line.ts'
import { keyline } from './support/keyline.ts'

async function manifestOf(path: string): Promise<Manifest> {
  return Manifest.parse(JSON.parse(await readFile(path, 'utf8')))
}

describe('an exported audit chain', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>
  let lines: readonly string[]
  let first: string
  let second: string
  const home = (): readonly string[] => ['--home', join(folder.path, 'home')]
  const inFolder = (name: string): string => join(folder.path, name)

  beforeAll(async () => {
    folder = await temporaryFolder('keyline-audit')
    const results = ['--results', inFolder('results')]
    for (const _ of ['demo-0001', 'demo-0002']) {
      await keyline('demo', '--fast', '--quiet', '--slots', '1', ...home(), ...results)
    }
    first = inFolder('results/demo-0001/manifest.json')
    second = inFolder('results/demo-0002/manifest.json')
    const exported = await keyline('audit', 'export', inFolder('audit.jsonl'), ...home())
    expect(exported).toMatchObject({ code: 0, out: '' })
    lines = (await readFile(inFolder('audit.jsonl'), 'utf8')).trimEnd().split('\n')
  })
  afterAll(() => folder[Symbol.asyncDispose]())

  /** Verifies other lines than those exported. */
  async function verify(changed: readonly string[], ...args: readonly string[]) {
    const file = inFolder('changed.jsonl')
    await writeFile(file, changed.map((line) => `${line}\n`).join(''))
    return keyline('audit', 'verify', file, ...args)
  }

  it('is the same on standard output and in a file', async () => {
    const { code, out } = await keyline('audit', 'export', ...home())
    expect(code).toBe(0)
    expect(out.trimEnd().split('\n')).toEqual(lines)
  })

  it('that is whole says how far it is anchored, or that its end was not checked', async () => {
    const plain = await verify(lines)
    expect(plain).toMatchObject({ code: 0, err: '' })
    expect(plain.out).toContain('internally consistent, end not checked (give --head)')
    const anchored = await verify(lines, '--head', first, '--head', second)
    expect(anchored).toMatchObject({ code: 0, err: '' })
    const { audit } = await manifestOf(second)
    expect(anchored.out).toContain(`whole, anchored at record ${audit.seq}`)
  })

  it('in which a record was changed, removed, doubled or moved is broken at the first wrong one', async () => {
    const middle = Math.floor(lines.length / 2)
    const at = (index: number): string => lines[index] ?? ''
    const changes: Readonly<Record<string, readonly string[]>> = {
      changed: lines.with(middle, at(middle).replace(/"actor":"\w+"/, '"actor":"other"')),
      removed: lines.toSpliced(middle, 1),
      doubled: lines.toSpliced(middle, 0, at(middle)),
      moved: lines.with(middle, at(middle + 1)).with(middle + 1, at(middle)),
      cut: lines.with(middle, at(middle).slice(0, -3)),
    }
    for (const [name, changed] of Object.entries(changes)) {
      const { code, out, err } = await verify(changed)
      expect({ name, code, err }).toEqual({ name, code: 1, err: '' })
      const wrong = name === 'doubled' ? middle + 2 : middle + 1
      expect(out).toMatch(new RegExp(`^AUD-\\d+ error seq.*\\b${wrong}\\b`))
      expect(out).toMatch(/broken: sound up to record \d+ of \d+ lines\n$/)
    }
  })

  it('that was cut at its end is sound alone, and truncated against a head', async () => {
    const cut = lines.slice(0, -2)
    expect(await verify(cut)).toMatchObject({ code: 0 })
    const { code, out } = await verify(cut, '--head', second)
    expect(code).toBe(1)
    const { audit } = await manifestOf(second)
    expect(out).toMatch(new RegExp(`\\b${cut.length}\\b.*\\b${audit.seq}\\b`))
    expect(await verify(cut, '--head', first)).toMatchObject({ code: 0 })
    expect(await verify([], '--head', first)).toMatchObject({ code: 1 })
  })

  it('that was written anew from some record on is found by a head behind that record', async () => {
    const other = inFolder('other')
    const where = ['--home', other, '--results', inFolder('other-results')]
    await keyline('demo', '--fast', '--quiet', '--slots', '1', ...where)
    const { out } = await keyline('audit', 'export', '--home', other)
    const foreign = out.trimEnd().split('\n')
    expect(await verify(foreign)).toMatchObject({ code: 0 })
    expect(await verify(foreign, '--head', first)).toMatchObject({ code: 1 })
  })

  it('is verified into one JSON document', async () => {
    const whole = await verify(lines, '--head', second, '--json')
    expect(JSON.parse(whole.out)).toMatchObject({ findings: [], lines: lines.length })
    const broken = await verify(lines.toSpliced(2, 1), '--json')
    expect(broken.code).toBe(1)
    expect(JSON.parse(broken.out)).toMatchObject({ findings: [{ severity: 'error' }] })
  })

  describe('and a head that cannot be used', () => {
    it('because the manifest was changed after it was signed is refused', async () => {
      const manifest = await manifestOf(second)
      const changed = inFolder('changed-manifest.json')
      const audit = { ...manifest.audit, seq: manifest.audit.seq - 1 }
      await writeFile(changed, JSON.stringify({ ...manifest, audit }))
      const { code, out, err } = await verify(lines, '--head', changed)
      expect({ code, out }).toEqual({ code: 2, out: '' })
      expect(err).toContain('its signature does not verify')
    })

    it('because it has no signature, or is another document, is refused', async () => {
      const { signature: _, ...unsigned } = await manifestOf(second)
      const path = inFolder('no-manifest.json')
      for (const content of [JSON.stringify(unsigned), '{"format":"keyline-manifest/1"}', '']) {
        await writeFile(path, content)
        const { code, err } = await verify(lines, '--head', path)
        expect(code).toBe(2)
        expect(err).toContain(`${path} is not a batch manifest`)
      }
      expect(await verify(lines, '--head', inFolder('nowhere'))).toMatchObject({ code: 2 })
    })

    it('because another key has signed it is refused, where the key of the line is given', async () => {
      const { signature, ...body } = await manifestOf(second)
      const forged = inFolder('forged.json')
      await writeFile(forged, JSON.stringify(signManifest(body, generateP256())))
      const { code, err } = await verify(lines, '--head', forged, '--key', signature.publicKey)
      expect(code).toBe(2)
      expect(err).toContain('another key has signed it')
      const right = await verify(lines, '--head', second, '--key', signature.publicKey)
      expect(right).toMatchObject({ code: 0 })
    })
  })

  it('that is no file is unusable input', async () => {
    for (const path of [inFolder('nowhere.jsonl'), folder.path]) {
      const { code, out, err } = await keyline('audit', 'verify', path)
      expect({ code, out }).toEqual({ code: 2, out: '' })
      expect(err).toContain(`CLI_FILE: ${path} cannot be read`)
    }
    const nowhere = join(folder.path, 'no', 'folder', 'audit.jsonl')
    expect(await keyline('audit', 'export', nowhere, ...home())).toMatchObject({ code: 2, out: '' })
  })
})
