import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { examples, temporaryFolder } from '../support/line.ts'
import { keyline } from './support/keyline.ts'

const masterKey = 'a7'.repeat(32)

interface ElementLine {
  readonly folder: string
  provision(...more: readonly string[]): ReturnType<typeof keyline>
}

/** A station with a PKI, and the example order for boards that carry a secure element. */
async function lineIn(folder: string): Promise<ElementLine> {
  const path = (name: string): string => join(folder, name)
  mkdirSync(path('home'))
  writeFileSync(path('passphrase'), 'a phrase for tests', { mode: 0o600 })
  writeFileSync(path('master'), masterKey, { mode: 0o600 })
  const order: unknown = JSON.parse(readFileSync(join(examples, 'work-order.json'), 'utf8'))
  const text = JSON.stringify({ ...Object(order), id: 'element', quantity: 2 })
    .replaceAll(/"file":"([^"]+)"/g, (_, file: string) => `"file":"${join(examples, file)}"`)
    .replace('{', '{"secureElement":{"part":"stsafe-a120","keySlot":0},')
  writeFileSync(path('order.json'), text)
  const made = await keyline(
    'pki',
    'init',
    '--vid',
    '0xFFF1',
    '--out',
    path('home/pki'),
    '--passphrase-file',
    path('passphrase'),
  )
  expect(made).toMatchObject({ code: 0 })
  return {
    folder,
    provision: (...more) =>
      keyline(
        'provision',
        path('order.json'),
        '--fast',
        '--slots',
        '2',
        '--home',
        path('home'),
        '--results',
        path('results'),
        '--passphrase-file',
        path('passphrase'),
        ...more,
      ),
  }
}

describe('an order for boards with an STSAFE-A120', () => {
  it('passes when each chip has keys of its own, and names the chip of each board', async () => {
    await using temporary = await temporaryFolder()
    const line = await lineIn(temporary.path)
    const ended = await line.provision('--element-master', join(line.folder, 'master'))
    expect(ended, ended.out + ended.err).toMatchObject({ code: 0 })
    expect(ended.out).toMatch(/2 PASS {2}0 FAIL {2}0 ERROR {2}0 QUARANTINE/)
    const passports = readdirSync(join(line.folder, 'results/element/units')).map((unit) =>
      readFileSync(join(line.folder, 'results/element/units', unit, 'passport.json'), 'utf8'),
    )
    const elements = passports.map((text) => /"element": ?"([0-9a-f]{18})"/.exec(text)?.[1])
    expect(new Set(elements).size).toBe(2)
    expect(elements).not.toContain(undefined)
    expect(ended.out + ended.err + passports.join('')).not.toContain(masterKey)
  })

  it('is refused without a master key, and with one that is too short, before a board is touched', async () => {
    await using temporary = await temporaryFolder()
    const line = await lineIn(temporary.path)
    expect(await line.provision()).toMatchObject({
      code: 2,
      err: expect.stringContaining('--element-master'),
    })
    const short = join(line.folder, 'short')
    writeFileSync(short, 'a7'.repeat(16), { mode: 0o600 })
    expect(await line.provision('--element-master', short)).toMatchObject({
      code: 2,
      err: expect.stringContaining('openssl rand -hex 32'),
    })
    expect(readdirSync(join(line.folder, 'home'))).not.toContain('bench')
  })

  it('asks for the buses of real boards', async () => {
    await using temporary = await temporaryFolder()
    const line = await lineIn(temporary.path)
    const master = join(line.folder, 'master')
    const args = ['--element-master', master, '--programmer', join(line.folder, 'none')]
    const real = await keyline(
      'provision',
      join(line.folder, 'order.json'),
      '--home',
      join(line.folder, 'home'),
      '--passphrase-file',
      join(line.folder, 'passphrase'),
      ...args,
    )
    expect(real).toMatchObject({ code: 2, err: expect.stringContaining('--element PROBE=URI') })
  })
})
