import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { encodeUtf8, Secret, systemRandom } from '@keyline/bytes'
import { pemEncode } from '@keyline/x509'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { pkiFiles } from '../pki/pki-files.ts'
import { csrOf, testLine, testPki, type TestLine } from '../testing/test-line.ts'

const folder = mkdtempSync(join(tmpdir(), 'keyline-issuer-'))
const openssl = (...args: readonly string[]): string =>
  execFileSync('openssl', args, { cwd: folder, encoding: 'utf8', stdio: 'pipe' })
const store = (file: string, content: string): void => writeFileSync(join(folder, file), content)
const storeCertificate = (file: string, der: Uint8Array): void =>
  store(file, pemEncode('CERTIFICATE', der))

let line: TestLine

beforeAll(async () => {
  line = await testLine()
  const { dac, pai, paa } = await line.issuer.issue({
    orderId: 'O-1',
    unitId: 'U-1',
    idempotencyKey: 'K-1',
    csr: await csrOf(),
  })
  storeCertificate('dac.pem', dac)
  storeCertificate('pai.pem', pai)
  storeCertificate('paa.pem', paa)
})

afterAll(() => rmSync(folder, { recursive: true }))

describe('openssl', () => {
  const at = ['-attime', String(Date.UTC(2026, 5, 2) / 1000), '-x509_strict']

  it('verifies the chain of an issued certificate', () => {
    const result = openssl(
      'verify',
      ...at,
      '-CAfile',
      'paa.pem',
      '-untrusted',
      'pai.pem',
      'dac.pem',
    )
    expect(result).toBe('dac.pem: OK\n')
  })

  it('does not verify it under another PAA of the same name', async () => {
    const other = await testPki({ random: systemRandom })
    storeCertificate('other.pem', other.paa.certificate)
    expect(() =>
      openssl('verify', ...at, '-CAfile', 'other.pem', '-untrusted', 'pai.pem', 'dac.pem'),
    ).toThrow(/error/)
  })

  it('reads the certificate as it was meant', () => {
    const text = openssl('x509', '-in', 'dac.pem', '-noout', '-text')
    for (const meant of [
      'Version: 3 (0x2)',
      'Signature Algorithm: ecdsa-with-SHA256',
      'Issuer: CN = Keyline PAI FFF1, 1.3.6.1.4.1.37244.2.1 = FFF1',
      'Subject: CN = Matter DAC SN-0001, 1.3.6.1.4.1.37244.2.1 = FFF1, 1.3.6.1.4.1.37244.2.2 = 8004',
      'Not Before: Jun  1 00:00:00 2026 GMT',
      'Not After : Dec 31 23:59:59 9999 GMT',
      'CA:FALSE',
      'Digital Signature',
    ]) {
      expect(text).toContain(meant)
    }
  })

  it('gets a certificate for the request that it made itself', async () => {
    openssl('ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', 'board.pem')
    openssl(
      'req',
      '-new',
      '-key',
      'board.pem',
      '-subj',
      '/CN=board',
      '-outform',
      'DER',
      '-out',
      'board.csr',
    )
    const csr = Uint8Array.from(readFileSync(join(folder, 'board.csr')))
    const asked = { orderId: 'O-1', unitId: 'U-2', idempotencyKey: 'K-2', csr }
    storeCertificate('board.cert.pem', (await line.issuer.issue(asked)).dac)
    expect(openssl('x509', '-in', 'board.cert.pem', '-noout', '-pubkey')).toBe(
      openssl('pkey', '-in', 'board.pem', '-pubout'),
    )
  })

  it('opens the key of the PAI with the passphrase and finds the key of the certificate', async () => {
    const passphrase = new Secret(encodeUtf8('passphrase'))
    const files = await pkiFiles({
      pki: line.pki,
      passphrase,
      random: systemRandom,
      iterations: 1000,
    })
    for (const { name, content } of files) store(name, content)
    store('passphrase', 'passphrase')
    const key = ['pkey', '-in', 'pai.key.pem', '-passin', 'file:passphrase', '-pubout']
    expect(openssl(...key)).toBe(openssl('x509', '-in', 'pai.cert.pem', '-noout', '-pubkey'))
  })
})
