import { spawnSync } from 'node:child_process'
import { cp, mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Secret, systemClock, systemRandom, toHex } from '@keyline/bytes'
import { generateP256, keyPairSigner, sha256 } from '@keyline/crypto'
import { createLocalIssuer, openFileSigner } from '@keyline/issuer'
import { openLedger, type Ledger } from '@keyline/ledger'
import { buildRequest, name, parseCertificate, pemDecode, pemEncode } from '@keyline/x509'
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sampleOrder, Samples, storeKey } from '../ledger/support/sample.ts'
import { temporaryFolder } from '../support/line.ts'
import { requireProgram } from '../support/program.ts'
import { keyline, stackTrace } from './support/keyline.ts'
import { passphrase, writePassphrase, writeTestPki } from './support/pki.ts'

let folder: Awaited<ReturnType<typeof temporaryFolder>>
let passphraseFile: string
const inFolder = (...names: readonly string[]): string => join(folder.path, ...names)
const home = (): readonly string[] => ['--home', inFolder('home')]

const openHomeLedger = (checkpoints?: { readonly folder: string }): Promise<Ledger> =>
  openLedger({
    database: { kind: 'sqlite', file: inFolder('home', 'ledger.db') },
    storeKey: storeKey(),
    clock: systemClock,
    random: systemRandom,
    actor: 'test',
    checkpoints,
  })

beforeAll(async () => {
  requireProgram({ command: 'openssl', debianPackage: 'openssl' })
  folder = await temporaryFolder('keyline-revocation')
  passphraseFile = await writePassphrase(folder.path)
  await mkdir(inFolder('home', 'journal'), { recursive: true })
  const key = storeKey()
  await writeFile(inFolder('home', 'store.key'), `${toHex(key.reveal())}\n`, { mode: 0o600 })
  await writeTestPki(inFolder('home', 'pki'))
  await issueTwo()
})
afterAll(() => folder[Symbol.asyncDispose]())

/** Two device certificates under an order, in the ledger and as files. */
async function issueTwo(): Promise<void> {
  const read = (file: string): string => readFileSync(inFolder('home', 'pki', file), 'utf8')
  const certificate = (file: string): Uint8Array => pemDecode(read(file), 'CERTIFICATE')
  await using ledger = await openHomeLedger({ folder: inFolder('home', 'checkpoint') })
  await ledger.createOrder(sampleOrder())
  const samples = new Samples('revocation')
  const issuer = await createLocalIssuer({
    store: ledger,
    signer: openFileSigner({
      pem: read('pai.key.pem'),
      passphrase: new Secret(new TextEncoder().encode(passphrase)),
    }),
    pai: certificate('pai.cert.pem'),
    paa: certificate('paa.cert.pem'),
    clock: systemClock,
    random: systemRandom,
  })
  for (const file of ['one.pem', 'two.pem']) {
    const reserved = await ledger.reserve('order-1', samples.draw)
    const csr = await buildRequest({
      subject: name([]),
      signer: keyPairSigner(generateP256()),
    })
    const { dac } = await issuer.issue({
      orderId: 'order-1',
      unitId: reserved?.unit.id ?? '',
      idempotencyKey: file,
      csr,
    })
    await writeFile(inFolder(file), pemEncode('CERTIFICATE', dac))
  }
}

function openssl(...args: readonly string[]): { readonly code: number | null; text: string } {
  const { status, stdout, stderr } = spawnSync('openssl', args, {
    cwd: folder.path,
    encoding: 'utf8',
  })
  return { code: status, text: `${stdout}${stderr}`.replaceAll(/\s+/g, ' ') }
}

const serialOf = (file: string): string =>
  toHex(
    parseCertificate(pemDecode(readFileSync(inFolder(file), 'utf8'), 'CERTIFICATE')).serialNumber,
  )

function crl(...args: readonly string[]) {
  return keyline('pki', 'crl', ...home(), '--passphrase-file', passphraseFile, ...args)
}

function point(...args: readonly string[]) {
  return keyline('pki', 'dcl-point', ...home(), '--label', 'line', ...args)
}

/** With the lists that are in the folder. */
function verify(file: string) {
  const trust = ['-CAfile', 'home/pki/paa.cert.pem', '-untrusted', 'home/pki/pai.cert.pem']
  const lists = ['-CRLfile', 'pai.crl.pem', '-CRLfile', 'paa.crl.pem']
  return openssl('verify', '-crl_check', ...trust, ...lists, file)
}

describe('a certificate that is revoked', () => {
  it('stands in the list that OpenSSL reads, and OpenSSL refuses it by that list', async () => {
    const revoked = await keyline(
      'pki',
      'revoke',
      inFolder('one.pem'),
      '--reason',
      'keyCompromise',
      ...home(),
    )
    expect(revoked).toMatchObject({ code: 0, err: '' })
    expect(revoked.out).toContain(serialOf('one.pem'))
    const made = await crl('--out', inFolder('pai.crl.pem'), '--format', 'pem', '--json')
    expect(made).toMatchObject({ code: 0, err: '' })
    expect(JSON.parse(made.out)).toMatchObject({ number: 1, count: 1 })
    const paa = await crl('--role', 'paa', '--out', inFolder('paa.crl.pem'), '--format', 'pem')
    expect(paa).toMatchObject({ code: 0, err: '' })

    const text = openssl(
      'crl',
      '-in',
      'pai.crl.pem',
      '-noout',
      '-text',
      '-CAfile',
      'home/pki/pai.cert.pem',
    )
    expect(text.text).toContain('verify OK')
    expect(text.text).toContain('X509v3 CRL Number: 1')
    expect(text.text).toContain(
      `Serial Number: ${serialOf('one.pem').replace(/^00/, '').toUpperCase()}`,
    )
    expect(text.text).toContain('Key Compromise')

    expect(verify('two.pem').text).toContain('two.pem: OK')
    const refused = verify('one.pem')
    expect(refused.code).not.toBe(0)
    expect(refused.text).toContain('certificate revoked')
  })

  it('is named by its SHA-256, too, and keeps its first reason', async () => {
    const der = pemDecode(readFileSync(inFolder('one.pem'), 'utf8'), 'CERTIFICATE')
    const hash = toHex(sha256(der))
    const again = await keyline(
      'pki',
      'revoke',
      hash,
      '--reason',
      'superseded',
      '--json',
      ...home(),
    )
    expect(JSON.parse(again.out)).toMatchObject({ reason: 'keyCompromise', place: 1 })
    const unknown = await keyline(
      'pki',
      'revoke',
      '0'.repeat(64),
      '--reason',
      'superseded',
      ...home(),
    )
    expect(unknown.code).not.toBe(0)
    expect(unknown.err).toContain('LEDGER_CERTIFICATE_UNKNOWN')
    expect(unknown.err).not.toMatch(stackTrace)
  })

  it('is known off-line by the set that the SDK reads', async () => {
    const set = inFolder('set.json')
    expect(await keyline('pki', 'revocation-set', 'export', ...home(), '--out', set)).toMatchObject(
      {
        code: 0,
        err: '',
      },
    )
    const entries = JSON.parse(readFileSync(set, 'utf8'))
    expect(entries).toHaveLength(2)
    expect(entries[0]).toMatchObject({
      type: 'revocation_set',
      revoked_serial_numbers: [serialOf('one.pem').replace(/^00/, '').toUpperCase()],
    })
    const pai = ['--pai', inFolder('home', 'pki', 'pai.cert.pem')]
    const check = (file: string, ...args: readonly string[]) =>
      keyline('pki', 'revocation-set', 'check', inFolder(file), ...pai, ...args)
    expect(await check('one.pem', '--set', set)).toMatchObject({
      code: 1,
      out: 'DAC  revoked\nPAI  not revoked\n',
    })
    expect(await check('two.pem', ...home())).toMatchObject({
      code: 0,
      out: 'DAC  not revoked\nPAI  not revoked\n',
    })
  })

  it('may be the PAI, in the name of its PAA', async () => {
    const pai = inFolder('home', 'pki', 'pai.cert.pem')
    const revoked = await keyline('pki', 'revoke', pai, '--reason', 'cACompromise', ...home())
    expect(revoked).toMatchObject({ code: 0, err: '' })
    expect(await crl('--role', 'paa')).toMatchObject({ code: 0 })
    const args = [inFolder('two.pem'), '--pai', pai, '--json', ...home()]
    const checked = await keyline('pki', 'revocation-set', 'check', ...args)
    expect(JSON.parse(checked.out)).toMatchObject({ sdkResult: 'kPaiRevoked' })
  })

  it('is published at a point that the ledger of the alliance takes', async () => {
    const good = await point('--url', 'https://example.com/pai.crl')
    expect(good).toMatchObject({ code: 0, err: '' })
    expect(JSON.parse(good.out)).toMatchObject({ vid: 0xfff1, isPAA: false, revocationType: 1 })
    const bad = await point('--url', 'ftp://example.com/pai.crl', '--vid', '0xFFF2')
    expect(bad.code).toBe(1)
    expect(bad.err).toContain('REV-11')
    expect(bad.err).toContain('REV-14')
  })

  it('needs a signer that may sign lists', async () => {
    const half = await crl('--signer-cert', inFolder('one.pem'))
    expect(half).toMatchObject({ code: 2 })
    const keyFile = inFolder('signer.key.pem')
    const made = openssl('ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', keyFile)
    expect(made.code).toBe(0)
    const wrong = await crl('--signer-cert', inFolder('one.pem'), '--signer-key', keyFile)
    expect(wrong.code).not.toBe(0)
    for (const rule of ['REV-05', 'REV-07']) expect(wrong.err).toContain(rule)
    expect(wrong.err).not.toMatch(stackTrace)
  })
})

describe('a ledger that was restored', () => {
  it('is reconciled by a command, and says what was burnt', async () => {
    const database = inFolder('home', 'ledger.db')
    expect(await keyline('ledger', 'reconcile', ...home())).toMatchObject({
      code: 0,
      out: expect.stringContaining('nothing was changed'),
    })
    await cp(database, inFolder('backup.db'))
    {
      await using ledger = await openHomeLedger({ folder: inFolder('home', 'checkpoint') })
      await ledger.reserve('order-1', new Samples('after the backup').draw)
    }
    for (const end of ['', '-wal', '-shm']) await rm(`${database}${end}`, { force: true })
    await cp(inFolder('backup.db'), database)
    const refused = await crl()
    expect(refused.err).toContain('LEDGER_RESTORED')
    expect(refused.err).toContain('keyline ledger reconcile')
    const done = await keyline('ledger', 'reconcile', ...home())
    expect(done).toMatchObject({ code: 0, err: '' })
    expect(done.out).toContain('Epoch 2 begins')
    expect(done.out).toContain('order order-1')
    expect(await crl()).toMatchObject({ code: 0 })
  })
})
