import { execFileSync } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { temporaryFolder } from '../support/line.ts'
import { keyline, stackTrace, type Ended } from './support/keyline.ts'
import { passphrase, writePassphrase } from './support/pki.ts'

const vectors = (...names: readonly string[]): string => join('test/vectors/matter', ...names)
const time = ['--time', '2026-06-01T00:00:00Z']
const image = ['--image', vectors('factory-data/full-fff1-8004.bin')]

let folder: Awaited<ReturnType<typeof temporaryFolder>>
/** The PAAs that the vectors trust, in a folder with a key and a PAI beside them. */
let store: readonly string[]

const inFolder = (...names: readonly string[]): string => join(folder.path, ...names)

beforeAll(async () => {
  folder = await temporaryFolder('keyline-verify')
  await mkdir(inFolder('store'))
  for (const name of [
    'Chip-Test-PAA-FFF1-Cert.pem',
    'Chip-Test-PAA-NoVID-Cert.der',
    'Chip-Test-PAI-FFF1-8000-Cert.pem',
    'Chip-Test-PAA-FFF1-Key.pem',
  ]) {
    await writeFile(inFolder('store', name), await readFile(vectors('pem', name)))
  }
  store = ['--paa', inFolder('store')]
})
afterAll(() => folder[Symbol.asyncDispose]())

const verify = (...args: readonly string[]): Promise<Ended> =>
  keyline('pki', 'verify', ...time, ...args)

interface Told {
  readonly ok: boolean
  readonly sdkResult: string
  readonly sdkNumber: number
  readonly answer: string
  readonly check?: string
  readonly fields?: Readonly<Record<string, string>>
  readonly checks: readonly { readonly check: string; readonly outcome: string }[]
  readonly findings: readonly { readonly rule: string; readonly severity: string }[]
}

async function told(...args: readonly string[]): Promise<Told & { readonly code: number | null }> {
  const { code, out, err } = await verify(...args, '--json')
  expect(err).toBe('')
  const answer: Told = JSON.parse(out)
  return { ...answer, code }
}

describe('the dry run of an image', () => {
  it('makes the answer of the device with its key, and passes every check', async () => {
    const { code, out } = await verify(...image, ...store)
    expect(code).toBe(0)
    expect(out).toMatch(/^ATT-08 {2}passed/m)
    expect(out).toMatch(/^ATT-13 {2}not asked/m)
    expect(out).toMatch(/a commissioner accepts the device\n$/)
    expect(out.match(/^ATT-\d\d /gm)).toHaveLength(26)
  })

  it.each([
    [
      'a commissioner that trusts no such PAA',
      ['--paa', vectors('pem/Chip-Test-PAA-NoVID-Cert.pem')],
      'ATT-09',
      101,
    ],
    ['the past', ['--time', '2000-01-01T00:00:00Z'], 'ATT-11', 300],
    ['another vendor', ['--vid', '0xFFF2'], 'ATT-21', 604],
    ['another product', ['--pid', '0x1234'], 'ATT-22', 605],
    ['another PAI', ['--pai', vectors('pem/Chip-Test-PAI-FFF1-8000-Cert.pem')], 'ATT-07', 306],
    ['another key', ['--key', vectors('pem/Chip-Test-PAA-FFF1-Key.pem')], 'ATT-08', 500],
    ['no firmware information', ['--firmware-information', 'package.json'], 'ATT-26', 401],
  ])('fails with %s', async (_, args, check, sdkNumber) => {
    const own = args.includes('--paa') ? [] : store
    const result = await told(...image, ...own, ...args)
    expect(result).toMatchObject({ code: 1, ok: false, sdkNumber, answer: 'made' })
    expect(result.check?.slice(0, 6)).toBe(check)
    const failed = result.checks.filter(({ outcome }) => outcome === 'failed')
    expect(failed).toEqual([{ check, outcome: 'failed' }])
  })

  it('shows the values that disagree side by side, the cause and the remedy', async () => {
    const { code, out } = await verify(...image, ...store, '--vid', '0xFFF2')
    expect(code).toBe(1)
    expect(out).toContain('commissioning fails with 604 kCertificationDeclarationInvalidVendorId\n')
    expect(out).toContain('    CD VID      0xFFF1\n    device VID  0xFFF2\n')
    expect(out).toMatch(/usual causes \(ATT-21, ATT-23\):\n {2}- .+\n/)
    expect(out).toMatch(/\nRemedy: .+\n$/)
  })

  it('asks without a key what needs no answer', async () => {
    const json = inFolder('credentials.json')
    const { data } = await decoded()
    await writeFile(json, JSON.stringify(data))
    const result = await told('--image', json, ...store)
    expect(result).toMatchObject({ code: 0, ok: true, answer: 'missing' })
    const notAsked = result.checks.filter(({ outcome }) => outcome === 'not asked')
    expect(notAsked.map(({ check }) => check)).toEqual([
      'ATT-01',
      'ATT-08',
      'ATT-13',
      'ATT-14',
      'ATT-15',
      'ATT-26',
    ])
  })

  it('opens an encrypted key', async () => {
    const key = inFolder('encrypted.pem')
    execFileSync('openssl', [
      'pkcs8',
      '-topk8',
      '-v2',
      'aes-256-cbc',
      '-passout',
      `pass:${passphrase}`,
      '-in',
      vectors('pem/Matter-Development-DAC-FFF1-8004-Key.pem'),
      '-out',
      key,
    ])
    const opened = ['--passphrase-file', await writePassphrase(folder.path)]
    expect(await told(...image, ...store, '--key', key, ...opened)).toMatchObject({ ok: true })
    const closed = await verify(...image, ...store, '--key', key)
    expect(closed).toMatchObject({ code: 2, out: '' })
    expect(closed.err).toContain(`CLI_PASSPHRASE: ${key}: `)
  })

  it('never shows the private key', async () => {
    const { out } = await verify(...image, ...store, '--json')
    const { key } = await decoded()
    expect(out.toLowerCase()).not.toContain(key)
  })
})

/** The image as ST's JSON without its private key, and that key in hexadecimal. */
async function decoded(): Promise<{ readonly data: unknown; readonly key: string }> {
  const octets = await readFile(vectors('factory-data/full-fff1-8004.bin'))
  const names = new Map([
    [1, 'CERTIFICATION_DECLARATION'],
    [3, 'DEVICE_ATTESTATION_CERTIFICATE'],
    [4, 'PAI_CERTIFICATE'],
  ])
  const data: Record<string, unknown> = {}
  let key = ''
  for (let offset = 0; offset + 8 <= octets.length;) {
    const tag = octets.readUInt32LE(offset)
    if (tag > 0xff) break
    const length = octets.readUInt32LE(offset + 4)
    const value = octets.subarray(offset + 8, offset + 8 + length)
    const name = names.get(tag)
    if (name !== undefined) data[name] = [...value].map((octet) => `0x${octet.toString(16)}`)
    if (tag === 22) data['VENDOR_ID'] = String(value.readUInt16LE(0))
    if (tag === 24) data['PRODUCT_ID'] = String(value.readUInt16LE(0))
    if (tag === 5) key = value.toString('hex')
    offset += 8 + length
  }
  expect(key).toHaveLength(64)
  return { data, key }
}

interface DeviceCase {
  readonly id: string
  readonly basicInfoVendorId: number
  readonly basicInfoProductId: number
  readonly dacDer: string
  readonly paiDer: string
  readonly attestationElements: string
  readonly attestationSignature: string
  readonly attestationNonce: string
  readonly attestationChallenge: string
  readonly commissionerAccepts: boolean
  readonly sdkResult: string
  readonly firstFailedCheck: string | null
}

const parts = {
  dac: 'dacDer',
  pai: 'paiDer',
  elements: 'attestationElements',
  signature: 'attestationSignature',
  nonce: 'attestationNonce',
  challenge: 'attestationChallenge',
} as const

describe('recorded answers', () => {
  it.each(['dut-cd', 'dut-dac', 'dut-pai'])(
    'of the devices of %s get the result that the SDK gives',
    async (name) => {
      const text = await readFile(vectors('attestation', `${name}.json`), 'utf8')
      const { vectors: cases }: { readonly vectors: readonly DeviceCase[] } = JSON.parse(text)
      expect(cases.length).toBeGreaterThan(20)
      for (const device of cases) {
        const files = Object.entries(parts).map(([option, member]) => {
          return { option, path: inFolder(`${option}.bin`), hex: device[member] }
        })
        for (const { option, path, hex } of files) {
          const isDer = option === 'dac' || option === 'pai'
          await writeFile(path, isDer ? Buffer.from(hex, 'hex') : hex)
        }
        const ids = [device.basicInfoVendorId, device.basicInfoProductId].map(String)
        const result = await told(
          ...files.flatMap(({ option, path }) => [`--${option}`, path]),
          '--vid',
          ids[0] ?? '',
          '--pid',
          ids[1] ?? '',
          ...store,
        )
        const { commissionerAccepts, sdkResult, firstFailedCheck } = device
        expect([device.id, result.code, result.sdkResult, result.check ?? null]).toEqual([
          device.id,
          commissionerAccepts ? 0 : 1,
          sdkResult,
          firstFailedCheck,
        ])
      }
    },
  )
})

describe('a revocation set', () => {
  it('is asked, and what is not genuine in it is reported', async () => {
    const { sets }: { readonly sets: readonly Readonly<Record<string, unknown>>[] } = JSON.parse(
      await readFile(vectors('attestation/revocation-set.json'), 'utf8'),
    )
    const [first] = sets
    const forged = { ...first, issuer_subject_key_id: '00'.repeat(20) }
    const path = inFolder('revoked.json')
    await writeFile(path, JSON.stringify([...sets, forged]))
    const result = await told(...image, ...store, '--revocation', path)
    expect(result).toMatchObject({ code: 0, ok: true })
    expect(result.checks.find(({ check }) => check === 'ATT-13')?.outcome).toBe('passed')
    expect(result.findings).toContainEqual(
      expect.objectContaining({
        rule: 'ATT-13',
        severity: 'warning',
        field: `entry ${sets.length}`,
        value: '00'.repeat(20),
      }),
    )
  })
})

describe('why commissioning fails', () => {
  it('is told by number or name, and by explain', async () => {
    const byNumber = await keyline('pki', 'verify', '--explain', '601')
    expect(byNumber).toMatchObject({ code: 0, err: '' })
    expect(byNumber.out).toMatch(/^601 kCertificationDeclarationNoCertificateFound\n/)
    expect(byNumber.out).toContain('SDK test key')
    const name = 'kCertificationDeclarationNoCertificateFound'
    expect(await keyline('pki', 'verify', '--explain', name)).toEqual(byNumber)
    const explained = await keyline('explain', '601')
    expect(explained).toMatchObject({ code: 0, out: expect.stringContaining(name) })
    const json = await keyline('pki', 'verify', '--explain', '300', '--json')
    expect(JSON.parse(json.out)).toMatchObject({ sdkNumber: 300, endsIn: ['ATT-11'] })
  })

  it.each(['0', '999', 'kSuccess', 'constructor'])('is not told of %s', async (text) => {
    const { code, err } = await keyline('pki', 'verify', '--explain', text)
    expect(code).toBe(2)
    expect(err).toContain('CLI_UNKNOWN_CODE')
  })
})

describe('wrong usage', () => {
  it.each([
    ['no trust store', [...image], 'CLI_USAGE', '--paa'],
    [
      'no ids',
      ['--dac', vectors('pem/Matter-Development-DAC-FFF1-8004-Cert.der')],
      'CLI_USAGE',
      '--vid',
    ],
    ['half an answer', [...image, '--nonce', 'package.json'], 'CLI_USAGE', '--challenge'],
    ['a store without anchors', [...image, '--paa', 'test/cli'], 'CLI_INPUT', 'its own issuer'],
    [
      'a PAI as anchor',
      [...image, '--paa', vectors('pem/Chip-Test-PAI-FFF1-8000-Cert.pem')],
      'CLI_INPUT',
      'no usable PAA',
    ],
    ['a set that is none', [...image, '--revocation', 'package.json'], 'REVOCATION_SET', 'list'],
    ['a key that is none', [...image, '--key', 'package.json'], 'CLI_INPUT', 'package.json'],
    ['a missing file', ['--image', 'nowhere.bin'], 'CLI_FILE', 'nowhere.bin'],
  ])('with %s ends with 2', async (_, args, errorCode, text) => {
    const isStoreNamed = args.includes('--paa') || text === '--paa'
    const { code, out, err } = await verify(...args, ...(isStoreNamed ? [] : store))
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(err).toContain(`keyline: ${errorCode}: `)
    expect(err).toContain(text)
    expect(err).not.toMatch(stackTrace)
  })
})
