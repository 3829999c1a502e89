import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { keyline, stackTrace, startKeyline } from './support/keyline.ts'

const full = resolve(import.meta.dirname, '../vectors/matter/factory-data/full-fff1-8004.bin')
const provisioning = resolve(import.meta.dirname, '../../examples/Provisioning_FactoryData.json')

let folder = ''
const at = (name: string): string => join(folder, name)

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'factory-data-input-'))
})

afterAll(() => rm(folder, { recursive: true, force: true }))

describe('wrong input', () => {
  it.each([
    ['a file that is not there', ['check', 'nothing.bin'], 'nothing.bin cannot be read'],
    ['an unknown profile', ['check', full, '--profile', 'h7'], 'Allowed choices are wba, wb55, u5'],
    ['no place for the output', ['encode', full], "required option '-o, --out <file>'"],
    ['an output without a form', ['decode', full, '-o', 'x'], '--out needs --to'],
    [
      'rows that are not there',
      ['check', provisioning, '--rows', 'no.csv'],
      'no.csv cannot be read',
    ],
    [
      'the standard input twice',
      ['check', '-', '--rows', '-'],
      'either the common object or the rows',
    ],
  ])('ends with 2 for %s', async (_, args, text) => {
    const { code, out, err } = await keyline('factory-data', ...args)
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(err).toContain(text)
    expect(err).not.toMatch(stackTrace)
  })

  it('is named by its file: text that is not JSON, too much, and a file that a document names', async () => {
    await writeFile(at('broken.json'), '{"VENDOR_ID":')
    await writeFile(at('large.json'), `{"a":"${'x'.repeat(300_000)}"}`)
    await writeFile(at('large.bin'), new Uint8Array(70_000))
    const attestation = { dac: { file: 'gone.der' } }
    await writeFile(at('named.json'), JSON.stringify({ format: 'matter-factory/1', attestation }))
    const cases = {
      'broken.json': 'line 1 column 14: end of text',
      'large.json': 'more than 262144 octets',
      'large.bin': 'more than 65536 octets',
      'named.json': 'gone.der, which the document names, cannot be read',
    }
    for (const [name, text] of Object.entries(cases)) {
      const { code, err } = await keyline('factory-data', 'check', at(name))
      expect(code).toBe(2)
      expect(err).toContain(at(name))
      expect(err).toContain(text)
    }
  })

  it('comes from the standard input too, and Ctrl+C ends a batch whose rows do not come', async () => {
    const check = startKeyline(['factory-data', 'check', '-', '--json'])
    check.process.stdin?.end(await readFile(full))
    const { code, out } = await check.ended
    expect(code).toBe(0)
    expect(JSON.parse(out)).toMatchObject({ input: 'standard input', form: 'image', ok: true })

    const args = ['factory-data', 'encode', provisioning, '--rows', '-', '-o', at('slow')]
    await using batch = startKeyline([...args, '--mode', 'provisioning', '--json'])
    batch.process.stdin?.write('SERIAL_NUMBER\nA\nB')
    await batch.until('"row":1')
    batch.interrupt()
    const ended = await batch.ended
    expect(ended.code).toBe(130)
    expect(ended.err).toContain('INTERRUPTED')
    expect(await readFile(at('slow/row-0000001.bin'))).not.toHaveLength(0)
  })
})
