import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { concat, encodeUtf8, Secret, systemRandom, toHex } from '@keyline/bytes'
import { p256FromScalar } from '@keyline/crypto'
import {
  decodeImage,
  encodeImage,
  factoryDataToExtendedJson,
  factoryDataToStJson,
  type FactoryData,
} from '@keyline/matter'
import { encryptPkcs8 } from '@keyline/x509'
import { keyline } from './support/keyline.ts'
import { passphrase, writePassphrase } from './support/pki.ts'

const vectors = resolve(import.meta.dirname, '../vectors/matter/factory-data')
const full = join(vectors, 'full-fff1-8004.bin')
const provisioning = join(vectors, 'provisioning-fff1-8004.bin')

let folder = ''
let image: Uint8Array = new Uint8Array()
let stock: FactoryData = {}
const at = (name: string): string => join(folder, name)

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'factory-data-'))
  image = Uint8Array.from(await readFile(full))
  stock = decodeImage(image).data
  await writeFile(at('st.json'), factoryDataToStJson(stock))
  await writeFile(
    at('bad.json'),
    factoryDataToStJson({ ...stock, discriminator: 5000, vendorId: 0 }),
  )
  await writeFile(at('other.bin'), encodeImage({ ...stock, passcode: 123_456, serialNumber: 'B2' }))
  const unknown = Uint8Array.of(99, 0, 0, 0, 2, 0, 0, 0, 0xca, 0xfe)
  await writeFile(at('unknown.bin'), concat(image.subarray(0, -4), unknown, image.subarray(-4)))
  await writeFile(at('g1.bin'), image.subarray(0, -4))
})

async function rulesOf(...args: readonly string[]): Promise<readonly string[]> {
  const { out } = await keyline('factory-data', 'check', ...args, '--json')
  const { findings } = JSON.parse(out)
  return findings.map(({ rule }: { readonly rule: string }) => rule)
}

afterAll(() => rm(folder, { recursive: true, force: true }))

describe('keyline factory-data encode', () => {
  it('gives the octets of the stock image from JSON, for the owner alone', async () => {
    const { code, out, err } = await keyline(
      'factory-data',
      'encode',
      at('st.json'),
      '-o',
      at('a.bin'),
    )
    expect({ code, err: err.split('\n')[0] }).toEqual({ code: 0, err: `${at('st.json')}  ok` })
    expect(out).toMatch(/a\.bin {2}1914 octets {2}[0-9a-f]{64}\n$/)
    expect(toHex(await readFile(at('a.bin')))).toBe(toHex(image))
    expect((await stat(at('a.bin'))).mode & 0o777).toBe(0o600)
    expect((await keyline('factory-data', 'encode', at('st.json'), '-o', at('a.bin'))).code).toBe(0)
  })

  it('writes nothing when a rule is broken, and names all of them', async () => {
    const { code, err } = await keyline(
      'factory-data',
      'encode',
      at('bad.json'),
      '-o',
      at('no.bin'),
    )
    expect(code).toBe(1)
    expect(err).toContain('bad.json  FAILED')
    for (const rule of ['FD-010 error VENDOR_ID=0:', 'FD-013 error SETUP_DISCRIMINATOR=5000:']) {
      expect(err).toContain(rule)
    }
    await expect(stat(at('no.bin'))).rejects.toThrow('ENOENT')
  })

  it('drops unknown records, and keeps them verbatim', async () => {
    const { err } = await keyline('factory-data', 'encode', at('unknown.bin'), '-o', at('b.bin'))
    expect(err).toContain('FD-047 warning tag 99')
    expect(toHex(await readFile(at('b.bin')))).toBe(toHex(image))
    const args = ['encode', at('unknown.bin'), '--verbatim', '-o', at('c.bin')]
    expect((await keyline('factory-data', ...args)).code).toBe(0)
    expect(await readFile(at('c.bin'))).toEqual(await readFile(at('unknown.bin')))
    const ofJson = await keyline(
      'factory-data',
      'encode',
      at('st.json'),
      '--verbatim',
      '-o',
      at('d'),
    )
    expect(ofJson).toMatchObject({ code: 2, out: '' })
    expect(ofJson.err).toContain('--verbatim needs an image')
  })

  it('goes over both JSON forms and back', async () => {
    for (const form of ['st', 'extended']) {
      const to = at(`${form}-form.json`)
      expect((await keyline('factory-data', 'encode', full, '--to', form, '-o', to)).code).toBe(0)
      const back = at(`${form}.bin`)
      expect((await keyline('factory-data', 'encode', to, '-o', back)).code).toBe(0)
      expect(toHex(await readFile(back))).toBe(toHex(image))
    }
  })

  it('opens an encrypted key that the extended form names, with its passphrase', async () => {
    const pair = p256FromScalar(stock.dacPrivateKey?.reveal() ?? new Uint8Array())
    const secret = new Secret(encodeUtf8(passphrase))
    const options = { random: systemRandom, iterations: 10_000 }
    await writeFile(at('key.pem'), await encryptPkcs8(pair, secret, options))
    const document = JSON.parse(
      factoryDataToExtendedJson(stock, { profile: 'wba', policy: 'test' }),
    )
    document.attestation.privateKey = { file: 'key.pem' }
    await writeFile(at('locked.json'), JSON.stringify(document))
    const args = ['encode', at('locked.json'), '-o', at('opened.bin')]
    const closed = await keyline('factory-data', ...args)
    expect(closed).toMatchObject({ code: 2, out: '' })
    expect(closed.err).toContain('locked.json: attestation.privateKey is no P-256 key')
    const file = await writePassphrase(folder)
    expect((await keyline('factory-data', ...args, '--passphrase-file', file)).code).toBe(0)
    expect(toHex(await readFile(at('opened.bin')))).toBe(toHex(image))
  })

  it('makes an image for each sound row of a batch', async () => {
    await writeFile(
      at('rows.csv'),
      'device.serialNumber,SETUP_DISCRIMINATOR\nA1,1\nA1,2\nA3,5000\nA4,4\n',
    )
    const common = at('common.json')
    const {
      dacPrivateKey: _,
      dacCertificate: _dac,
      paiCertificate: _pai,
      dacPublicKey: _key,
      ...rest
    } = stock
    await writeFile(common, factoryDataToStJson(rest))
    const args = [
      'encode',
      common,
      '--rows',
      at('rows.csv'),
      '-o',
      at('batch'),
      '--mode',
      'provisioning',
    ]
    const { code, out, err } = await keyline('factory-data', ...args)
    expect({ code, out }).toEqual({
      code: 1,
      out: `4 rows: 2 written to ${at('batch')}, 2 failed\n`,
    })
    expect(err).toContain('row 2  FAILED\n  BATCH-01 error SERIAL_NUMBER=A1:')
    expect(err).toContain('row 3  FAILED\n  FD-013 error SETUP_DISCRIMINATOR=5000:')
    const fourth = await readFile(at('batch/row-0000004.bin'))
    expect(decodeImage(fourth).data).toMatchObject({ serialNumber: 'A4', discriminator: 4 })
    await expect(stat(at('batch/row-0000002.bin'))).rejects.toThrow('ENOENT')
  })
})

describe('keyline factory-data check', () => {
  it('names file, rule, field, value and remedy, and has a machine-readable form', async () => {
    const { code, out } = await keyline('factory-data', 'check', at('bad.json'))
    expect(code).toBe(1)
    expect(out).toMatch(/bad\.json {2}FAILED\n(?: {2}FD-\d{3} .+ Remedy: .+\n)+$/)
    const json = await keyline('factory-data', 'check', at('bad.json'), '--json')
    const document = JSON.parse(json.out)
    expect(document).toMatchObject({ input: at('bad.json'), form: 'st', ok: false })
    expect(document.findings).toContainEqual(
      expect.objectContaining({ rule: 'FD-013', field: 'SETUP_DISCRIMINATOR', value: '5000' }),
    )
  })

  it('asks the rules of profile, mode and policy', async () => {
    expect(await rulesOf(full)).toEqual(['FD-048'])
    expect(await rulesOf(full, '--mode', 'provisioning')).toContain('FD-042')
    expect(await rulesOf(full, '--policy', 'production')).toContain('FD-011')
    expect(await rulesOf(full, '--key-storage', 'secure')).toContain('FD-042')
    expect(await rulesOf(provisioning, '--mode', 'provisioning', '--profile', 'wb55')).toEqual([
      'FD-048',
    ])
    expect(await rulesOf(at('g1.bin'))).toContain('FD-045')
    expect(await rulesOf(at('g1.bin'), '--legacy')).not.toContain('FD-045')
    expect(await rulesOf(at('unknown.bin'), '--verbatim')).toEqual(['FD-047'])
  })

  it('reads rows of JSON lines, and says what is wrong with each', async () => {
    const rows = ['{"SERIAL_NUMBER":"A"}', '{"SERIAL_NUMBER":', '{"device":{"serialNumber":"C"}}']
    await writeFile(at('rows.jsonl'), rows.join('\n'))
    const args = ['check', provisioningJson(), '--rows', at('rows.jsonl'), '--mode', 'provisioning']
    const { code, out } = await keyline('factory-data', ...args, '--json')
    expect(code).toBe(1)
    const lines = out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(lines.at(-1)).toEqual({ ok: false, rows: 3, failed: 1 })
    expect(lines.find(({ row }) => row === 2)).toMatchObject({
      ok: false,
      findings: [{ rule: 'BATCH-06', row: 2 }],
    })
  })

  it('takes a seed for tests, and refuses it in production', async () => {
    const document = { format: 'matter-factory/1', commissioning: { discriminator: 'random' } }
    await writeFile(at('random.json'), JSON.stringify(document))
    const run = (...args: readonly string[]) =>
      keyline('factory-data', 'decode', at('random.json'), '--seed', 'one', '--json', ...args)
    expect((await run()).out).toBe((await run()).out)
    const refused = await run('--policy', 'production')
    expect(refused).toMatchObject({ code: 2, out: '' })
    expect(refused.err).toContain('random.json: policy production draws from the system alone')
  })
})

/** Passport of the first unit in the results of a run. */
async function firstPassport(results: string): Promise<string> {
  const names = await readdir(results, { recursive: true })
  return join(results, names.find((name) => /passport.*\.json$/.test(name)) ?? '')
}

function provisioningJson(): string {
  return resolve(import.meta.dirname, '../../examples/Provisioning_FactoryData.json')
}

describe('keyline factory-data decode', () => {
  it('shows a table without the secrets, and with them when asked', async () => {
    const { code, out } = await keyline('factory-data', 'decode', full)
    expect(code).toBe(0)
    expect(out).toMatch(/image G2, 1914 octets\n/)
    expect(out).toMatch(/^ {3}22 {2}VENDOR_ID +2 {2}65521 \(0xFFF1\)$/m)
    expect(out).toMatch(/^ {4}5 {2}DEVICE_ATTESTATION_PRIV_KEY +32 {2}hidden$/m)
    expect(out).not.toContain('20202021')
    const shown = await keyline('factory-data', 'decode', full, '--show-secrets')
    expect(shown.out).toContain('20202021')
    const key = toHex(stock.dacPrivateKey?.reveal() ?? new Uint8Array())
    expect(shown.out).toContain(key)
    const json = await keyline('factory-data', 'decode', full, '--json')
    expect(json.out).not.toContain(key)
    expect(JSON.parse(json.out)).toMatchObject({ generation: 'G2', losses: [] })
  })

  it('writes a JSON form that gives back the octets, and says what it cannot hold', async () => {
    const { out, err } = await keyline('factory-data', 'decode', at('unknown.bin'), '--to', 'st')
    expect(out).toBe(factoryDataToStJson(stock))
    expect(err).toContain('FD-047 warning')
    expect(err).toContain('not in JSON: tag 99 at offset 1910 (2 octets)')
    const args = ['decode', full, '--to', 'extended', '-o', at('out.json')]
    expect(await keyline('factory-data', ...args)).toEqual({ code: 0, out: '', err: '' })
    expect((await stat(at('out.json'))).mode & 0o777).toBe(0o600)
  })

  it('shows what can be read of a broken image, and fails', async () => {
    await writeFile(at('cut.bin'), image.subarray(0, 700))
    const { code, out, err } = await keyline('factory-data', 'decode', at('cut.bin'))
    expect(code).toBe(1)
    expect(out).toContain('CERTIFICATION_DECLARATION')
    expect(err).toContain('FD-044 error image')
  })
})

describe('keyline factory-data diff', () => {
  it('names what differs and shows no secret', async () => {
    const { code, out } = await keyline('factory-data', 'diff', full, at('other.bin'))
    expect(code).toBe(1)
    expect(out).toContain('changed SPAKE2_SETUP_PASSCODE (tag 15): hidden → hidden')
    expect(out).toContain('changed SERIAL_NUMBER (tag 25): "TEST_SN" → "B2"')
    expect(out).not.toMatch(/20202021|123456/)
    expect((await keyline('factory-data', 'diff', full, at('st.json'))).code).toBe(0)
    const json = await keyline('factory-data', 'diff', full, at('g1.bin'), '--json')
    expect(JSON.parse(json.out)).toMatchObject({
      same: false,
      differences: [{ kind: 'removed', name: 'end marker' }],
    })
  })

  it('compares with the board of a bench, and rows with the ledger of its station', async () => {
    const home = at('home')
    const demo = [
      'demo',
      '--slots',
      '1',
      '--fast',
      '--quiet',
      '--home',
      home,
      '--results',
      at('results'),
    ]
    expect((await keyline(...demo)).code).toBe(0)
    const board = ['--home', home, '--board', 'sim:1']
    const { code, out } = await keyline('factory-data', 'diff', provisioning, ...board)
    expect(code).toBe(1)
    expect(out).toContain(`${provisioning} → sim:1  different`)
    expect(out).toContain('added DEVICE_ATTESTATION_CERTIFICATE (tag 3)')
    expect(out).not.toMatch(/PRIV_KEY.*: none → [0-9a-f]/)
    const unit = JSON.parse((await readFile(await firstPassport(at('results')))).toString('utf8'))
    await writeFile(at('taken.csv'), `SERIAL_NUMBER\nFREE\n${unit.serialNumber}\n`)
    const taken = [
      provisioningJson(),
      '--rows',
      at('taken.csv'),
      '--mode',
      'provisioning',
      '--home',
      home,
    ]
    const batch = await keyline('factory-data', 'check', ...taken)
    expect(batch.code).toBe(1)
    expect(batch.out).toContain('row 2  FAILED\n  BATCH-01 error SERIAL_NUMBER')
    expect(batch.out).toContain('a device that was made before has the same')
    for (const wrong of [['--board', 'tty:1'], ['--board', 'sim:65'], []]) {
      const refused = await keyline('factory-data', 'diff', full, '--home', home, ...wrong)
      expect(refused).toMatchObject({ code: 2, out: '' })
    }
    const nowhere = await keyline(
      'factory-data',
      'diff',
      full,
      '--board',
      'sim:1',
      '--home',
      at('x'),
    )
    expect(nowhere.err).toContain('CLI_NO_STATION')
  })
})

describe('the help', () => {
  it.each(['encode', 'decode', 'check', 'diff'])('of %s says how it is used', async (name) => {
    const { code, out } = await keyline('factory-data', name, '--help')
    expect(code).toBe(0)
    expect(out).toContain(`Usage: keyline factory-data ${name} `)
    for (const option of ['--profile', '--mode', '--policy', '--json'])
      expect(out).toContain(option)
  })
})
