import { readdir, readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { temporaryFolder, writeOrder } from '../support/line.ts'
import { keyline, runKeyline, stackTrace, startKeyline } from './support/keyline.ts'
import { mixedPki, writePassphrase, writeTestPki } from './support/pki.ts'

let folder: Awaited<ReturnType<typeof temporaryFolder>>
let order: string
let passphraseFile: string
let pki: string
let home: string
let count = 0

const inFolder = (...names: readonly string[]): string => join(folder.path, ...names)

beforeAll(async () => {
  folder = await temporaryFolder('keyline-refused')
  order = await writeOrder(folder.path, { quantity: 1 })
  passphraseFile = await writePassphrase(folder.path)
  pki = await writeTestPki(inFolder('pki'))
})
afterAll(() => folder[Symbol.asyncDispose]())
beforeEach(() => {
  home = inFolder(`home-${++count}`)
})

function provision(path: string, ...args: readonly string[]) {
  const given = ['--home', home, '--results', inFolder('results'), '--fast', '--pki', pki]
  return keyline('provision', path, ...given, '--passphrase-file', passphraseFile, ...args)
}

/** Neither bench nor journal nor results have been begun. */
async function expectNoBoardTouched(): Promise<void> {
  const names = await readdir(home, { recursive: true }).catch(() => [])
  expect(names.filter((name) => /bench|journal\.jsonl/.test(name))).toEqual([])
  await expect(readdir(inFolder('results'))).rejects.toThrow('ENOENT')
}

/** The order with other members, in a file of its own. */
async function changedOrder(change: (order: Record<string, unknown>) => void): Promise<string> {
  const document: Record<string, unknown> = JSON.parse(await readFile(order, 'utf8'))
  change(document)
  const path = inFolder(`changed-${count}.json`)
  await writeFile(path, JSON.stringify(document))
  return path
}

describe('an order that cannot be used', () => {
  it('that is not there is named, and nothing is made', async () => {
    const { code, out, err } = await provision(inFolder('nowhere.json'))
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(err).toMatch(
      /^keyline: STATION_INPUT_REFUSED: .+nowhere\.json breaks 1 rule\(s\):\n {2}ORD-02 error .+\n {2}Remedy: .+\n$/,
    )
    await expectNoBoardTouched()
    await expect(readdir(home)).rejects.toThrow('ENOENT')
  })

  it('says the same from a process, with nothing on standard output under --json', async () => {
    const args = ['provision', 'nowhere.json', '--home', home, '--json']
    const { code, out, err } = await runKeyline(args, { cwd: folder.path })
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(err).toContain('ORD-02 error (file)=nowhere.json: there is no such file. Remedy: ')
    expect(err).not.toMatch(stackTrace)
    await expectNoBoardTouched()
  })

  it.each([
    ['no JSON', '{"format": ', /ORD-01 error \(document\)/],
    ['a member twice', '{"format": "a", "format": "b"}', /ORD-01 error \(document\)/],
    ['another kind of document', '[]', /error/],
    ['not UTF-8', Buffer.from([0x7b, 0xff, 0x7d]), /ORD-02 error/],
  ])('that is %s is refused', async (_, content, finding) => {
    const path = inFolder('broken.json')
    await writeFile(path, content)
    const { code, err } = await provision(path)
    expect(code).toBe(2)
    expect(err).toMatch(finding)
    await expectNoBoardTouched()
  })

  it('lists every finding at once, with rule, field, value and remedy', async () => {
    const path = await changedOrder((changed) => {
      changed['id'] = '../elsewhere'
      changed['quantity'] = 0
      changed['platform'] = 'h7'
      delete changed['product']
    })
    const { code, err } = await provision(path)
    expect(code).toBe(2)
    const findings = err.split('\n').filter((line) => line.startsWith('  ORD-'))
    expect(findings).toHaveLength(4)
    for (const [index, field] of [
      'id="../elsewhere"',
      'platform="h7"',
      'quantity=0',
      'product',
    ].entries()) {
      expect(findings[index]).toContain(`ORD-01 error ${field}: `)
      expect(findings[index]).toContain('. Remedy: ')
    }
    await expectNoBoardTouched()
  })

  it('lists what files, plan and product break, all together', async () => {
    const path = await changedOrder((changed) => {
      changed['quantity'] = 20
      changed['certificateLimit'] = 3
      changed['serialNumbers'] = { pool: 'p', pattern: 'T-{#}' }
      changed['product'] = { ...Object(changed['product']), vendorId: '0xFFF2' }
      const images = structuredClone(Object(changed['images']))
      images.application.sha256 = '0'.repeat(64)
      images.provisioning.file = 'nowhere.bin'
      changed['images'] = images
    })
    const { code, err } = await provision(path)
    expect(code).toBe(2)
    for (const text of [
      'ORD-02 error images.provisioning.file=nowhere.bin',
      `ORD-03 error images.application.sha256=${'0'.repeat(64)}: the file has `,
      'ORD-06 error serialNumbers.pattern=T-{#}: gives 9 numbers for 20 units',
      'ORD-07 error certificateLimit=3: is below the quantity 20',
      'FD-031 error',
    ]) {
      expect(err).toContain(text)
    }
    await expectNoBoardTouched()
  })

  it('whose image is empty or lies over the factory data is refused', async () => {
    await writeFile(inFolder('empty.bin'), '')
    const path = await changedOrder((changed) => {
      const images = structuredClone(Object(changed['images']))
      images.application.address = '0x081EB000'
      images.provisioning = {
        file: inFolder('empty.bin'),
        sha256: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
        address: 0x0800_0000,
      }
      changed['images'] = images
    })
    const { code, err } = await provision(path)
    expect(code).toBe(2)
    expect(err).toMatch(/ORD-04 error images\.provisioning\.file: is empty/)
    expect(err).toMatch(/ORD-04 error images\.application\.address=0x081EB000…0x\w{8}: lies /)
    await expectNoBoardTouched()
  })
})

describe('a PKI that cannot be used', () => {
  let other: string
  beforeAll(async () => {
    other = await writeTestPki(inFolder('other-pki'))
  })

  const cases: readonly (readonly [string, () => Promise<string>, RegExp])[] = [
    ['is not there', async () => inFolder('no-pki'), /^keyline: CLI_NO_PKI: .*no-pki/],
    [
      'is of another vendor',
      () => writeTestPki(inFolder('vendor-pki'), { vendorId: 0xfff2 }),
      /ORD-09 error product\.vendorId=0xFFF1: the PAI is for vendor 0xFFF2/,
    ],
    [
      'is of another product',
      () => writeTestPki(inFolder('product-pki'), { productId: 0x8005 }),
      /ORD-09 error product\.productId=0x8004: the PAI is for product 0x8005/,
    ],
    [
      'has expired',
      () => writeTestPki(inFolder('old-pki'), { notAfter: new Date('2026-02-01T00:00:00Z') }),
      /ORD-08 error PAA: is not valid now[^]*ORD-08 error PAI: is not valid now/,
    ],
    [
      'has the PAA of another chain',
      () => mixedPki(inFolder('paa-pki'), { pki, other, files: ['paa.cert.pem'] }),
      /ORD-08 error PAI: is not signed by the PAA/,
    ],
    [
      'has the key of another PAI',
      () => mixedPki(inFolder('key-pki'), { pki, other, files: ['pai.key.pem'] }),
      /^keyline: ISSUER_PAI_UNUSABLE: /,
    ],
    [
      'has no certificate in its certificate file',
      async () => {
        const mixed = await mixedPki(inFolder('pem-pki'), { pki, other, files: [] })
        await writeFile(join(mixed, 'pai.cert.pem'), 'nothing')
        return mixed
      },
      /^keyline: PEM_MALFORMED: /,
    ],
    [
      'has a key file that was cut',
      async () => {
        const mixed = await mixedPki(inFolder('cut-pki'), { pki, other, files: [] })
        const file = join(mixed, 'pai.key.pem')
        await writeFile(file, (await readFile(file, 'utf8')).replace(/\n[^\n]{60,64}\n/, '\n'))
        return mixed
      },
      /^keyline: ISSUER_KEY_FILE: /,
    ],
  ]
  it.each(cases)('because it %s is refused before a board is touched', async (_, make, text) => {
    const { code, out, err } = await provision(order, '--pki', await make())
    expect(err).toMatch(text)
    expect(err).toContain('Remedy: ')
    expect(code).toBe(2)
    expect(out).not.toContain('started')
    await expectNoBoardTouched()
  })

  it('because its passphrase is wrong, missing or short is refused, and no passphrase is repeated', async () => {
    const wrong = inFolder('wrong.txt')
    await writeFile(wrong, 'another passphrase\n')
    const short = inFolder('short.txt')
    await writeFile(short, 'shorty\n')
    for (const [file, text] of [
      [wrong, 'ISSUER_PASSPHRASE: '],
      [short, 'CLI_PASSPHRASE: '],
      [inFolder('nowhere.txt'), 'CLI_PASSPHRASE: '],
      ['', 'CLI_PASSPHRASE: no passphrase is given'],
    ] as const) {
      const { code, out, err } = await provision(order, '--passphrase-file', file)
      expect({ code, out }).toMatchObject({ code: 2 })
      expect(err).toContain(`keyline: ${text}`)
      expect(out + err).not.toMatch(/another passphrase|shorty/)
      await expectNoBoardTouched()
    }
  })

  it('is not made over another', async () => {
    const before = await readFile(join(pki, 'pai.key.pem'))
    const args = ['--vid', '0xFFF1', '--out', pki, '--passphrase-file', passphraseFile]
    const { code, err } = await keyline('pki', 'init', ...args)
    expect(code).toBe(2)
    expect(err).toContain('CLI_EXISTS: ')
    expect(await readFile(join(pki, 'pai.key.pem'))).toEqual(before)
  })
})

describe('a ledger that cannot be used', () => {
  it('because it is gone is trouble of the infrastructure', async () => {
    const { code, err } = await provision(order, '--ledger', `postgres://user@127.0.0.1:1/keyline`)
    expect(code).toBe(3)
    expect(err).toMatch(
      /^keyline: LEDGER_UNAVAILABLE: postgres:\/\/127\.0\.0\.1:1\/keyline: .+Remedy: .+\n$/,
    )
    await expectNoBoardTouched()
  })

  it.each(['postgres://u:hunter22@127.0.0.1:1/x', 'postgres://127.0.0.1:1/x?password=hunter22'])(
    'because %s has a password on the command line is refused without repeating it',
    async (address) => {
      for (const command of [['provision', order], ['doctor'], ['unit', 'show', 'x']]) {
        const { code, out, err } = await keyline(...command, '--home', home, '--ledger', address)
        expect({ code, out }).toEqual({ code: 2, out: '' })
        expect(err).toContain('KEYLINE_LEDGER')
        expect(err).not.toContain('hunter22')
      }
      await expectNoBoardTouched()
    },
  )

  it.each(['mysql://127.0.0.1/x', 'postgres://user@[bad'])(
    'because %s is no address of one is refused',
    async (address) => {
      const { code, err } = await provision(order, '--ledger', address)
      expect(code).toBe(2)
      expect(err).toContain('CLI_USAGE: ')
      await expectNoBoardTouched()
    },
  )

  it('because it never answers can be left by a second Ctrl+C at once', async () => {
    await using server = createServer((socket) => socket.resume().on('error', () => undefined))
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
    const asked = new Promise((connected) => server.once('connection', connected))
    const { port } = Object(server.address())
    const address = `postgres://user@127.0.0.1:${port}/keyline`
    await using running = startKeyline(['provision', order, '--home', home, '--ledger', address])
    await asked
    running.interrupt()
    await running.until('Ctrl+C again ends at once')
    running.interrupt()
    expect(await running.ended).toMatchObject({ code: 130, out: '' })
    await expectNoBoardTouched()
  })
})

describe('a station that cannot be looked at', () => {
  it.each([
    ['unit', 'show', 'T-000001'],
    ['audit', 'export'],
  ])('because there is none is not made by `%s %s`', async (...command) => {
    const { code, out, err } = await keyline(...command, '--home', home)
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(err).toContain(`CLI_NO_STATION: ${home} holds no station`)
    await expect(readdir(home)).rejects.toThrow('ENOENT')
  })
})
