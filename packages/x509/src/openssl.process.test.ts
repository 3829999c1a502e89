import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { encodeUtf8, fromHex, Secret, toHex } from '@keyline/bytes'
import { generateP256, keyPairSigner, p256FromEncoded } from '@keyline/crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { requireProgram } from '../../../test/support/program.ts'
import {
  authorityKeyIdentifier,
  basicConstraints,
  buildCertificate,
  buildRequest,
  buildSignedData,
  encryptPkcs8,
  isSelfSigned,
  isSignedBy,
  keyIdentifier,
  keyUsage,
  name,
  noExpiry,
  Oid,
  parseCertificate,
  parseRequest,
  parseSignedData,
  pemDecode,
  pemEncode,
  readBasicConstraints,
  readKeyUsage,
  subjectKeyIdentifier,
  verifyEcdsa,
} from './index.ts'

let folder = ''

beforeAll(() => {
  requireProgram({ command: 'openssl', debianPackage: 'openssl' })
  folder = mkdtempSync(join(tmpdir(), 'keyline-x509-'))
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

function openssl(...args: readonly string[]): string {
  return execFileSync('openssl', args, { cwd: folder, encoding: 'utf8', stdio: 'pipe' })
}

function write(file: string, content: string | Uint8Array): void {
  writeFileSync(join(folder, file), content)
}

const root = generateP256()
const leaf = generateP256()
const rootName = name([{ type: Oid.commonName, value: 'Root Ä' }])
const rootKeyId = keyIdentifier(root.publicKey.point)
const always = { notBefore: new Date('2021-06-28T14:23:43Z'), notAfter: noExpiry }

const rootCertificate = (): Promise<Uint8Array> =>
  buildCertificate({
    ...always,
    serialNumber: fromHex('01'),
    issuer: rootName,
    subject: rootName,
    publicKey: root.publicKey,
    extensions: [
      basicConstraints({ ca: true, pathLength: 1 }),
      keyUsage(['keyCertSign', 'cRLSign']),
      subjectKeyIdentifier(rootKeyId),
      authorityKeyIdentifier(rootKeyId),
    ],
    signer: keyPairSigner(root),
  })

describe('OpenSSL', () => {
  it('verifies a chain that we built', async () => {
    const certificate = await buildCertificate({
      ...always,
      serialNumber: fromHex('00ff'),
      issuer: rootName,
      subject: name([{ type: Oid.commonName, value: 'Leaf' }]),
      publicKey: leaf.publicKey,
      extensions: [
        basicConstraints({ ca: false }),
        keyUsage(['digitalSignature']),
        subjectKeyIdentifier(keyIdentifier(leaf.publicKey.point)),
        authorityKeyIdentifier(rootKeyId),
      ],
      signer: keyPairSigner(root),
    })
    write('root.pem', pemEncode('CERTIFICATE', await rootCertificate()))
    write('leaf.pem', pemEncode('CERTIFICATE', certificate))
    const verdict = openssl('verify', '-x509_strict', '-CAfile', 'root.pem', 'leaf.pem')
    expect(verdict.trim()).toBe('leaf.pem: OK')
    expect(openssl('x509', '-in', 'leaf.pem', '-noout', '-serial').trim()).toBe('serial=FF')
  })

  it.each([
    ['2049-12-31T23:59:59Z', 'UTCTIME           :491231235959Z'],
    ['2050-01-01T00:00:00Z', 'GENERALIZEDTIME   :20500101000000Z'],
    ['9999-12-31T23:59:59Z', 'GENERALIZEDTIME   :99991231235959Z'],
    ['2048-02-29T00:00:00Z', 'UTCTIME           :480229000000Z'],
    ['2096-02-29T12:34:56Z', 'GENERALIZEDTIME   :20960229123456Z'],
    ['2016-12-31T23:59:59Z', 'UTCTIME           :161231235959Z'],
    ['1970-01-01T00:00:00Z', 'UTCTIME           :700101000000Z'],
  ])('reads the end %s that we wrote', async (iso, shown) => {
    const der = await buildCertificate({
      serialNumber: fromHex('05'),
      issuer: rootName,
      subject: rootName,
      notBefore: new Date('1950-01-01T00:00:00Z'),
      notAfter: new Date(iso),
      publicKey: leaf.publicKey,
      extensions: [],
      signer: keyPairSigner(root),
    })
    write('time.der', der)
    expect(openssl('asn1parse', '-inform', 'DER', '-in', 'time.der')).toContain(shown)
    const options = ['-noout', '-enddate', '-dateopt', 'iso_8601']
    const end = openssl('x509', '-inform', 'DER', '-in', 'time.der', ...options).trim()
    expect(end).toBe(`notAfter=${iso.replace('T', ' ')}`)
  })

  it('verifies a request that we built', async () => {
    const subject = name([{ type: Oid.commonName, value: 'Device' }])
    write('ours.csr', await buildRequest({ subject, keyPair: leaf }))
    const text = openssl(
      'req',
      '-inform',
      'DER',
      '-in',
      'ours.csr',
      '-verify',
      '-noout',
      '-subject',
    )
    expect(text).toContain('Device')
  })

  it('makes requests and certificates that we read', () => {
    const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-sha256']
    openssl(
      'req',
      ...newKey,
      '-keyout',
      'k.pem',
      '-subj',
      '/O=ACME/CN=x',
      '-outform',
      'DER',
      '-out',
      'r.der',
    )
    const request = parseRequest(Uint8Array.from(readFileSync(join(folder, 'r.der'))))
    expect(isSelfSigned(request)).toBe(true)
    const usage = ['-addext', 'keyUsage=critical,digitalSignature']
    openssl(
      'req',
      '-x509',
      '-key',
      'k.pem',
      '-sha256',
      '-days',
      '30',
      '-subj',
      '/CN=x',
      ...usage,
      '-out',
      'c.pem',
    )
    const pem = readFileSync(join(folder, 'c.pem'), 'utf8')
    const certificate = parseCertificate(pemDecode(pem, 'CERTIFICATE'))
    const key = p256FromEncoded({ octets: readFileSync(join(folder, 'k.pem')) })
    expect(toHex(request.publicPoint ?? Uint8Array.of())).toBe(toHex(key.publicKey.point))
    expect(isSignedBy(certificate, key.publicKey)).toBe(true)
    const valueOf = (oid: string): Uint8Array =>
      certificate.extensions.find((extension) => extension.oid === oid)?.value ?? Uint8Array.of()
    expect(readKeyUsage(valueOf(Oid.keyUsage))).toEqual(['digitalSignature'])
    expect(readBasicConstraints(valueOf(Oid.basicConstraints)).ca).toBe(true)
  })

  it('verifies signed data that we built, and makes some that we read', async () => {
    const content = encodeUtf8('certified')
    write('root.pem', pemEncode('CERTIFICATE', await rootCertificate()))
    write('root.key', root.handle.export({ format: 'pem', type: 'pkcs8' }).toString())
    write('content', content)
    write(
      'ours.p7',
      await buildSignedData({ content, keyId: rootKeyId, signer: keyPairSigner(root) }),
    )
    const from = [
      '-inform',
      'DER',
      '-in',
      'ours.p7',
      '-certfile',
      'root.pem',
      '-noverify',
      '-binary',
    ]
    expect(openssl('cms', '-verify', ...from)).toBe('certified')

    const signer = ['-signer', 'root.pem', '-inkey', 'root.key', '-keyid', '-noattr', '-nocerts']
    const to = ['-nodetach', '-binary', '-md', 'sha256', '-outform', 'DER', '-out', 'theirs.p7']
    openssl('cms', '-sign', '-in', 'content', ...signer, ...to)
    const theirs = parseSignedData(Uint8Array.from(readFileSync(join(folder, 'theirs.p7'))))
    expect(theirs.content).toEqual(content)
    const [{ sid, signature } = {}] = theirs.signers
    expect(sid?.content).toEqual(rootKeyId)
    const { publicKey } = root
    expect(signature !== undefined && verifyEcdsa({ publicKey, message: content, signature })).toBe(
      true,
    )
  })

  it('opens a key that we encrypted', async () => {
    const passphrase = new Secret(encodeUtf8('correct horse'))
    write('key.pem', await encryptPkcs8(root, passphrase))
    write('pass', 'correct horse')
    const text = openssl(
      'pkey',
      '-in',
      'key.pem',
      '-passin',
      'file:pass',
      '-pubout',
      '-outform',
      'PEM',
    )
    const spki = root.publicKey.handle.export({ format: 'der', type: 'spki' })
    expect(toHex(pemDecode(text, 'PUBLIC KEY'))).toBe(toHex(spki))
    const parsed = openssl('asn1parse', '-in', 'key.pem')
    expect(parsed).toContain('PBES2')
    expect(parsed).toContain('hmacWithSHA256')
    expect(parsed).toContain('aes-256-cbc')
    expect(parsed).toContain(
      `INTEGER           :${(600_000).toString(16).toUpperCase().padStart(6, '0')}`,
    )
  })
})
