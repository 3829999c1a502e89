import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { temporaryFolder } from '../support/line.ts'
import { keyline, stackTrace, startKeyline, type Ended } from './support/keyline.ts'

const vectors = (...names: readonly string[]): string => join('test/vectors/matter', ...names)
const image = vectors('factory-data/full-fff1-8004.bin')
const ids = ['--vid', '0xFFF1', '--pid', '0x8004', '--discriminator', '3840']
const qr = 'MT:4CT9142C00KA0648G00'

let folder: Awaited<ReturnType<typeof temporaryFolder>>
let passcode: readonly string[]

const inFolder = (...names: readonly string[]): string => join(folder.path, ...names)
const make = (...args: readonly string[]): Promise<Ended> => keyline('payload', 'make', ...args)
const read = (...args: readonly string[]): Promise<Ended> => keyline('payload', 'read', ...args)

beforeAll(async () => {
  folder = await temporaryFolder('keyline-payload')
  passcode = ['--passcode-file', await fileOf('20202021\n', 'passcode.txt')]
})
afterAll(() => folder[Symbol.asyncDispose]())

async function fileOf(content: string | Uint8Array, name: string): Promise<string> {
  const path = inFolder(name)
  await writeFile(path, content)
  return path
}

interface PayloadCase {
  readonly id: string
  readonly qr: string
  readonly tlv: string
  readonly manual: string
  readonly valid: boolean
  readonly payload: {
    readonly vendorId: number
    readonly productId: number
    readonly flow: number
    readonly discovery: number
    readonly discriminator: number
    readonly passcode: number
  }
}

const flows = ['standard', 'user-intent', 'custom']
const discoveries = ['softap', 'ble', 'ip', 'wifi-paf', 'nfc', 'thread']

describe('payload make', () => {
  it('makes the codes of the published payloads', async () => {
    const { vectors: cases }: { readonly vectors: readonly PayloadCase[] } = JSON.parse(
      await readFile(vectors('onboarding/qr.json'), 'utf8'),
    )
    const plain = cases.filter(
      ({ payload, tlv, valid }) =>
        valid && tlv === '' && payload.vendorId > 0 && payload.discovery > 0,
    )
    expect(plain.length).toBeGreaterThan(8)
    for (const { id, payload, qr: text, manual } of plain) {
      const { discovery, discriminator, flow, productId, vendorId } = payload
      const names = discoveries.filter((_, place) => ((discovery >> place) & 1) === 1).join(',')
      const file = await fileOf(String(payload.passcode), 'vector.txt')
      const { out } = await make(
        '--vid',
        String(vendorId),
        '--pid',
        String(productId),
        '--flow',
        flows[flow] ?? '',
        '--discriminator',
        String(discriminator),
        '--discovery',
        names,
        '--passcode-file',
        file,
        '--json',
      )
      expect(JSON.parse(out), id).toMatchObject({ ok: true, qr: text, manualCodes: [manual] })
    }
  })

  it('takes the values of an image, and joins those of several devices', async () => {
    expect(await make('--from', image)).toEqual({ code: 0, out: `${qr}\n3497-011-2332\n`, err: '' })
    const both = await make('--from', image, '--from', image, '--discovery', 'ble,ip')
    const [joined = '', ...manualCodes] = both.out.trim().split('\n')
    expect(joined).toMatch(/^MT:([0-9A-Z.-]{19})\*\1$/)
    expect(manualCodes).toEqual(['3497-011-2332', '3497-011-2332'])
  })

  it.each([
    ['svg', 'label.svg', /^<svg .*>3497-011-2332<\/text>\n<\/svg>\n$/s],
    ['text', 'label.txt', /^MT:4CT9142C00KA0648G00\n3497-011-2332\n$/],
  ])('writes %s to a file', async (format, name, content) => {
    const path = inFolder(name)
    const done = await make(...ids, ...passcode, '--format', format, '--out', path)
    expect(done).toEqual({ code: 0, out: '', err: '' })
    expect(await readFile(path, 'utf8')).toMatch(content)
  })

  it('writes a PNG as large as its scale, quiet zone and level say', async () => {
    const path = inFolder('label.png')
    const size = ['--scale', '10', '--quiet-zone', '5', '--level', 'Q']
    expect((await make(...ids, ...passcode, '--format', 'png', '--out', path, ...size)).code).toBe(
      0,
    )
    const png = await readFile(path)
    expect(png.subarray(0, 8)).toEqual(Buffer.from('89504e470d0a1a0a', 'hex'))
    expect(png.readUInt32BE(16)).toBe((25 + 10) * 10)
    expect(await readdir(folder.path)).not.toContainEqual(expect.stringContaining('.part'))
  })

  it('writes a tag that it reads again', async () => {
    const path = inFolder('tag.bin')
    await make(...ids, ...passcode, '--format', 'nfc', '--out', path)
    const tag = await readFile(path)
    expect(tag.toString('latin1')).toBe(`\u0003\u001b\u00d1\u0001\u0017U\u0000${qr}\u00fe`)
    const { out } = await make(...ids, ...passcode, '--format', 'nfc')
    expect(out).toBe(`${tag.toString('hex')}\n`)
    expect(JSON.parse((await read('--file', path, '--json')).out)).toMatchObject({
      form: 'type2',
      qr,
    })
    const { out: ndef } = await make(...ids, ...passcode, '--format', 'ndef')
    expect(JSON.parse((await read(ndef, '--json')).out)).toMatchObject({ form: 'ndef', qr })
  })

  it('draws another passcode and discriminator each time', async () => {
    const drawn = ['--vid', '0xFFF1', '--pid', '0x8004', '--random', '--json']
    const labels = await Promise.all([make(...drawn), make(...drawn)])
    expect(labels.map(({ code }) => code)).toEqual([0, 0])
    expect(labels[0]?.out).not.toBe(labels[1]?.out)
  })

  it('makes nothing of values that must not stand on a label, and does not show the passcode', async () => {
    const path = inFolder('refused.svg')
    const weak = ['--passcode-file', await fileOf('12345678', 'weak.txt')]
    const refused = await make(...ids, ...weak, '--format', 'svg', '--out', path)
    expect({ code: refused.code, out: refused.out }).toEqual({ code: 1, out: '' })
    expect(refused.err).toContain('FD-015 error')
    expect(refused.err).not.toContain('12345678')
    expect(await readdir(folder.path)).not.toContain('refused.svg')
    const production = await make(...ids, ...passcode, '--policy', 'production', '--json')
    expect(production.code).toBe(1)
    expect(JSON.parse(production.out)).toMatchObject({ ok: false, findings: [{ rule: 'FD-011' }] })
  })

  it.each([
    ['a missing value', ['--vid', '1'], 'a label needs productId, discriminator, passcode'],
    ['an unknown capability', [...ids, '--discovery', 'smoke'], 'names such as ble'],
    ['a PNG for the terminal', [...ids, '--format', 'png', '--random'], '--out'],
    [
      'a passcode file of words',
      [...ids, '--passcode-file', 'package.json'],
      'passcode of at most 8',
    ],
    [
      'one passcode for two devices',
      ['--from', image, '--from', image, '--discriminator', '1'],
      'from their files',
    ],
    ['a broken image', ['--from', vectors('README.md')], 'CLI_INPUT'],
  ])('ends with 2 for %s', async (_, args, text) => {
    const { code, out, err } = await make(...args)
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(err).toContain(text)
    expect(err).not.toMatch(stackTrace)
  })
})

describe('payload read', () => {
  it('tells every field of a QR text, with what a scanner put around it', async () => {
    const { code, out } = await read(`x%${qr}%y`)
    expect(code).toBe(0)
    expect(out).toContain('vendor id             0xFFF1  65521\n')
    expect(out).toContain('discovery             ble\n')
    expect(out).toContain('discriminator         3840  (short 15)\n')
    expect(out).toContain('passcode              20202021\n')
    expect(out).toContain('manual code           3497-011-2332\n')
  })

  it('tells the serial number, without control characters of it', async () => {
    const serial = '\u009b31m\u0007'
    const { out } = await make(...ids, ...passcode, '--serial', serial)
    const label = out.split('\n')[0] ?? ''
    const told = await read(label)
    expect(told.out).toContain('serial number         "\\u009b31m\\u0007"\n')
    expect(JSON.parse((await read(label, '--json')).out)).toMatchObject({
      payloads: [{ elements: [{ tag: 0, type: 'text', value: serial }] }],
    })
  })

  it('reads both forms of the manual code', async () => {
    const short = JSON.parse((await read('3497-011-2332', '--json')).out)
    expect(short).toEqual({
      ok: true,
      form: 'manual',
      shortDiscriminator: 15,
      passcode: 20_202_021,
      findings: [],
    })
    const long = JSON.parse((await read('619156140465523329207', '--json')).out)
    expect(long).toMatchObject({ vendorId: '0xFFF3', productId: '0x8098', passcode: 23_005_908 })
  })

  it('reads several payloads from the standard input', async () => {
    await using running = startKeyline(['payload', 'read', '--json'])
    running.process.stdin?.end(`${qr}*${qr.slice(3)}\n`)
    const { code, out } = await running.ended
    expect(code).toBe(0)
    expect(JSON.parse(out)).toMatchObject({ payloads: [{ vendorId: '0xFFF1' }, {}] })
  })

  it('ends with 1 where a value must not stand on a label', async () => {
    const { vectors: cases }: { readonly vectors: readonly PayloadCase[] } = JSON.parse(
      await readFile(vectors('onboarding/qr.json'), 'utf8'),
    )
    for (const { id, qr: text, valid } of cases) {
      expect((await read(text)).code, id).toBe(valid ? 0 : 1)
    }
  })

  it.each([
    ['words', 'hello'],
    ['a wrong check digit', '34970112331'],
    ['a cut code', qr.slice(0, -2)],
    ['lower case', qr.toLowerCase()],
    ['a tag that is cut', '031bd1011755004d543a'],
  ])('ends with 2 for %s', async (_, text) => {
    const { code, out, err } = await read(text)
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(err).toMatch(/^keyline: CLI_INPUT: the label/)
  })

  it('ends with 2 for a file that is too large, and for two labels at once', async () => {
    expect((await read('--file', 'package-lock.json')).err).toContain('more than 16384 octets')
    expect((await read(qr, '--file', image)).err).toContain('CLI_USAGE')
  })
})
