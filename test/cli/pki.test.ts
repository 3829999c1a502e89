import { execFileSync } from 'node:child_process'
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { X509Certificate } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { temporaryFolder } from '../support/line.ts'
import { keyline, stackTrace, startKeyline, type Ended } from './support/keyline.ts'
import { passphrase, writePassphrase, writeTestPki } from './support/pki.ts'

let folder: Awaited<ReturnType<typeof temporaryFolder>>
let passphraseFile: string
let pki: string

const inFolder = (...names: readonly string[]): string => join(folder.path, ...names)
const vectors = (...names: readonly string[]): string => join('test/vectors/matter', ...names)

beforeAll(async () => {
  folder = await temporaryFolder('keyline-pki')
  passphraseFile = await writePassphrase(folder.path)
  pki = await writeTestPki(inFolder('pki'))
})
afterAll(() => folder[Symbol.asyncDispose]())

/** A request of a new key, made by OpenSSL. */
async function requestOf(name: string): Promise<string> {
  await mkdir(inFolder(name), { recursive: true })
  const key = inFolder(name, 'key.pem')
  const request = inFolder(name, 'request.pem')
  const quiet = { stdio: 'ignore' } as const
  execFileSync(
    'openssl',
    ['ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', key],
    quiet,
  )
  execFileSync(
    'openssl',
    ['req', '-new', '-key', key, '-subj', '/CN=board', '-out', request],
    quiet,
  )
  return request
}

function issue(request: string, ...args: readonly string[]): Promise<Ended> {
  const given = ['--pki', pki, '--passphrase-file', passphraseFile]
  return keyline('pki', 'issue', request, ...given, ...args)
}

async function withInput(text: string, ...args: readonly string[]): Promise<Ended> {
  await using running = startKeyline(args)
  running.process.stdin?.end(text)
  return await running.ended
}

describe('pki issue', () => {
  it('gives a chain that OpenSSL verifies, and keeps the certificate', async () => {
    const request = await requestOf('issued')
    const chain = inFolder('issued', 'chain.pem')
    const { code, out, err } = await issue(request, '--pid', '0x8004', '--out', chain)
    expect({ code, out }).toEqual({ code: 0, out: '' })
    const kept = /kept as (.*)\n/.exec(err)?.[1] ?? ''
    const text = await readFile(chain, 'utf8')
    expect(text.startsWith(await readFile(kept, 'utf8'))).toBe(true)
    const verified = execFileSync('openssl', [
      'verify',
      '-CAfile',
      join(pki, 'paa.cert.pem'),
      '-untrusted',
      join(pki, 'pai.cert.pem'),
      kept,
    ])
    expect(String(verified)).toContain('OK')
    expect(new X509Certificate(text).subject).toContain('1.3.6.1.4.1.37244.2.2=8004')
  })

  it('gives a key one certificate in a folder, also to calls of the same moment', async () => {
    const request = await requestOf('twice')
    const calls = await Promise.all(
      [1, 2, 3, 4].map(() => issue(request, '--pid', '0x8004', '--json')),
    )
    expect(calls.map(({ code }) => String(code)).toSorted()).toEqual(['0', '1', '1', '1'])
    for (const { out } of calls.filter(({ code }) => code === 1)) {
      expect(JSON.parse(out)).toMatchObject({ ok: false, findings: [{ rule: 'CSR-07' }] })
    }
    const names = await readdir(join(pki, 'issued'))
    expect(names.filter((name) => !/^[0-9a-f]{64}\.cert\.pem$/.test(name))).toEqual([])
  })

  it('reads a request from the standard input, and says what was issued', async () => {
    const request = await readFile(await requestOf('piped'), 'utf8')
    const { code, out } = await withInput(
      request,
      'pki',
      'issue',
      '-',
      '--pki',
      pki,
      '--passphrase-file',
      passphraseFile,
      '--pid',
      '32772',
      '--json',
      '--not-after',
      '2040-01-01',
      '--subject-encoding',
      'cn-fallback',
    )
    expect(code).toBe(0)
    const answer: { readonly chain: string } = JSON.parse(out)
    expect(answer).toMatchObject({
      ok: true,
      serialNumber: expect.stringMatching(/^[0-9A-F]{16}$/),
    })
    const certificate = new X509Certificate(answer.chain)
    expect(certificate.subject).toBe('CN=Matter DAC Mvid:FFF1 Mpid:8004')
    expect(certificate.validTo).toContain('2040')
    expect(out).not.toContain(passphrase)
  })

  it('signs nothing that breaks a rule', async () => {
    const request = await requestOf('refused')
    const before = await readdir(join(pki, 'issued')).catch(() => [])
    const foreign = await issue(request, '--pid', '0x8004', '--vid', '0xFFF2')
    expect(foreign).toMatchObject({
      code: 1,
      out: '',
      err: expect.stringContaining('ISS-03 error'),
    })
    expect((await issue(request)).err).toContain('ISS-04 error')
    const caKey = await issue(await requestOfKey('ca', join(pki, 'pai.key.pem')), '--pid', '1')
    expect(caKey.err).toContain('CSR-07 error')
    const cut = inFolder('cut.der')
    await writeFile(cut, Uint8Array.of(0x30, 0x82, 0x01, 0x00))
    expect(await issue(cut, '--pid', '1')).toMatchObject({
      code: 1,
      err: expect.stringContaining('CSR-01'),
    })
    expect(await readdir(join(pki, 'issued')).catch(() => [])).toEqual(before)
  })

  it.each([
    ['no such request', ['nowhere.csr'], 'CLI_FILE'],
    ['a folder', ['.'], 'CLI_FILE'],
    ['text', ['package.json'], 'CLI_INPUT'],
    ['a request too large', ['package-lock.json'], 'CLI_INPUT'],
    [
      'DER without --out',
      [vectors('pem/Chip-Test-CD-Signing-Cert.der'), '--format', 'der'],
      'CLI_USAGE',
    ],
  ])('ends with 2 for %s', async (_, args, errorCode) => {
    const { code, out, err } = await issue(args[0] ?? '', ...args.slice(1), '--pid', '1')
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(err).toContain(`keyline: ${errorCode}: `)
    expect(err).not.toMatch(stackTrace)
  })
})

/** A request signed by a key of a CA. */
async function requestOfKey(name: string, key: string): Promise<string> {
  await mkdir(inFolder(name), { recursive: true })
  const request = inFolder(name, 'request.pem')
  const args = ['req', '-new', '-key', key, '-passin', `pass:${passphrase}`, '-subj', '/CN=ca']
  execFileSync('openssl', [...args, '-out', request], { stdio: 'ignore' })
  return request
}

describe('pki lint', () => {
  const paa = vectors('pem/Chip-Test-PAA-FFF1-Cert.pem')
  const pai = vectors('pem/Matter-Development-PAI-FFF1-noPID-Cert.pem')
  const dac = vectors('pem/Matter-Development-DAC-FFF1-8004-Cert.der')

  it('tells roles and issuers of a chain by itself', async () => {
    expect(await keyline('pki', 'lint', dac, pai, paa)).toEqual({
      code: 0,
      out: `DAC  ${dac}  ok\nPAI  ${pai}  ok\nPAA  ${paa}  ok\n`,
      err: '',
    })
  })

  it('reads a bundle from the standard input and names what is wrong by place', async () => {
    const bundle = (await Promise.all([pai, paa].map((file) => readFile(file, 'utf8')))).join(
      'text\n',
    )
    const { code, out } = await withInput(bundle, 'pki', 'lint', '-', '--json')
    expect(code).toBe(0)
    expect(JSON.parse(out)).toMatchObject({
      ok: true,
      certificates: [
        { certificate: 'standard input#1', role: 'PAI', ok: true },
        { certificate: 'standard input#2', role: 'PAA', ok: true },
      ],
    })
  })

  it.each([
    [
      'the wrong PAI',
      [dac, '--pai', vectors('pem/Chip-Test-PAI-FFF1-8000-Cert.pem')],
      ['LINT-05', 'LINT-12', 'LINT-15'],
    ],
    ['another order', [dac, '--vid', '0xFFF2', '--pid', '0x8004'], ['LINT-07']],
    ['another role', [pai, '--role', 'DAC'], ['LINT-06', 'LINT-09', 'LINT-10']],
    ['a root under a root', [pai, '--role', 'PAA'], ['LINT-45', 'LINT-49', 'LINT-52', 'LINT-55']],
  ])('finds %s', async (_, args, rules) => {
    const { code, out } = await keyline('pki', 'lint', ...args)
    expect(code).toBe(1)
    for (const rule of rules) expect(out).toContain(`  ${rule} error `)
  })

  it('gives the rule of the parser for octets that are no certificate', async () => {
    const path = inFolder('broken.der')
    const der = await readFile(dac)
    await writeFile(path, der.subarray(0, 100))
    const { code, out } = await keyline('pki', 'lint', path)
    expect({ code, out }).toMatchObject({ code: 1, out: expect.stringContaining('LINT-01') })
  })
})

describe('pki cd', () => {
  const fields = ['--vid', '0xFFF1', '--pid', '0x8004', '--device-type', '0x0100']
  const id = ['--certificate-id', 'ZIG0000000000000000']

  it('makes a declaration and a signer, which only those believe who know it', async () => {
    const signer = inFolder('signer')
    const cd = inFolder('cd.der')
    const made = await keyline(
      'pki',
      'cd',
      'make',
      ...fields,
      ...id,
      '--new-signer',
      signer,
      '--out',
      cd,
      '--passphrase-file',
      passphraseFile,
    )
    expect(made).toMatchObject({ code: 0, out: '' })
    const key = join(signer, 'cd-signer.key.pem')
    expect((await stat(key)).mode & 0o777).toBe(0o600)
    expect(await readFile(key, 'utf8')).toContain('ENCRYPTED PRIVATE KEY')
    const certificate = join(signer, 'cd-signer.cert.pem')
    expect(await keyline('pki', 'cd', 'show', cd, '--cd-signer', certificate)).toMatchObject({
      code: 0,
      out: expect.stringContaining('a commissioner accepts it'),
    })
    const unknown = await keyline('pki', 'cd', 'show', cd)
    expect(unknown).toMatchObject({ code: 1, out: expect.stringContaining('ATT-17 error') })

    const kept = await readFile(key, 'utf8')
    const again = await keyline(
      'pki',
      'cd',
      'make',
      ...fields,
      ...id,
      '--new-signer',
      signer,
      '--passphrase-file',
      passphraseFile,
    )
    expect(again).toMatchObject({ code: 2, err: expect.stringContaining('CLI_EXISTS') })
    expect(await readFile(key, 'utf8')).toBe(kept)
  })

  const published = [
    '--signer-key',
    vectors('pem/Chip-Test-CD-Signing-Key.pem'),
    '--signer-cert',
    vectors('pem/Chip-Test-CD-Signing-Cert.pem'),
  ]

  it('signs with a key that is given, from the fields that show writes', async () => {
    const options = ['--type', 'provisional', '--dac-origin', '0xFFF2:0x8005', '--authorized-paa']
    const first = await keyline(
      'pki',
      'cd',
      'make',
      ...fields,
      '--pid',
      '0x8005',
      ...id,
      ...options,
      'AB'.repeat(20),
      ...published,
    )
    expect(first.code).toBe(0)
    const shown = await withInput(first.out, 'pki', 'cd', 'show', '-', '--json')
    expect(shown.code).toBe(0)
    const answer: { readonly declaration: unknown } = JSON.parse(shown.out)
    expect(answer).toMatchObject({
      ok: true,
      signer: { name: 'Matter Test CD Signing Authority', trust: 'test' },
      declaration: {
        vendorId: '0xFFF1',
        productIds: ['0x8004', '0x8005'],
        certificationType: 1,
        dacOrigin: { vendorId: '0xFFF2', productId: '0x8005' },
        authorizedPaas: ['AB'.repeat(20)],
      },
    })
    const file = inFolder('fields.json')
    await writeFile(file, JSON.stringify(answer.declaration))
    const second = await keyline('pki', 'cd', 'make', '--fields', file, ...published)
    const copy = inFolder('copy.hex')
    await writeFile(copy, second.out)
    const again = await keyline('pki', 'cd', 'show', copy, '--json')
    expect(JSON.parse(again.out)).toMatchObject({ declaration: answer.declaration })
  })

  it.each([
    ['an official type under the test key', [...fields, ...id, '--type', 'official'], 'ATT-17'],
    ['a certificate id of 3 characters', [...fields, '--certificate-id', 'abc'], 'ATT-19'],
  ])('makes nothing with %s', async (_, args, rule) => {
    const { code, out, err } = await keyline('pki', 'cd', 'make', ...args, ...published)
    expect({ code, out }).toEqual({ code: 1, out: '' })
    expect(err).toContain(`${rule} error`)
  })

  it.each([
    ['no signer', [...fields, ...id], 'CLI_USAGE', '--signer-key'],
    ['a missing member', ['--vid', '1', ...published], 'CLI_INPUT', 'productIds is missing'],
    [
      'a number too large',
      [...fields, ...id, '--version-number', '65536', ...published],
      'CLI_INPUT',
      'versionNumber',
    ],
    [
      'a key of another',
      [
        ...fields,
        ...id,
        '--signer-key',
        vectors('pem/Chip-Test-PAA-FFF1-Key.pem'),
        '--signer-cert',
        vectors('pem/Chip-Test-CD-Signing-Cert.pem'),
      ],
      'CLI_INPUT',
      'is not the key of',
    ],
  ])('ends with 2 for %s', async (_, args, errorCode, text) => {
    const { code, out, err } = await keyline('pki', 'cd', 'make', ...args)
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(err).toContain(`keyline: ${errorCode}: `)
    expect(err).toContain(text)
  })

  it('tells every violation of an envelope, and shows what can be read', async () => {
    const { vectors: cases }: { readonly vectors: readonly Readonly<Record<string, unknown>>[] } =
      JSON.parse(await readFile(vectors('cd/certification-declarations.json'), 'utf8'))
    const outcomes = await Promise.all(
      cases.map(async ({ cms, valid }, index) => {
        const path = inFolder(`cd-${index}.hex`)
        await writeFile(path, String(cms))
        const { code, out } = await keyline('pki', 'cd', 'show', path, '--json')
        expect(code === 0 || code === 1).toBe(true)
        const { findings }: { readonly findings: readonly { readonly rule: string }[] } =
          JSON.parse(out)
        expect(findings.length > 0).toBe(code === 1)
        return { valid, findings: findings.length }
      }),
    )
    expect(outcomes.length).toBeGreaterThan(10)
    expect(outcomes.some(({ findings }) => findings === 0)).toBe(true)
    expect(outcomes.some(({ findings }) => findings > 0)).toBe(true)
  })
})
